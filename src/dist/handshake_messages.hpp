// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/dist/cookie.hpp>
#include <sedge/dist/flags.hpp>
#include <sedge/dist/handshake.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

/// The messages of the handshake: one struct each, one function to read it and one to write it. Reading gives nothing
/// if the bytes do not follow the layout. Views point into the bytes read.
namespace sedge::dist::handshake_messages {

/// 'N' flags:64 creation:32 nlen:16 name rest          (OTP 23 and later)
/// 'n' version:16 flags:32 name                        (older, or OTP 23 and 24 in doubt; no creation)
struct name {
    flags sent;
    std::uint32_t creation = 0;
    std::string_view text;
    bool old_form = false;
};
std::optional<name> read_name(byte_view message);
/// A node that asks for a name (NAME_ME) says only its host, and creation 0.
void write_name(byte_buffer& out, const identity& self);

/// What follows "named:" in a status: nlen:16 name creation:32 rest
struct given_name {
    std::string_view text;
    std::uint32_t creation = 0;
};
inline constexpr std::string_view named_status = "named:";
std::optional<given_name> read_given_name(byte_view message);
void write_given_name(byte_buffer& out, std::string_view name, std::uint32_t creation);

/// 's' text
std::optional<std::string_view> read_status(byte_view message);
void write_status(byte_buffer& out, std::string_view text);

/// 'N' flags:64 challenge:32 creation:32 nlen:16 name rest
struct challenge {
    flags sent;
    std::uint32_t value = 0;
    std::uint32_t creation = 0;
    std::string_view text;
};
std::optional<challenge> read_challenge(byte_view message);
void write_challenge(byte_buffer& out, const identity& self, std::uint32_t value);

/// 'c' flags:32 (the high half) creation:32
struct complement {
    std::uint32_t flags_high = 0;
    std::uint32_t creation = 0;
};
std::optional<complement> read_complement(byte_view message);

/// 'r' challenge:32 digest:16 bytes
struct reply {
    std::uint32_t challenge = 0;
    byte_view proof;
};
std::optional<reply> read_reply(byte_view message);
void write_reply(byte_buffer& out, std::uint32_t challenge, const digest& proof);

/// 'a' digest:16 bytes
std::optional<byte_view> read_ack(byte_view message);
void write_ack(byte_buffer& out, const digest& proof);

/// Appends a message with its length in front.
void frame(byte_buffer& out, handshake_length length, byte_view message);

} // namespace sedge::dist::handshake_messages
