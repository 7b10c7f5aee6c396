// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>

namespace sedge::etf {

/// Memory of large terms that are no more, for the next ones: each thread keeps two buffers of at most 2 MiB, and one
/// of at most 256 MiB for a while (sedge/term/spare_memory.hpp). Pages that the program has had cost nothing; those
/// that it gets anew cost more than all else that is done with a megabyte.

/// A buffer with room for `bytes` and not much more, or for all of the `announced` bytes of a message and at most a
/// quarter more; without any room if there is none. It holds what it held: its size says how much of it was written to
/// before, and need not be cleared before it is written to again.
[[nodiscard]] byte_buffer spare_buffer(std::size_t bytes, std::size_t announced) noexcept;
void keep_spare(byte_buffer&& buffer) noexcept;

} // namespace sedge::etf
