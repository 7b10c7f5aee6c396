// SPDX-License-Identifier: Apache-2.0
//
// Terms as people of both worlds read them: `io:format("~tp")`, `~tw` and `inspect`, each on one line and, apart from
// pids, exactly as OTP 25 and Elixir 1.14 print them.
//
// The printer walks the encoding with a stack of open containers. What needs a look ahead (is this list a keyword
// list? in which order do the keys of this map stand?) is found beforehand in one pass each, so that deep terms cost no
// more than flat ones. Terms larger than the text may become are printed without: they are cut anyway.
//
// Maps: OTP keeps up to 32 keys sorted and more in an order of its own, in which it also sends them. Elixir prints
// that order, Erlang the reverse of it.

#include <sedge/term/text.hpp>

#include "term/keyword_lists.hpp"
#include "term/number.hpp"
#include "term/order.hpp"
#include "term/small_stack.hpp"
#include "term/text_out.hpp"
#include "term/text_structs.hpp"
#include "term/utf8.hpp"
#include "term/walk.hpp"

#include <algorithm>
#include <deque>

namespace sedge {

namespace {

using namespace etf;
using text::output;
using pair = map_index::pair;

enum class dialect : std::uint8_t { erlang, erlang_plain, elixir };

class printer {
public:
    printer(const term_view& t, dialect d, const text_options& options)
        : out_(options.bytes_max), dialect_(d), options_(options), at_(t.data()) {
        if (t.bytes().size() > options.bytes_max) return;
        maps_.emplace(t.data(), sorted_pairs_max);
        if (d == dialect::elixir) keyword_lists_ = text::keyword_lists(t.data());
    }

    std::string run() && {
        write_term();
        while (!frames_.empty() && !out_.is_full()) next();
        return std::move(out_).finish();
    }

private:
    static constexpr std::size_t sorted_pairs_max = 32;

    enum class shape : std::uint8_t {
        tuple,
        list,
        keyword,      // a list of {atom, value}
        map_in_place, // pairs as they stand
        map,          // `pairs`
        map_keyword,  // `pairs`, all keys are atoms
        keys,         // the keys of `pairs`: a set
    };
    struct frame {
        shape kind;
        bool is_first;
        std::size_t left;   // elements or pairs to come; not a list's tail
        bool is_value_next; // maps
        std::span<const pair> pairs;
        bool is_reversed;
        const std::uint8_t* end; // of a container whose parts are not visited in order; else nullptr
        std::string_view close;
    };

    bool is_elixir() const { return dialect_ == dialect::elixir; }
    std::string_view separator() const { return is_elixir() ? ", " : ","; }

    /// Starts the term at `at_`. A term without elements is complete afterwards and `at_` is behind it.
    void write_term() {
        switch (*at_) {
        case small_tuple:
        case large_tuple: {
            const auto inside = contents_of(at_);
            out_ << '{';
            open({shape::tuple, true, inside.count, false, {}, false, nullptr, "}"}, inside.first);
            return;
        }
        case list: return open_list();
        case map: return open_map();
        default: break;
        }
        write_leaf();
        at_ = skip_leaf(at_);
    }

    void open(const frame& f, const std::uint8_t* first) {
        frames_.push(f);
        at_ = first;
    }

    /// Does the next step in the innermost open container.
    void next() {
        auto& f = frames_.top();
        if (f.is_value_next) {
            f.is_value_next = false;
            if (f.kind == shape::map) at_ = pair_of(f).value;
            out_ << " => ";
            --f.left;
            return write_term();
        }
        if (f.left == 0) return close(f);
        if (!f.is_first) out_ << separator();
        f.is_first = false;
        switch (f.kind) {
        case shape::tuple:
        case shape::list:
            --f.left;
            return write_term();
        case shape::keyword: { // {key, value}
            const auto key = atom_text(at_ + 2);
            at_ = skip_atom(at_ + 2);
            --f.left;
            text::write_key_elixir(out_, key);
            return write_term();
        }
        case shape::map_keyword: {
            const auto& p = pair_of(f);
            --f.left;
            text::write_key_elixir(out_, atom_text(p.key));
            at_ = p.value;
            return write_term();
        }
        case shape::map_in_place:
            f.is_value_next = true;
            return write_term();
        case shape::map:
            f.is_value_next = true;
            at_ = pair_of(f).key;
            return write_term();
        case shape::keys:
            at_ = pair_of(f).key;
            --f.left;
            return write_term();
        }
    }

    static const pair& pair_of(const frame& f) {
        return f.is_reversed ? f.pairs[f.left - 1] : f.pairs[f.pairs.size() - f.left];
    }

    void close(frame& f) {
        if (f.kind == shape::list || f.kind == shape::keyword) {
            if (*at_ != nil) { // the tail is an element like the others, behind a bar
                f.kind = shape::tuple;
                f.left = 1;
                f.is_first = true;
                out_ << (is_elixir() ? " | " : "|");
                return;
            }
            ++at_;
        }
        out_ << f.close;
        if (f.end != nullptr) at_ = f.end;
        if (f.kind == shape::keys) --sets_open_;
        frames_.pop();
    }

    // --- lists ---

    void open_list() {
        if (write_as_text()) {
            at_ = skip(at_);
            return;
        }
        const bool is_keyword = std::binary_search(keyword_lists_.begin(), keyword_lists_.end(), at_);
        out_ << '[';
        open({is_keyword ? shape::keyword : shape::list, true, load32(at_ + 1), false, {}, false, nullptr, "]"}, at_ + 5);
    }

    /// A LIST whose elements are all characters; most lists show at their first element that they are not.
    bool write_as_text() {
        if (dialect_ == dialect::erlang_plain || sets_open_ > 0) return false;
        const auto* p = at_ + 5;
        for (auto left = load32(at_ + 1); left > 0; --left, p = skip_leaf(p)) {
            if (*p != small_integer || !is_text_character(p[1])) return false;
        }
        if (*p != nil) return false;
        begin_text();
        p = at_ + 5;
        for (auto left = load32(at_ + 1); left > 0 && !out_.is_full(); --left, p += 2) write_character(p[1]);
        end_text();
        return true;
    }

    bool is_text_character(std::uint8_t c) const {
        return is_elixir() ? text::is_charlist_character(c) : text::is_printable_erlang(c);
    }
    void begin_text() {
        pending_.clear();
        out_ << (is_elixir() ? '\'' : '"');
    }
    void write_character(std::uint8_t c) {
        if (is_elixir()) {
            pending_ += static_cast<char>(c);
        } else {
            text::write_escaped_erlang(out_, c, '"');
        }
    }
    void end_text() {
        if (is_elixir()) text::write_escaped_elixir(out_, pending_, '\'');
        out_ << (is_elixir() ? '\'' : '"');
    }

    void write_string() {
        const byte_view bytes{at_ + 3, load16(at_ + 1)};
        if (dialect_ != dialect::erlang_plain && sets_open_ == 0 &&
            std::all_of(bytes.begin(), bytes.end(), [&](auto c) { return is_text_character(c); })) {
            begin_text();
            for (const auto c : bytes) write_character(c);
            return end_text();
        }
        write_numbers('[', bytes, "]");
    }

    void write_numbers(char open, byte_view bytes, std::string_view close) {
        out_ << open;
        write_numbers(bytes);
        out_ << close;
    }
    void write_numbers(byte_view bytes) {
        bool is_first = true;
        for (const auto b : bytes) {
            if (!is_first) out_ << separator();
            is_first = false;
            out_ << std::to_string(b);
            if (out_.is_full()) return;
        }
    }

    // --- maps ---

    void open_map() {
        const std::size_t count = load32(at_ + 1);
        const auto inside = contents_of(at_);
        const std::string_view head = is_elixir() ? "%{" : "#{";
        if (count < 2 || !maps_) { // nothing to sort
            const bool is_keyword = is_elixir() && count == 1 && is_key(inside.first);
            out_ << head;
            if (is_keyword) {
                text::write_key_elixir(out_, atom_text(inside.first));
                return open({shape::tuple, true, 1, false, {}, false, nullptr, "}"}, skip_atom(inside.first));
            }
            return open({shape::map_in_place, true, count, false, {}, false, nullptr, "}"}, inside.first);
        }
        const auto pairs = maps_->pairs(at_);
        const auto* end = maps_->end_of(at_);
        if (is_elixir() && count <= sorted_pairs_max && write_struct(pairs, end)) return;
        const bool is_keyword = is_elixir() && std::all_of(pairs.begin(), pairs.end(), [](const pair& p) { return is_key(p.key); });
        out_ << head;
        const bool is_reversed = !is_elixir() && count > sorted_pairs_max;
        open({is_keyword ? shape::map_keyword : shape::map, true, count, false, pairs, is_reversed, end, "}"}, at_);
    }

    static bool is_key(const std::uint8_t* p) {
        return (*p == small_atom_utf8 || *p == atom_utf8) && !atom_text(p).starts_with("Elixir.");
    }

    /// The structs of Elixir's own that have a form of their own.
    bool write_struct(std::span<const pair> pairs, const std::uint8_t* end) {
        auto known = text::known_struct(pairs);
        if (!known) return false;
        out_ << known->head;
        if (known->set != nullptr) {
            ++sets_open_;
            const std::size_t count = load32(known->set + 1);
            if (count == 1) {
                fields_.push_back({{known->set + 5, nullptr}});
            } else if (count > 1) {
                const auto keys = maps_->pairs(known->set);
                fields_.push_back({keys.begin(), keys.end()});
            } else {
                fields_.emplace_back();
            }
            open({shape::keys, true, count, false, fields_.back(), false, end, "])"}, at_);
            return true;
        }
        if (known->fields.empty()) {
            at_ = end;
            return true;
        }
        fields_.push_back(std::move(known->fields));
        open({shape::map_keyword, true, fields_.back().size(), false, fields_.back(), false, end, "}"}, at_);
        return true;
    }

    // --- terms without elements ---

    void write_leaf() {
        switch (*at_) {
        case nil: out_ << "[]"; return;
        case string: return write_string();
        case etf::binary: return write_binary({at_ + 5, load32(at_ + 1)});
        case bit_binary: return write_bitstring();
        case new_float:
            return is_elixir() ? text::write_float_elixir(out_, load_float(at_))
                               : text::write_float_erlang(out_, load_float(at_));
        case new_pid: return write_pid();
        case new_port:
        case v4_port: return write_port();
        case newer_reference: return write_reference();
        case etf::export_fun: return write_export();
        case new_fun: return write_fun();
        case small_atom_utf8:
        case atom_utf8: return write_atom(atom_text(at_));
        default: return text::write_integer(out_, at_, is_elixir() ? "0x" : "16#");
        }
    }

    void write_atom(std::string_view a) {
        if (is_elixir()) {
            text::write_atom_elixir(out_, a);
        } else {
            text::write_atom_erlang(out_, a);
        }
    }

    void write_binary(byte_view bytes) {
        const auto utf8 = as_text(bytes);
        if (is_elixir() && text::is_printable_elixir(utf8)) {
            out_ << '"';
            text::write_escaped_elixir(out_, utf8, '"');
            out_ << '"';
            return;
        }
        if (dialect_ == dialect::erlang && !bytes.empty() && write_binary_as_text(bytes)) return;
        out_ << "<<";
        write_numbers(bytes);
        out_ << ">>";
    }

    /// `<<"abc">>`, `<<"åäö"/utf8>>` if it is UTF-8, or Latin-1 if it is not.
    bool write_binary_as_text(byte_view bytes) {
        const auto utf8 = as_text(bytes);
        bool is_utf8 = true;
        bool is_ascii = true;
        for (std::size_t i = 0; i < utf8.size() && is_utf8;) {
            const auto c = utf8::decode(utf8.substr(i));
            is_utf8 = c.size > 0 && text::is_printable_erlang(c.value);
            is_ascii = is_ascii && c.size == 1;
            i += static_cast<std::size_t>(c.size);
        }
        if (!is_utf8 && !std::all_of(bytes.begin(), bytes.end(), text::is_printable_erlang)) return false;
        out_ << "<<\"";
        for (std::size_t i = 0; i < utf8.size() && !out_.is_full();) {
            const auto c = is_utf8 ? utf8::decode(utf8.substr(i)) : utf8::code_point{bytes[i], 1};
            text::write_escaped_erlang(out_, c.value, '"');
            i += static_cast<std::size_t>(c.size);
        }
        out_ << (is_utf8 && !is_ascii ? "\"/utf8>>" : "\">>");
        return true;
    }

    void write_bitstring() {
        const byte_view bytes{at_ + 6, load32(at_ + 1)};
        const int bits = at_[5];
        out_ << "<<";
        write_numbers(bytes.first(bytes.size() - 1));
        if (bytes.size() > 1) out_ << separator();
        out_ << std::to_string(bytes.back() >> (8 - bits));
        if (is_elixir()) {
            out_ << "::size(" << std::to_string(bits) << ")>>";
        } else {
            out_ << ':' << std::to_string(bits) << ">>";
        }
    }

    /// The first part of an identifier: 0 for this node, as Erlang writes it, otherwise the node's name.
    void write_node(std::string_view node) {
        if (options_.local_node && options_.local_node->text() == node) {
            out_ << '0';
        } else {
            text::write_plain(out_, node);
        }
    }

    void write_pid() {
        const auto* p = skip_atom(at_ + 1);
        out_ << (is_elixir() ? "#PID<" : "<");
        write_node(atom_text(at_ + 1));
        out_ << '.' << std::to_string(load32(p)) << '.' << std::to_string(load32(p + 4)) << '>';
    }

    void write_port() {
        const auto* p = skip_atom(at_ + 1);
        out_ << "#Port<";
        write_node(atom_text(at_ + 1));
        out_ << '.' << std::to_string(*at_ == v4_port ? load64(p) : load32(p)) << '>';
    }

    void write_reference() {
        const auto* words = skip_atom(at_ + 3) + 4;
        out_ << (is_elixir() ? "#Reference<" : "#Ref<");
        write_node(atom_text(at_ + 3));
        for (std::size_t i = load16(at_ + 1); i-- > 0;) out_ << '.' << std::to_string(load32(words + 4 * i));
        out_ << '>';
    }

    void write_export() {
        const auto* function = skip_atom(at_ + 1);
        const auto* arity = skip_atom(function);
        out_ << (is_elixir() ? "&" : "fun ");
        write_atom(atom_text(at_ + 1));
        out_ << (is_elixir() ? '.' : ':');
        if (is_elixir()) {
            text::write_function_name_elixir(out_, atom_text(function));
        } else {
            write_atom(atom_text(function));
        }
        out_ << '/';
        text::write_integer(out_, arity, "");
    }

    /// Elixir adds the function that made it, which only the module's code knows.
    void write_fun() {
        const auto* module = at_ + 30;
        const auto* index = skip_atom(module);
        const auto* unique = skip_leaf(index);
        out_ << (is_elixir() ? "#Function<" : "#Fun<");
        if (!is_elixir()) text::write_plain(out_, atom_text(module)), out_ << '.';
        text::write_integer(out_, index, "");
        out_ << '.';
        text::write_integer(out_, unique, "");
        if (is_elixir()) {
            out_ << '/' << std::to_string(at_[5]) << " in ";
            write_atom(atom_text(module));
        }
        out_ << '>';
    }

    output out_;
    dialect dialect_;
    const text_options& options_;
    const std::uint8_t* at_; // the term to write next, or the byte behind the one just written
    std::optional<map_index> maps_;
    std::vector<const std::uint8_t*> keyword_lists_;
    std::deque<std::vector<pair>> fields_; // what frames' `pairs` point into if it is no map's own
    std::string pending_;                  // characters of a charlist
    std::size_t sets_open_ = 0;            // inside MapSet.new([...]) lists of characters stay lists
    small_stack<frame, 16> frames_;
};

} // namespace

std::string to_erlang(const term_view& t, const text_options& options) {
    return printer{t, dialect::erlang, options}.run();
}
std::string to_erlang_plain(const term_view& t, const text_options& options) {
    return printer{t, dialect::erlang_plain, options}.run();
}
std::string to_elixir(const term_view& t, const text_options& options) {
    return printer{t, dialect::elixir, options}.run();
}

} // namespace sedge
