// SPDX-License-Identifier: Apache-2.0
//
// EPMD, the port mapper of a machine: TCP port 4369, one request per connection.
//
//   node -> mapper   length:16 tag:8 body                      every request
//   mapper -> node   tag:8 body                                answers have no length
//
//   120 ALIVE2        port:16 type:8 protocol:8 highest:16 lowest:16 nlen:16 name elen:16 extra
//       118           result:8 creation:32                     highest >= 6; the connection stays open
//       121           result:8 creation:16                     highest = 5
//   122 PORT_PLEASE2  name                                     one NUL behind the name is tolerated
//       119           result:8 [port:16 ... extra as above]    brackets only if the result is 0; then close
//   110 NAMES         anything
//       port:32 "name N at port P\n" ...                       then close
//   100 DUMP, 107 KILL, 115 STOP name                          for OTP's own daemon
//
// A request that is none is closed without an answer.
#include <sedge/base/limits.hpp>
#include <sedge/epmd/message.hpp>

#include <charconv>

namespace sedge::epmd {

namespace {

enum tag : std::uint8_t {
    tag_dump = 100,
    tag_kill = 107,
    tag_names = 110,
    tag_stop = 115,
    tag_alive_long_answer = 118,
    tag_port_answer = 119,
    tag_alive = 120,
    tag_alive_short_answer = 121,
    tag_port_please = 122,
};

/// Characters of valid UTF-8; nothing if it is not.
std::optional<std::size_t> characters(std::string_view text) noexcept {
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++count) {
        auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
        const std::uint8_t first = byte(i);
        const std::size_t size = first < 0x80   ? 1
                                 : first < 0xc2 ? 0
                                 : first < 0xe0 ? 2
                                 : first < 0xf0 ? 3
                                 : first < 0xf5 ? 4
                                                : 0;
        if (size == 0 || size > text.size() - i) return {};
        std::uint32_t point = size == 1 ? first : first & (0xffu >> (size + 1));
        for (std::size_t k = 1; k < size; ++k) {
            if ((byte(i + k) & 0xc0) != 0x80) return {};
            point = point << 6 | (byte(i + k) & 0x3f);
        }
        if ((size == 3 && point < 0x800) || (size == 4 && point < 0x10000)) return {}; // longer than needed
        if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return {};        // no characters
        i += size;
    }
    return count;
}

void write_entry(writer& out, const node_entry& node) {
    out.u16(node.port).u8(node.type).u8(node.protocol).u16(node.highest).u16(node.lowest);
    out.u16(static_cast<std::uint16_t>(node.name.size())).text(node.name);
    out.u16(static_cast<std::uint16_t>(node.extra.size())).bytes(node.extra);
}

node_entry read_entry(reader& in) {
    node_entry node;
    node.port = in.u16();
    node.type = in.u8();
    node.protocol = in.u8();
    node.highest = in.u16();
    node.lowest = in.u16();
    node.name = as_text(in.take(in.u16()));
    auto extra = in.take(in.u16());
    node.extra.assign(extra.begin(), extra.end());
    return node;
}

result<std::optional<request>> complete(request what) {
    // Not `optional{std::move(what)}`: g++ 12 takes its temporary for uninitialized when it optimizes.
    result<std::optional<request>> out{std::optional<request>{}};
    out->emplace(std::move(what));
    return out;
}

error malformed(std::string what) { return {sedge::errc::malformed, "port mapper request: " + std::move(what)}; }

result<std::optional<request>> decode_alive(reader in) {
    alive_request what{read_entry(in)};
    if (!in.ok()) return malformed("ALIVE2 is shorter than its fields");
    if (what.node.name.empty()) return malformed("ALIVE2 without a name");
    if (what.node.name.find('\0') != std::string::npos) return malformed("ALIVE2 with a NUL in the name");
    if (what.node.extra.size() > limits::epmd_extra_bytes_max) return malformed("ALIVE2 with too many extra bytes");
    return complete(std::move(what));
}

result<std::optional<request>> decode_name(std::uint8_t tag, reader in) {
    std::string name{as_text(in.rest())};
    if (!name.empty() && name.back() == '\0') name.pop_back();
    if (name.empty()) return malformed("a look-up without a name");
    if (name.find('\0') != std::string::npos || !characters(name)) return malformed("a look-up of what is no name");
    if (tag == tag_stop) return complete(stop_request{std::move(name)});
    return complete(port_request{std::move(name)});
}

struct body_writer {
    writer& out;
    void operator()(const alive_request& r) const { write_entry(out.u8(tag_alive), r.node); }
    void operator()(const port_request& r) const { out.u8(tag_port_please).text(r.name); }
    void operator()(const names_request&) const { out.u8(tag_names); }
    void operator()(const dump_request&) const { out.u8(tag_dump); }
    void operator()(const kill_request&) const { out.u8(tag_kill); }
    void operator()(const stop_request& r) const { out.u8(tag_stop).text(r.name); }
};

} // namespace

bool is_acceptable_name(std::string_view name) noexcept {
    for (char c : name) {
        if (static_cast<std::uint8_t>(c) < 0x20 || c == 0x7f) return false;
    }
    auto count = characters(name);
    return count && *count >= 1 && *count <= limits::epmd_name_characters_max;
}

byte_buffer encode(const request& what) {
    byte_buffer body;
    writer out{body};
    std::visit(body_writer{out}, what);
    byte_buffer packet;
    packet.reserve(body.size() + 2);
    writer{packet}.u16(static_cast<std::uint16_t>(body.size())).bytes(body);
    return packet;
}

result<std::optional<request>> decode_request(byte_view received) {
    if (received.size() < 2) return std::optional<request>{};
    reader in{received};
    const std::size_t length = in.u16();
    if (length == 0 || length > limits::epmd_request_bytes_max) return malformed("length " + std::to_string(length));
    if (in.remaining() > length) return malformed("more bytes than its length says");
    if (in.remaining() < length) return std::optional<request>{};
    const std::uint8_t tag = in.u8();
    switch (tag) {
    case tag_alive: return decode_alive(in);
    case tag_port_please:
    case tag_stop: return decode_name(tag, in);
    case tag_names: return complete(names_request{});
    case tag_dump: return complete(dump_request{});
    case tag_kill: return complete(kill_request{});
    }
    return malformed("unknown tag " + std::to_string(tag));
}

byte_buffer encode(const alive_answer& what) {
    byte_buffer bytes;
    writer out{bytes};
    out.u8(what.short_form ? tag_alive_short_answer : tag_alive_long_answer).u8(what.result);
    if (what.short_form) {
        out.u16(static_cast<std::uint16_t>(what.creation));
    } else {
        out.u32(what.creation);
    }
    return bytes;
}

byte_buffer encode(const port_answer& what) {
    byte_buffer bytes;
    writer out{bytes};
    out.u8(tag_port_answer).u8(what.node ? 0 : 1);
    if (what.node) write_entry(out, *what.node);
    return bytes;
}

byte_buffer encode(const names_answer& what) {
    byte_buffer bytes;
    writer out{bytes};
    out.u32(what.mapper_port);
    for (const auto& node : what.names) out.text("name " + node.name + " at port " + std::to_string(node.port) + "\n");
    return bytes;
}

result<std::optional<alive_answer>> decode_alive_answer(byte_view received) {
    if (received.empty()) return std::optional<alive_answer>{};
    reader in{received};
    const std::uint8_t tag = in.u8();
    if (tag != tag_alive_long_answer && tag != tag_alive_short_answer) return error{errc::not_a_mapper};
    alive_answer what;
    what.short_form = tag == tag_alive_short_answer;
    what.result = in.u8();
    what.creation = what.short_form ? in.u16() : in.u32();
    if (!in.ok()) return std::optional<alive_answer>{};
    return std::optional{what};
}

result<std::optional<port_answer>> decode_port_answer(byte_view received) {
    if (received.empty()) return std::optional<port_answer>{};
    reader in{received};
    if (in.u8() != tag_port_answer) return error{errc::not_a_mapper};
    const std::uint8_t refused = in.u8();
    if (!in.ok()) return std::optional<port_answer>{};
    if (refused != 0) return std::optional{port_answer{}};
    port_answer what{read_entry(in)};
    if (!in.ok()) return std::optional<port_answer>{};
    return std::optional{std::move(what)};
}

namespace {

/// One line `name N at port P`. The name may hold spaces, so the port is sought from the end.
std::optional<name_and_port> parse_line(std::string_view line) {
    static constexpr std::string_view before = "name ", between = " at port ";
    const std::size_t at = line.rfind(between);
    if (!line.starts_with(before) || at == line.npos || at <= before.size()) return {};
    auto digits = line.substr(at + between.size());
    name_and_port node{std::string{line.substr(before.size(), at - before.size())}, 0};
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), node.port);
    if (failure != std::errc{} || end != digits.data() + digits.size()) return {};
    return node;
}

} // namespace

result<names_answer> decode_names_answer(byte_view whole) {
    reader in{whole};
    const std::uint32_t port = in.u32();
    if (!in.ok() || port > 0xffff) return error{errc::not_a_mapper};
    names_answer what{static_cast<std::uint16_t>(port), {}};
    auto text = as_text(in.rest());
    for (std::size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) {
        auto node = parse_line(text.substr(0, end));
        if (!node) return error{errc::not_a_mapper};
        what.names.push_back(std::move(*node));
    }
    return what;
}

} // namespace sedge::epmd
