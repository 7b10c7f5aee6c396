// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/assert.hpp>
#include <sedge/term/convert.hpp>

#include "term/canonical.hpp"
#include "term/number.hpp"
#include "term/utf8.hpp"
#include "term/walk.hpp"

#include <limits>

namespace sedge {

namespace detail {

std::optional<std::int64_t> decode_large_signed(const term_view& in) noexcept {
    const auto* p = in.data();
    if (!etf::is_integer(p)) return std::nullopt;
    const etf::integer_parts parts{p};
    constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (parts.size > 8 || parts.low() > max + (parts.negative ? 1 : 0)) return std::nullopt;
    return static_cast<std::int64_t>(parts.negative ? ~parts.low() + 1 : parts.low());
}

std::optional<std::uint64_t> decode_unsigned(const term_view& in) noexcept {
    if (!etf::is_integer(in.data())) return std::nullopt;
    const etf::integer_parts parts{in.data()};
    if (parts.negative || parts.size > 8) return std::nullopt;
    return parts.low();
}

namespace {
thread_local encode_buffer scratch_of_thread;
thread_local bool scratch_is_taken = false;
} // namespace

term_scratch::term_scratch() noexcept : buffer_(scratch_is_taken ? &own_ : &scratch_of_thread) {
    scratch_is_taken = true;
}

term_scratch::~term_scratch() {
    constexpr std::size_t kept_bytes = 256 * 1024; // that a thread may hold for good
    if (buffer_ == &own_) return;
    if (buffer_->size() > kept_bytes)
        *buffer_ = {};
    else
        buffer_->clear();
    scratch_is_taken = false;
}

std::optional<double> decode_floating(const term_view& in) noexcept {
    if (in.kind() != term_kind::floating) return std::nullopt;
    return etf::load_float(in.data());
}

} // namespace detail

void term_codec<bool>::encode(encoder& out, const bool& value) { out.boolean(value); }
std::optional<bool> term_codec<bool>::decode(const term_view& in) {
    if (in.is_atom("true")) return true;
    if (in.is_atom("false")) return false;
    return std::nullopt;
}

void term_codec<std::string>::encode(encoder& out, const std::string& value) { out.string(value); }
std::optional<std::string> term_codec<std::string>::decode(const term_view& in) {
    const auto bytes = in.binary();
    if (!bytes || !utf8::is_valid(as_text(*bytes))) return std::nullopt;
    return std::string{as_text(*bytes)};
}

void term_codec<byte_buffer>::encode(encoder& out, const byte_buffer& value) { out.binary(value); }
std::optional<byte_buffer> term_codec<byte_buffer>::decode(const term_view& in) {
    const auto bytes = in.binary();
    if (!bytes) return std::nullopt;
    return byte_buffer{bytes->begin(), bytes->end()};
}

void term_codec<charlist>::encode(encoder& out, const charlist& value) { out.charlist(value.text); }
std::optional<charlist> term_codec<charlist>::decode(const term_view& in) {
    if (!in.is_list()) return std::nullopt;
    charlist all;
    for (const auto each : in.elements()) {
        const auto c = detail::decode_unsigned(each);
        if (!c || !utf8::is_code_point(*c)) return std::nullopt;
        utf8::append(all.text, static_cast<char32_t>(*c));
    }
    if (in.tail().kind() != term_kind::nil) return std::nullopt;
    return all;
}

std::optional<atom> term_codec<atom>::decode(const term_view& in) {
    const auto text = in.atom_text();
    if (!text) return std::nullopt;
    return atom{*text};
}

namespace {

/// The node name at `p`. Most pids that are read one after the other are of the same node, so they share one atom.
atom node_name_at(const std::uint8_t* p) {
    thread_local atom last;
    const auto text = etf::atom_text(p);
    if (last.text() != text) last = atom::known(text);
    return last;
}

} // namespace

void term_codec<pid>::encode(encoder& out, const pid& value) { out.pid(value); }
std::optional<pid> term_codec<pid>::decode(const term_view& in) {
    if (in.kind() != term_kind::pid) return std::nullopt;
    const auto* p = etf::skip_atom(in.data() + 1);
    return pid{node_name_at(in.data() + 1), etf::load32(p), etf::load32(p + 4), etf::load32(p + 8)};
}

void term_codec<port>::encode(encoder& out, const port& value) { out.port(value); }
std::optional<port> term_codec<port>::decode(const term_view& in) {
    if (in.kind() != term_kind::port) return std::nullopt;
    const auto* p = etf::skip_atom(in.data() + 1);
    const bool is_v4 = *in.data() == etf::v4_port;
    return port{atom{etf::atom_text(in.data() + 1)}, is_v4 ? etf::load64(p) : etf::load32(p),
                etf::load32(p + (is_v4 ? 8 : 4))};
}

void term_codec<reference>::encode(encoder& out, const reference& value) { out.reference(value); }
std::optional<reference> term_codec<reference>::decode(const term_view& in) {
    if (in.kind() != term_kind::reference) return std::nullopt;
    reference made{node_name_at(in.data() + 3)};
    const auto* p = etf::skip_atom(in.data() + 3);
    made.creation = etf::load32(p);
    made.size = static_cast<std::uint8_t>(etf::load16(in.data() + 1));
    for (std::size_t i = 0; i < made.size; ++i) made.words[i] = etf::load32(p + 4 + 4 * i);
    return made;
}

void term_codec<big_integer>::encode(encoder& out, const big_integer& value) {
    out.big_integer(value.is_negative(), value.magnitude());
}
std::optional<big_integer> term_codec<big_integer>::decode(const term_view& in) {
    if (in.kind() != term_kind::integer) return std::nullopt;
    const etf::integer_parts parts{in.data()};
    return big_integer::from_magnitude(parts.negative, {parts.magnitude, parts.size});
}

void term_codec<improper_list>::encode(encoder& out, const improper_list& value) {
    if (value.elements.empty()) return out.copy(value.tail.view());
    const auto tail = value.tail.view();
    const auto start = out.size();
    out.list(value.elements.size() + tail.length());
    for (const auto& each : value.elements) out.copy(each.view());
    for (const auto each : tail.elements()) {
        if (tail.is_list()) out.copy(each);
    }
    out.copy(tail.is_list() ? tail.tail() : tail);
    out.settle_list(start);
}
std::optional<improper_list> term_codec<improper_list>::decode(const term_view& in) {
    if (in.kind() != term_kind::list) return std::nullopt;
    improper_list made;
    for (const auto each : in.elements()) made.elements.emplace_back(each);
    made.tail = term{in.tail()};
    return made;
}

void term_codec<std::monostate>::encode(encoder& out, const std::monostate&) { out.atom("nil"); }
std::optional<std::monostate> term_codec<std::monostate>::decode(const term_view& in) {
    if (in.is_atom("nil") || in.is_atom("undefined")) return std::monostate{};
    return std::nullopt;
}

} // namespace sedge
