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
#include "term/order.hpp"
#include "term/small_stack.hpp"
#include "term/text_leaves.hpp"
#include "term/text_structs.hpp"
#include "term/walk.hpp"

#include <algorithm>
#include <deque>

namespace sedge {

namespace {

using namespace etf;
using text::dialect;
using pair = map_index::pair;

class printer {
public:
    printer(const term_view& t, dialect d, const text_options& options)
        : out_(options.bytes_max), leaves_(out_, d, options), at_(t.data()) {
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

    bool is_elixir() const { return leaves_.is_elixir(); }

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
        leaves_.write(at_, sets_open_ > 0);
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
        if (!f.is_first) out_ << leaves_.separator();
        f.is_first = false;
        switch (f.kind) {
        case shape::tuple:
        case shape::list: --f.left; return write_term();
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
        case shape::map_in_place: f.is_value_next = true; return write_term();
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
        if (sets_open_ == 0 && leaves_.write_as_text(at_)) {
            at_ = skip(at_);
            return;
        }
        const bool is_keyword = std::binary_search(keyword_lists_.begin(), keyword_lists_.end(), at_);
        out_ << '[';
        const auto kind = is_keyword ? shape::keyword : shape::list;
        open({kind, true, load32(at_ + 1), false, {}, false, nullptr, "]"}, at_ + 5);
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
        const bool is_keyword =
            is_elixir() && std::all_of(pairs.begin(), pairs.end(), [](const pair& p) { return is_key(p.key); });
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

    text::output out_;
    text::leaf_writer leaves_; // writes into out_
    const std::uint8_t* at_;   // the term to write next, or the byte behind the one just written
    std::optional<map_index> maps_;
    std::vector<const std::uint8_t*> keyword_lists_;
    std::deque<std::vector<pair>> fields_; // what frames' `pairs` point into if it is no map's own
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
