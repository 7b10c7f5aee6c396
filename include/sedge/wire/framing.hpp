// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/result.hpp>

#include <memory>
#include <optional>
#include <span>

namespace sedge::wire {

/// Width of the length in front of a frame, big endian: 2 bytes in the handshake, 4 after it.
enum class frame_width : std::uint8_t { two = 2, four = 4 };

/// Cuts a byte stream into length-prefixed frames, in place. A core: it reads nothing itself.
///
///     auto space = frames.prepare();
///     auto step = stream.try_read(space);
///     frames.commit(step.count);
///     for (;;) {
///         auto frame = frames.next();
///         if (!frame) ...                    // a frame beyond the limit: end the connection
///         if (!*frame) break;                // more bytes are needed
///         use(**frame);
///     }
///
/// Width and limit hold for the frames not yet taken and may be changed between two `next`, since the handshake goes
/// over from one width to the other in the middle of bytes that were read together.
///
/// Memory follows what has arrived, not what a length claims: the buffer never grows beyond twice the bytes it holds
/// plus `spare_bytes`, and gives the memory of a large frame back when the next bytes are read.
class frame_reader {
public:
    static constexpr std::size_t spare_bytes = 68 * 1024; ///< Room for one read, and for a part of a message (64 KiB).

    frame_reader(frame_width width, std::size_t frame_bytes_max) noexcept
        : width_(width), frame_bytes_max_(frame_bytes_max) {}

    /// Space to read into, never empty. Invalidates frames given out before.
    std::span<std::uint8_t> prepare();
    /// The first `count` bytes of the space last prepared have been filled.
    void commit(std::size_t count) noexcept;

    /// Takes the next whole frame into `frame` if it is there and within the limit; else `next` says what is the case.
    bool take(byte_view& frame) noexcept {
        if (width_ != frame_width::four || buffered() < 4) return false;
        const std::uint8_t* const at = buffer_.get() + begin_;
        const std::size_t length =
            std::size_t{at[0]} << 24 | std::size_t{at[1]} << 16 | std::size_t{at[2]} << 8 | at[3];
        if (length > buffered() - 4 || length > frame_bytes_max_) return false;
        frame = {at + 4, length};
        begin_ += 4 + length;
        return true;
    }
    /// The next whole frame without its length, or nothing if bytes are missing. The view holds until `prepare`.
    /// Errors: errc::limit_exceeded for a length beyond the limit; again at each further call.
    result<std::optional<byte_view>> next();

    /// The beginning, without its length, of a frame that is not all there, and the size of the whole; nothing if its
    /// length is missing or beyond the limit.
    struct beginning {
        byte_view bytes;
        std::size_t whole = 0;
    };
    [[nodiscard]] std::optional<beginning> begun() const noexcept;
    /// What `begun` gave was taken; the rest of that frame comes on another way, and the next bytes are a new frame.
    void take_begun() noexcept { begin_ = end_; }

    void set_width(frame_width width) noexcept { width_ = width; }
    void set_limit(std::size_t frame_bytes_max) noexcept { frame_bytes_max_ = frame_bytes_max; }

    /// Bytes that have arrived and were not taken as frames.
    [[nodiscard]] std::size_t buffered() const noexcept { return end_ - begin_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

private:
    /// The whole size, length included, of the frame that begins at `begin_`; 0 if its length is not there yet.
    [[nodiscard]] std::size_t claimed() const noexcept;
    void move_to(std::size_t capacity);

    frame_width width_;
    std::size_t frame_bytes_max_;
    std::unique_ptr<std::uint8_t[]> buffer_; // not a vector: reading fills it, zeroing it first would be waste
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace sedge::wire
