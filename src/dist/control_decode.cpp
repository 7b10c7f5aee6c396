// SPDX-License-Identifier: Apache-2.0
//
// Reads a control message in place. Pids, atoms and references in the forms that current nodes send are taken straight
// from the bytes; every other element (old forms, tokens, options, reasons) goes through the decoder of terms.
#include <sedge/dist/control.hpp>
#include <sedge/dist/error.hpp>

#include "dist/control_codes.hpp"

#include <sedge/term/tags.hpp>

#include <algorithm>
#include <array>

namespace sedge::dist {

namespace {

/// Reads elements one after the other; after the first that is not what was asked for, all further ones are empty.
class element_reader {
public:
    element_reader(byte_view bytes, std::span<const atom> atoms) : bytes_(bytes), atoms_(atoms) {}

    [[nodiscard]] bool ok() const noexcept { return ok_; }
    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }

    /// Arity of the tuple that begins here.
    std::size_t small_tuple() {
        reader in{rest()};
        const bool fits = in.u8() == etf::small_tuple;
        const std::size_t arity = in.u8();
        if (!fits || !in.ok()) return fail(), 0;
        offset_ += in.offset();
        return arity;
    }

    sedge::pid pid() {
        reader in{rest()};
        if (in.u8() != etf::new_pid) return other<sedge::pid>();
        sedge::pid p;
        if (!quick_atom(in, p.node)) return other<sedge::pid>();
        p.id = in.u32();
        p.serial = in.u32();
        p.creation = in.u32();
        if (!in.ok()) return fail(), sedge::pid{};
        offset_ += in.offset();
        return p;
    }

    sedge::reference reference() {
        reader in{rest()};
        if (in.u8() != etf::newer_reference) return other<sedge::reference>();
        sedge::reference r;
        const std::size_t words = in.u16();
        if (words == 0 || words > r.words.size() || !quick_atom(in, r.node)) return other<sedge::reference>();
        r.size = static_cast<std::uint8_t>(words);
        r.creation = in.u32();
        for (std::size_t i = 0; i < words; ++i) r.words[i] = in.u32();
        if (!in.ok()) return fail(), sedge::reference{};
        offset_ += in.offset();
        return r;
    }

    sedge::atom atom() {
        reader in{rest()};
        sedge::atom a;
        if (!quick_atom(in, a)) return other<sedge::atom>();
        offset_ += in.offset();
        return a;
    }

    std::variant<sedge::pid, sedge::atom> pid_or_atom() {
        const bool quick_pid = !rest().empty() && rest().front() == etf::new_pid;
        if (quick_pid) return pid();
        const term value = any();
        if (auto p = value.as<sedge::pid>()) return *p;
        if (auto a = value.as<sedge::atom>()) return *a;
        return fail(), sedge::atom{};
    }

    template <class Number>
    Number number() {
        reader in{rest()};
        if (in.u8() != etf::small_integer) return other<Number>();
        const std::uint8_t value = in.u8();
        if (!in.ok()) return fail(), Number{};
        offset_ += in.offset();
        return value;
    }

    /// Any element as a value.
    term any() {
        decode_options options;
        options.version_byte = false;
        options.compressed = false;
        options.header_atoms = atoms_;
        auto decoded = ok_ ? term::decode_prefix(rest(), options) : result<term::decoded>{error{errc::bad_packet}};
        if (!decoded) return fail(), term{};
        offset_ += decoded->consumed;
        return std::move(decoded->value);
    }
    void skip() { any(); }

    template <class T>
    T other() {
        auto value = any().template as<T>();
        if (!value) return fail(), T{};
        return std::move(*value);
    }

private:
    [[nodiscard]] byte_view rest() const noexcept { return ok_ ? bytes_.subspan(offset_) : byte_view{}; }
    void fail() noexcept { ok_ = false; }

    /// An atom as current nodes send it; false, with nothing decided, for any other form.
    bool quick_atom(reader& in, sedge::atom& into) {
        const auto tag = in.u8();
        if (tag == etf::atom_cache_ref) {
            const std::size_t index = in.u8();
            if (!in.ok() || index >= atoms_.size()) return false;
            into = atoms_[index];
            return true;
        }
        if (tag != etf::small_atom_utf8 && tag != etf::atom_utf8) return false;
        const std::size_t size = tag == etf::atom_utf8 ? in.u16() : in.u8();
        const auto text = as_text(in.take(size));
        if (!in.ok() || !sedge::atom::is_valid(text)) return false;
        into = sedge::atom{text};
        return true;
    }

    byte_view bytes_;
    std::span<const sedge::atom> atoms_;
    std::size_t offset_ = 0;
    bool ok_ = true;
};

/// What follows the operation code: how many elements, and whether one of them is a trace token.
struct layout {
    std::size_t arity; // without operation code and token
    bool token = false;
    bool payload = false;
};

std::optional<layout> layout_of(std::uint32_t code) {
    switch (static_cast<operation>(code)) {
    case operation::link: return layout{2};
    case operation::unlink: return layout{2};
    case operation::group_leader: return layout{2};
    case operation::send: return layout{2, false, true};
    case operation::send_tt: return layout{2, true, true};
    case operation::send_sender: return layout{2, false, true};
    case operation::send_sender_tt: return layout{2, true, true};
    case operation::reg_send: return layout{3, false, true};
    case operation::reg_send_tt: return layout{3, true, true};
    case operation::alias_send: return layout{2, false, true};
    case operation::alias_send_tt: return layout{2, true, true};
    case operation::exit: return layout{3};
    case operation::exit_tt: return layout{3, true};
    case operation::exit2: return layout{3};
    case operation::exit2_tt: return layout{3, true};
    case operation::payload_exit: return layout{2, false, true};
    case operation::payload_exit_tt: return layout{2, true, true};
    case operation::payload_exit2: return layout{2, false, true};
    case operation::payload_exit2_tt: return layout{2, true, true};
    case operation::monitor_p: return layout{3};
    case operation::demonitor_p: return layout{3};
    case operation::monitor_p_exit: return layout{4};
    case operation::payload_monitor_p_exit: return layout{3, false, true};
    case operation::spawn_request: return layout{5, false, true};
    case operation::spawn_request_tt: return layout{5, true, true};
    case operation::spawn_reply: return layout{4};
    case operation::spawn_reply_tt: return layout{4, true};
    case operation::unlink_id: return layout{3};
    case operation::unlink_id_ack: return layout{3};
    }
    return std::nullopt;
}

control::spawn_request read_spawn_request(element_reader& in) {
    control::spawn_request m;
    m.id = in.reference();
    m.from = in.pid();
    m.group_leader = in.pid();
    auto [module, function, arity] = in.other<std::tuple<atom, atom, std::uint32_t>>();
    m.module = std::move(module);
    m.function = std::move(function);
    m.arity = arity;
    m.options = in.any();
    return m;
}

/// The elements behind the operation code. Braced initialisers are evaluated in order, as the elements stand.
control_message read_elements(element_reader& in, operation code, std::optional<term>& reason) {
    switch (code) {
    case operation::link: return control::link{in.pid(), in.pid()};
    case operation::unlink: return control::unlink_id{std::nullopt, in.pid(), in.pid()};
    case operation::unlink_id: return control::unlink_id{in.number<std::uint64_t>(), in.pid(), in.pid()};
    case operation::unlink_id_ack: return control::unlink_id_ack{in.number<std::uint64_t>(), in.pid(), in.pid()};
    case operation::group_leader: return control::group_leader{in.pid(), in.pid()};
    case operation::send:
    case operation::send_tt: in.skip(); return control::send{std::nullopt, in.pid()};
    case operation::send_sender:
    case operation::send_sender_tt: return control::send{in.pid(), in.pid()};
    case operation::alias_send:
    case operation::alias_send_tt: return control::alias_send{in.pid(), in.reference()};
    case operation::reg_send:
    case operation::reg_send_tt: {
        control::reg_send m;
        m.from = in.pid();
        in.skip();
        m.to = in.atom();
        return m;
    }
    case operation::payload_exit:
    case operation::payload_exit_tt: return control::exit{in.pid(), in.pid()};
    case operation::payload_exit2:
    case operation::payload_exit2_tt: return control::exit2{in.pid(), in.pid()};
    case operation::exit:
    case operation::exit_tt:
    case operation::exit2:
    case operation::exit2_tt: {
        auto from = in.pid();
        auto to = in.pid();
        // {13, From, To, Token, Reason}: here the token is not the last element.
        if (code == operation::exit_tt || code == operation::exit2_tt) in.skip();
        reason = in.any();
        const bool by_link = code == operation::exit || code == operation::exit_tt;
        if (by_link) return control::exit{std::move(from), std::move(to)};
        return control::exit2{std::move(from), std::move(to)};
    }
    case operation::monitor_p: return control::monitor_p{in.pid(), in.pid_or_atom(), in.reference()};
    case operation::demonitor_p: return control::demonitor_p{in.pid(), in.pid_or_atom(), in.reference()};
    case operation::payload_monitor_p_exit: return control::monitor_p_exit{in.pid_or_atom(), in.pid(), in.reference()};
    case operation::monitor_p_exit: {
        control::monitor_p_exit m{in.pid_or_atom(), in.pid(), in.reference()};
        reason = in.any();
        return m;
    }
    case operation::spawn_request:
    case operation::spawn_request_tt: return read_spawn_request(in);
    case operation::spawn_reply:
    case operation::spawn_reply_tt:
        return control::spawn_reply{in.reference(), in.pid(), in.number<std::uint32_t>(), in.pid_or_atom()};
    }
    return in.skip(), control::link{};
}

error malformed(const std::string& what) { return {errc::bad_packet, "control message: " + what}; }
error malformed(std::uint32_t code, const std::string& what) {
    return malformed("operation " + std::to_string(code) + ' ' + what);
}

/// A pid whose node stands in the packet's header, at `p`. Precondition: `quick_pid_bytes` are there.
constexpr std::size_t quick_pid_bytes = 1 + 2 + 12;
bool is_quick_pid(const std::uint8_t* p, std::span<const atom> atoms) noexcept {
    return p[0] == etf::new_pid && p[1] == etf::atom_cache_ref && p[2] < atoms.size();
}
pid quick_pid(const std::uint8_t* p, std::span<const atom> atoms) noexcept {
    return {atoms[p[2]], etf::load32(p + 3), etf::load32(p + 7), etf::load32(p + 11)};
}

/// What most packets begin with, {SEND_SENDER, From, To}, in the one form in which nodes with an atom cache send it.
bool decode_send(byte_view bytes, std::span<const atom> atoms, decoded_control& into) {
    constexpr std::array<std::uint8_t, 4> head{etf::small_tuple, 3, etf::small_integer,
                                               static_cast<std::uint8_t>(operation::send_sender)};
    if (bytes.size() < head.size() + 2 * quick_pid_bytes || !std::equal(head.begin(), head.end(), bytes.begin()))
        return false;
    const auto* const from = bytes.data() + head.size();
    const auto* const to = from + quick_pid_bytes;
    if (!is_quick_pid(from, atoms) || !is_quick_pid(to, atoms)) return false;
    into.message.emplace<control::send>(quick_pid(from, atoms), quick_pid(to, atoms));
    into.payload_follows = true;
    into.consumed = head.size() + 2 * quick_pid_bytes;
    return true;
}

} // namespace

result<decoded_control> decode_control(byte_view bytes, std::span<const atom> header_atoms) {
    decoded_control decoded;
    if (decode_send(bytes, header_atoms, decoded)) return decoded;

    element_reader in{bytes, header_atoms};
    const std::size_t arity = in.small_tuple();
    if (!in.ok() || arity == 0) return malformed("not a tuple");
    const auto code = in.number<std::uint32_t>();
    if (!in.ok()) return malformed("the operation is not a number");
    const auto shape = layout_of(code);
    if (!shape) return malformed(code, "is unknown");
    if (arity != 1 + shape->arity + (shape->token ? 1 : 0))
        return malformed(code, "with " + std::to_string(arity) + " elements");

    decoded.payload_follows = shape->payload;
    decoded.message = read_elements(in, static_cast<operation>(code), decoded.reason);
    if (shape->token && !decoded.reason) in.skip();
    if (!in.ok()) return malformed(code, "with an element of a wrong type");
    if (const auto* m = std::get_if<control::unlink_id>(&decoded.message); m != nullptr && m->id == std::uint64_t{0})
        return malformed("UNLINK_ID with the number 0");
    decoded.consumed = in.offset();
    return decoded;
}

} // namespace sedge::dist
