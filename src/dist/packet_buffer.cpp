// SPDX-License-Identifier: Apache-2.0
#include "dist/packet_buffer.hpp"

#include <sedge/base/error.hpp>

#include <algorithm>
#include <cstring>

namespace sedge::dist {

namespace {
constexpr std::size_t length_bytes = 4;
constexpr std::size_t usual_bytes = 16 * 1024;  // an idle connection keeps no more than this
constexpr std::size_t room_bytes_min = 4 * 1024;
} // namespace

std::span<std::uint8_t> packet_buffer::room() {
    if (begin_ == end_) {
        begin_ = end_ = 0;
        if (bytes_.size() > usual_bytes) bytes_ = {};
    }
    if (bytes_.size() - end_ < room_bytes_min && begin_ > 0) {
        std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (bytes_.size() - end_ < room_bytes_min) bytes_.resize(std::max(usual_bytes, 2 * bytes_.size()));
    return std::span<std::uint8_t>{bytes_}.subspan(end_);
}

void packet_buffer::append(byte_view bytes) {
    while (!bytes.empty()) {
        const auto into = room();
        const std::size_t count = std::min(into.size(), bytes.size());
        std::copy_n(bytes.begin(), count, into.begin());
        filled(count);
        bytes = bytes.subspan(count);
    }
}

result<std::optional<byte_view>> packet_buffer::next() {
    reader in{byte_view{bytes_}.subspan(begin_, end_ - begin_)};
    const std::size_t size = in.u32();
    if (!in.ok()) return std::optional<byte_view>{};
    if (size > packet_bytes_max_)
        return error{errc::limit_exceeded, "packet of " + std::to_string(size) + " bytes, at most " +
                                               std::to_string(packet_bytes_max_) + " are taken"};
    const byte_view packet = in.take(size);
    if (!in.ok()) return std::optional<byte_view>{};
    begin_ += length_bytes + size;
    return std::optional<byte_view>{packet};
}

} // namespace sedge::dist
