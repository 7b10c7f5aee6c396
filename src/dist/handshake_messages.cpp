// SPDX-License-Identifier: Apache-2.0
#include "dist/handshake_messages.hpp"

namespace sedge::dist::handshake_messages {

namespace {

constexpr std::uint8_t tag_name = 'N';
constexpr std::uint8_t tag_old_name = 'n';
constexpr std::uint8_t tag_status = 's';
constexpr std::uint8_t tag_complement = 'c';
constexpr std::uint8_t tag_reply = 'r';
constexpr std::uint8_t tag_ack = 'a';
constexpr std::size_t digest_bytes = std::tuple_size_v<digest>;

} // namespace

std::optional<name> read_name(byte_view message) {
    reader in{message};
    name read;
    const auto tag = in.u8();
    if (tag == tag_name) {
        read.sent = flags{in.u64()};
        read.creation = in.u32();
        const std::size_t size = in.u16();
        read.text = as_text(in.take(size)); // what follows is for later versions
    } else if (tag == tag_old_name) {
        in.u16(); // the version, 5; the flags say what matters
        read.sent = flags{in.u32()};
        read.text = as_text(in.rest());
        read.old_form = true;
    } else {
        return std::nullopt;
    }
    return in.ok() ? std::optional{read} : std::nullopt;
}

void write_name(byte_buffer& out, const identity& self) {
    const bool asks = self.announced.has(capability::name_me);
    const auto text = asks ? std::string_view{self.name.host} : self.name.full.text();
    writer{out}
        .u8(tag_name)
        .u64(self.announced.bits())
        .u32(asks ? 0 : self.creation)
        .u16(static_cast<std::uint16_t>(text.size()))
        .text(text);
}

std::optional<given_name> read_given_name(byte_view message) {
    reader in{message};
    if (in.u8() != tag_status || as_text(in.take(named_status.size())) != named_status) return std::nullopt;
    const std::size_t size = in.u16();
    given_name read;
    read.text = as_text(in.take(size));
    read.creation = in.u32(); // what follows is for later versions
    return in.ok() ? std::optional{read} : std::nullopt;
}

void write_given_name(byte_buffer& out, std::string_view name, std::uint32_t creation) {
    writer{out}.u8(tag_status).text(named_status).u16(static_cast<std::uint16_t>(name.size())).text(name).u32(creation);
}

std::optional<std::string_view> read_status(byte_view message) {
    if (message.empty() || message.front() != tag_status) return std::nullopt;
    return as_text(message.subspan(1));
}

void write_status(byte_buffer& out, std::string_view text) { writer{out}.u8(tag_status).text(text); }

std::optional<challenge> read_challenge(byte_view message) {
    reader in{message};
    if (in.u8() != tag_name) return std::nullopt;
    challenge read;
    read.sent = flags{in.u64()};
    read.value = in.u32();
    read.creation = in.u32();
    const std::size_t size = in.u16();
    read.text = as_text(in.take(size));
    return in.ok() ? std::optional{read} : std::nullopt;
}

void write_challenge(byte_buffer& out, const identity& self, std::uint32_t value) {
    const auto text = self.name.full.text();
    writer{out}
        .u8(tag_name)
        .u64(self.announced.bits())
        .u32(value)
        .u32(self.creation)
        .u16(static_cast<std::uint16_t>(text.size()))
        .text(text);
}

std::optional<complement> read_complement(byte_view message) {
    reader in{message};
    if (in.u8() != tag_complement) return std::nullopt;
    complement read;
    read.flags_high = in.u32();
    read.creation = in.u32();
    return in.at_end() ? std::optional{read} : std::nullopt;
}

std::optional<reply> read_reply(byte_view message) {
    reader in{message};
    if (in.u8() != tag_reply) return std::nullopt;
    reply read;
    read.challenge = in.u32();
    read.proof = in.take(digest_bytes);
    return in.at_end() ? std::optional{read} : std::nullopt;
}

void write_reply(byte_buffer& out, std::uint32_t challenge, const digest& proof) {
    writer{out}.u8(tag_reply).u32(challenge).bytes(proof);
}

std::optional<byte_view> read_ack(byte_view message) {
    reader in{message};
    if (in.u8() != tag_ack) return std::nullopt;
    const auto proof = in.take(digest_bytes);
    return in.at_end() ? std::optional{proof} : std::nullopt;
}

void write_ack(byte_buffer& out, const digest& proof) { writer{out}.u8(tag_ack).bytes(proof); }

void frame(byte_buffer& out, handshake_length length, byte_view message) {
    writer w{out};
    if (length == handshake_length::u16)
        w.u16(static_cast<std::uint16_t>(message.size()));
    else
        w.u32(static_cast<std::uint32_t>(message.size()));
    w.bytes(message);
}

} // namespace sedge::dist::handshake_messages
