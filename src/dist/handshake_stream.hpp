// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/limits.hpp>
#include <sedge/base/task.hpp>
#include <sedge/dist/establish.hpp>

#include <memory>
#include <optional>

namespace sedge::dist {

/// A stream seen as handshake messages, with the bounds that hold before anybody has proved anything.
class handshake_stream {
public:
    handshake_stream(std::unique_ptr<wire::stream> stream, handshake_length length)
        : stream_(std::move(stream)), length_(length) {}

    /// One message without its length, and not a byte more: what follows may be packets already. Nothing if the peer
    /// has closed. Errors: errc::bad_handshake for a length that no node sends, errc::limit_exceeded, system codes.
    task<result<std::optional<byte_buffer>>> next_message();
    task<result<void>> send(byte_buffer framed);

    [[nodiscard]] wire::endpoint remote() const { return stream_->remote(); }
    /// The stream with what was read of it too early.
    established finish(atom self, peer_identity peer, bool initiated_here);

private:
    [[nodiscard]] result<std::optional<byte_buffer>> buffered_message();

    std::unique_ptr<wire::stream> stream_;
    handshake_length length_;
    byte_buffer buffer_;
    std::size_t read_ = 0; // bytes in all
};

} // namespace sedge::dist
