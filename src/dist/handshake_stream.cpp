// SPDX-License-Identifier: Apache-2.0
#include "dist/handshake_stream.hpp"

#include <algorithm>
#include <array>

namespace sedge::dist {

namespace {
// RFC 8446, 5.1: a record is type:8 version:16 size:16. As the size of a message of ours it would be above 5,000.
constexpr std::uint8_t tls_handshake_record = 22;
constexpr std::uint8_t tls_alert_record = 21;
constexpr std::uint8_t tls_major_version = 3;
} // namespace

result<std::optional<byte_buffer>> handshake_stream::buffered_message() {
    reader in{buffer_};
    const std::size_t size = length_ == handshake_length::u16 ? in.u16() : in.u32();
    if (!in.ok()) return std::optional<byte_buffer>{};
    if (length_ == handshake_length::u16 && buffer_[1] == tls_major_version) {
        if (buffer_[0] == tls_handshake_record)
            return error{errc::tls_there, "what talks there speaks TLS, this node speaks plain distribution; give this "
                                          "node a certificate"};
        if (buffer_[0] == tls_alert_record)
            return error{errc::tls_there, "the node there requires TLS, this node speaks plain distribution; give this "
                                          "node a certificate"};
    }
    if (size > limits::handshake_frame_bytes_max)
        return error{errc::bad_handshake, "what talks there announces a message of " + std::to_string(size) +
                                              " bytes, as no Erlang node does"};
    const byte_view message = in.take(size);
    if (!in.ok()) return std::optional<byte_buffer>{};
    std::optional<byte_buffer> whole{std::in_place, message.begin(), message.end()};
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(in.offset()));
    return whole;
}

task<result<std::optional<byte_buffer>>> handshake_stream::next_message() {
    for (;;) {
        auto ready = buffered_message();
        if (!ready || ready->has_value()) co_return ready;
        if (read_ == limits::handshake_bytes_max)
            co_return error{sedge::errc::limit_exceeded, "more bytes than a handshake has"};
        std::array<std::uint8_t, limits::handshake_frame_bytes_max> chunk;
        const std::span<std::uint8_t> room{chunk.data(), std::min(chunk.size(), limits::handshake_bytes_max - read_)};
        auto reading = wire::read_some(*stream_, room);
        const auto count = co_await std::move(reading);
        if (!count) {
            if (count.error() == make_error_code(wire::errc::closed)) co_return std::optional<byte_buffer>{};
            co_return count.error();
        }
        read_ += *count;
        buffer_.insert(buffer_.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(*count));
    }
}

task<result<void>> handshake_stream::send(byte_buffer framed) {
    if (framed.empty()) co_return result<void>{};
    auto writing = wire::write_all(*stream_, framed);
    co_return co_await std::move(writing);
}

established handshake_stream::finish(atom self, peer_identity peer, bool initiated_here) {
    return {std::move(stream_), std::move(buffer_), std::move(self), std::move(peer), initiated_here};
}

} // namespace sedge::dist
