// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/dist/handshake.hpp>

#include <initializer_list>
#include <stdexcept>
#include <string>

/// Messages of a handshake written by hand, and what a core makes of them.
namespace sedge::test {

using namespace sedge::dist;

inline node_name named(const std::string& text) { return node_name::parse(text).value(); }

inline identity self(const std::string& name, std::uint32_t creation = 6, flags announce = announced(false)) {
    return {named(name), creation, announce};
}

inline cookie secret(const char* text = "SEDGECOOKIE") { return cookie::from_text(text).value(); }

inline byte_buffer framed(byte_view message) {
    byte_buffer out;
    writer{out}.u16(static_cast<std::uint16_t>(message.size())).bytes(message);
    return out;
}
inline byte_buffer status(std::string_view text) { return framed(as_bytes("s" + std::string{text})); }
inline byte_view body(byte_view frame) { return frame.subspan(2); }

template <class What>
const What* wants(const handshake_step& step) {
    return std::get_if<What>(&step.then);
}

/// The error of a failed step.
inline error failure(const handshake_step& step) {
    const auto* failed = wants<next::failed>(step);
    if (failed == nullptr) throw std::runtime_error{"the handshake did not fail"};
    return failed->why;
}

inline byte_buffer joined(std::initializer_list<byte_view> parts) {
    byte_buffer all;
    for (const auto part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

/// A name message of version 6.
inline byte_buffer name_message(const std::string& name, flags sent = announced(false), std::uint32_t creation = 5) {
    byte_buffer out;
    writer{out}.u8('N').u64(sent.bits()).u32(creation).u16(static_cast<std::uint16_t>(name.size())).text(name);
    return out;
}
inline byte_buffer challenge_message(const std::string& name, std::uint32_t challenge, flags sent = announced(false)) {
    byte_buffer out;
    writer{out}.u8('N').u64(sent.bits()).u32(challenge).u32(6).u16(static_cast<std::uint16_t>(name.size())).text(name);
    return out;
}
inline byte_buffer reply_message(std::uint32_t challenge, const digest& proof) {
    byte_buffer out;
    writer{out}.u8('r').u32(challenge).bytes(proof);
    return out;
}
inline byte_buffer ack_message(const digest& proof) {
    byte_buffer out;
    writer{out}.u8('a').bytes(proof);
    return out;
}

} // namespace sedge::test
