// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>

#include <array>
#include <cstdint>

namespace sedge::dist {

/// MD5 (RFC 1321) of `first` followed by `second`, for the handshake, which asks for it; for nothing else. A core.
///
/// Its own few lines, because all of OpenSSL is set up when its MD5 is first used, and 1.9 MB more of it are resident
/// from then on. See docs/decisions/0027-small-footprint.md.
[[nodiscard]] std::array<std::uint8_t, 16> md5(byte_view first, byte_view second = {}) noexcept;

} // namespace sedge::dist
