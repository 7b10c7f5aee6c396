// SPDX-License-Identifier: Apache-2.0
//
// Frames of the distribution protocol (13.2, 13.3): length:16 or length:32, then that many bytes. A frame of length
// zero is a whole frame; after the handshake it is the tick.
//
// Bytes are read behind those that are there already. When the space at the end runs out, what is left is moved to the
// front, into a larger buffer if it must be. The buffer grows by doubling while a large frame arrives, but not beyond
// that frame, so that a frame of n bytes costs fewer than 2n bytes of copying and never more than 2n of memory; and a
// peer that claims 64 MiB and sends ten bytes has cost us nothing.
#include <sedge/wire/framing.hpp>

#include <sedge/base/assert.hpp>

#include <algorithm>
#include <cstring>

namespace sedge::wire {

namespace {
constexpr std::size_t read_bytes_min = 4096; // less than this is not worth a system call
}

std::size_t frame_reader::claimed() const noexcept {
    const auto width = static_cast<std::size_t>(width_);
    if (buffered() < width) return 0;
    std::size_t length = 0;
    for (std::size_t i = 0; i < width; ++i) length = length << 8 | buffer_[begin_ + i];
    return width + length;
}

void frame_reader::move_to(std::size_t capacity) {
    const std::size_t held = buffered();
    if (capacity == capacity_) {
        if (held > 0) std::memmove(buffer_.get(), buffer_.get() + begin_, held);
    } else {
        std::unique_ptr<std::uint8_t[]> larger{new std::uint8_t[capacity]};
        if (held > 0) std::copy_n(buffer_.get() + begin_, held, larger.get());
        buffer_ = std::move(larger);
        capacity_ = capacity;
    }
    begin_ = 0;
    end_ = held;
}

std::span<std::uint8_t> frame_reader::prepare() {
    const std::size_t held = buffered();
    // A length beyond the limit gets no space: `next` refuses it.
    const std::size_t whole = std::min(claimed(), frame_bytes_max_ + static_cast<std::size_t>(width_));
    if (whole > spare_bytes && whole > held) {
        // A large frame has its own space: nothing behind it is read with it, so that nothing need be moved after it.
        if (begin_ + whole > capacity_ && capacity_ - end_ < read_bytes_min)
            move_to(whole <= capacity_ ? capacity_ : std::min(whole, 2 * held + spare_bytes));
        return {buffer_.get() + end_, std::min(capacity_, begin_ + whole) - end_};
    }
    const bool oversized = capacity_ > spare_bytes && held <= spare_bytes - read_bytes_min; // after a large frame
    if (capacity_ == 0 || oversized) {
        move_to(spare_bytes);
    } else if (held == 0) {
        begin_ = end_ = 0;
    } else if (capacity_ - end_ < read_bytes_min) {
        move_to(capacity_ - held < read_bytes_min ? held + spare_bytes : capacity_);
    }
    return {buffer_.get() + end_, capacity_ - end_};
}

void frame_reader::commit(std::size_t count) noexcept {
    SEDGE_ASSERT(count <= capacity_ - end_);
    end_ += count;
}

std::optional<frame_reader::beginning> frame_reader::begun() const noexcept {
    const auto width = static_cast<std::size_t>(width_);
    const std::size_t whole = claimed();
    if (whole <= buffered() || whole - width > frame_bytes_max_) return std::nullopt;
    return beginning{{buffer_.get() + begin_ + width, buffered() - width}, whole - width};
}

result<std::optional<byte_view>> frame_reader::next() {
    const auto width = static_cast<std::size_t>(width_);
    const std::size_t whole = claimed();
    if (whole == 0) return std::optional<byte_view>{};
    if (whole - width > frame_bytes_max_)
        return error{errc::limit_exceeded, "frame of " + std::to_string(whole - width) + " bytes, at most " +
                                               std::to_string(frame_bytes_max_)};
    if (buffered() < whole) return std::optional<byte_view>{};
    const byte_view frame{buffer_.get() + begin_ + width, whole - width};
    begin_ += whole;
    return std::optional<byte_view>{frame};
}

} // namespace sedge::wire
