// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/result.hpp>

#include <optional>
#include <span>

namespace sedge::dist {

/// Cuts what a stream gives into packets, in place: a 32-bit length and that many bytes. A core.
///
/// Memory follows the bytes that have come, never the length that was announced.
class packet_buffer {
public:
    explicit packet_buffer(std::size_t packet_bytes_max) noexcept : packet_bytes_max_(packet_bytes_max) {}

    /// Where to read into; never empty. What `next` gave before is no longer valid.
    [[nodiscard]] std::span<std::uint8_t> room();
    /// That many bytes of `room` were filled.
    void filled(std::size_t count) noexcept { end_ += count; }
    void append(byte_view bytes);

    /// The next complete packet, without its length; nothing if more bytes are needed.
    /// Errors: errc::limit_exceeded for a packet that is too long; nothing more can be read then.
    [[nodiscard]] result<std::optional<byte_view>> next();

private:
    byte_buffer bytes_;
    std::size_t begin_ = 0; // of what has not been given out
    std::size_t end_ = 0;   // of what has been filled
    std::size_t packet_bytes_max_;
};

} // namespace sedge::dist
