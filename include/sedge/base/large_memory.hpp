// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace sedge {

/// Tells the system that memory just allocated will be filled with one large thing. From 4 MiB on it is then asked for
/// in large pages where the system has them (Linux: 2 MiB in place of 4 KiB), so that the first touch of 200 MB is a
/// hundred interruptions and not fifty thousand. Changes nothing else; a refusal is ignored.
void expect_large(void* memory, std::size_t bytes) noexcept;

} // namespace sedge
