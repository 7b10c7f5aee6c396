// SPDX-License-Identifier: Apache-2.0
//
// Erlang's term order on encoded terms, without recursion:
//
//     number < atom < reference < fun < port < pid < tuple < map < nil < list < bitstring
//
// Two terms are walked in step. As long as they agree, both have the same shape, so that the number of terms still
// to be compared (`pending_`) is all there is to remember; only maps need a frame, because their pairs are visited in
// another order than they stand in: by size, then all keys in key order, then the values in the same order. Keys
// compare exactly (integers before floats), also inside them; values as the map itself is compared.
//
// Of two lists of different length the shorter decides when its elements are used up: its tail, which is no list,
// is compared with a list.
//
// Differs from OTP: funs are opaque, so those of the same module, index and unique value compare by their bytes;
// and 0.0 and -0.0 are different keys and different under `=:=`, as from OTP 27 on.

#include "term/order.hpp"

#include <sedge/term/order.hpp>

#include "term/order_leaves.hpp"
#include "term/small_stack.hpp"
#include "term/walk.hpp"

#include <algorithm>

namespace sedge::etf {

namespace {

class walk_in_step {
public:
    walk_in_step(const std::uint8_t* a, const std::uint8_t* b, strictness how, const map_index* maps_of_a,
                 const map_index* maps_of_b)
        : a_(a), b_(b), how_(how), maps_of_a_(maps_of_a), maps_of_b_(maps_of_b) {}

    int run() {
        for (;;) {
            // A map that is the last element before the tail is open at the same level, and has to be finished first.
            if (pending_ == decide_at_ && frames_.size() == frames_at_decision_)
                return longer_is_a_ ? -order_to_list(b_) : order_to_list(a_);
            if (!frames_.empty() && pending_ == frames_.top().level) {
                next_in_map();
                continue;
            }
            if (pending_ == 0) return 0;
            --pending_;
            if (int o = one()) return o;
        }
    }

private:
    struct map_frame {
        std::span<const map_index::pair> a, b; // empty for a map of one pair, which is walked as it stands
        const std::uint8_t* end_of_a;
        const std::uint8_t* end_of_b;
        std::size_t level; // of pending_ when one of its keys or values is done
        std::size_t next;
        bool in_values;
        strictness outside;
    };

    static int order_to_list(const std::uint8_t* tail) { return sign_of(rank_of(tail), rank::list); }

    int one() {
        const rank r = rank_of(a_);
        if (const rank other = rank_of(b_); r != other) return sign_of(r, other);
        switch (r) {
        case rank::tuple: return enter_tuples();
        case rank::map: return enter_maps();
        case rank::list: return *a_ == string || *b_ == string ? byte_lists() : enter_lists();
        default: break;
        }
        const int o = order_leaves(a_, b_, r, how_);
        a_ = skip_leaf(a_);
        b_ = skip_leaf(b_);
        return o;
    }

    int enter_tuples() {
        const auto x = contents_of(a_);
        const auto y = contents_of(b_);
        if (x.count != y.count) return sign_of(x.count, y.count);
        a_ = x.first;
        b_ = y.first;
        pending_ += x.count;
        return 0;
    }

    int enter_lists() {
        const auto x = contents_of(a_);
        const auto y = contents_of(b_);
        a_ = x.first;
        b_ = y.first;
        if (x.count == y.count) {
            pending_ += x.count;
        } else {
            decide_at_ = pending_; // an earlier one is farther out, and this one is reached first
            frames_at_decision_ = frames_.size();
            longer_is_a_ = x.count > y.count;
            pending_ += std::min(x.count, y.count) - 1;
        }
        return 0;
    }

    /// Elements of a STRING or a LIST, one at a time; those of a STRING look like encoded integers.
    struct byte_list_cursor {
        explicit byte_list_cursor(const std::uint8_t* list)
            : in_string(*list == string), left(in_string ? load16(list + 1) : load32(list + 1)),
              at(list + (in_string ? 3 : 5)) {}

        const std::uint8_t* element() {
            if (!in_string) return at;
            as_term[1] = *at;
            return as_term;
        }
        void next() {
            at = in_string ? at + 1 : skip_leaf(at);
            --left;
        }
        [[nodiscard]] rank tail() const { return left > 0 ? rank::list : in_string ? rank::nil : rank_of(at); }

        bool in_string;
        std::size_t left;
        const std::uint8_t* at;
        std::uint8_t as_term[2] = {small_integer, 0};
    };

    /// At least one is a STRING, so whatever is not a number decides.
    int byte_lists() {
        byte_list_cursor x{a_};
        byte_list_cursor y{b_};
        for (; x.left > 0 && y.left > 0; x.next(), y.next()) {
            const auto* s = x.element();
            const auto* t = y.element();
            if (int o = sign_of(rank_of(s), rank_of(t))) return o;
            if (int o = order_numbers(s, t, how_)) return o;
        }
        if (int o = sign_of(x.tail(), y.tail())) return o;
        a_ = x.at + (x.in_string ? 0 : 1); // both end in []
        b_ = y.at + (y.in_string ? 0 : 1);
        return 0;
    }

    int enter_maps() {
        const auto x = contents_of(a_);
        const auto y = contents_of(b_);
        if (x.count != y.count) return sign_of(x.count, y.count);
        map_frame f{{}, {}, nullptr, nullptr, pending_, 0, false, how_};
        if (x.count > 2) {
            if (maps_of_a_ == nullptr) return needs_index;
            f.a = maps_of_a_->pairs(a_);
            f.b = maps_of_b_->pairs(b_);
            f.end_of_a = maps_of_a_->end_of(a_);
            f.end_of_b = maps_of_b_->end_of(b_);
        }
        a_ = x.first;
        b_ = y.first;
        if (x.count == 0) return 0;
        how_ = strictness::exact;
        frames_.push(f);
        return 0;
    }

    void next_in_map() {
        auto& f = frames_.top();
        const std::size_t count = std::max<std::size_t>(1, f.a.size());
        if (f.next == count && !f.in_values) {
            f.in_values = true;
            f.next = 0;
            how_ = f.outside;
        }
        if (f.next == count) {
            if (!f.a.empty()) {
                a_ = f.end_of_a;
                b_ = f.end_of_b;
            }
            frames_.pop();
            return;
        }
        if (!f.a.empty()) {
            a_ = f.in_values ? f.a[f.next].value : f.a[f.next].key;
            b_ = f.in_values ? f.b[f.next].value : f.b[f.next].key;
        }
        ++f.next;
        ++pending_;
    }

    const std::uint8_t* a_;
    const std::uint8_t* b_;
    std::size_t pending_ = 1;
    std::size_t decide_at_ = static_cast<std::size_t>(-1); // of pending_: lists of different length
    std::size_t frames_at_decision_ = 0;
    bool longer_is_a_ = false;
    strictness how_;
    const map_index* maps_of_a_;
    const map_index* maps_of_b_;
    small_stack<map_frame, 4> frames_;
};

/// Equal (`=:=`) with all maps in the same order. If not, `holds_map` tells whether another order could be why.
bool equal_as_they_stand(const std::uint8_t* a, const std::uint8_t* b, bool& holds_map) {
    for (std::size_t pending = 1; pending > 0;) {
        --pending;
        if (*a == string || *b == string || skip_leaf(a) != nullptr) {
            if (order(a, b, strictness::exact, nullptr, nullptr) != 0) return false;
            a = skip(a);
            b = skip(b);
            continue;
        }
        const auto x = contents_of(a);
        const auto y = contents_of(b);
        if (*a != *b || x.count != y.count) return false;
        holds_map = holds_map || (*a == map && x.count > 2);
        pending += x.count;
        a = x.first;
        b = y.first;
    }
    return true;
}

} // namespace

int order(const std::uint8_t* a, const std::uint8_t* b, strictness how, const map_index* maps_of_a,
          const map_index* maps_of_b) {
    return walk_in_step{a, b, how, maps_of_a, maps_of_b}.run();
}

map_index::map_index(const std::uint8_t* term, std::size_t sorted_max) {
    struct frame {
        std::size_t left;
        std::size_t entry; // in maps_, or npos
        std::size_t open;  // size of `open` when it began
    };
    constexpr auto npos = static_cast<std::size_t>(-1);
    std::vector<frame> frames;
    std::vector<pair> open; // pairs of the maps that are being read
    const auto* p = term;
    do {
        const auto inside = contents_of(p);
        if (!frames.empty() && frames.back().entry != npos) {
            if (frames.back().left % 2 == 0) {
                open.push_back({p, nullptr});
            } else {
                open.back().value = p;
            }
        }
        if (inside.count > 0) {
            const bool is_sorted_here = *p == map && inside.count > 2;
            frames.push_back({inside.count, is_sorted_here ? maps_.size() : npos, open.size()});
            if (is_sorted_here) maps_.push_back({p, nullptr, 0});
            p = inside.first;
            continue;
        }
        const auto* next = skip_leaf(p);
        p = next != nullptr ? next : inside.first;
        while (!frames.empty() && --frames.back().left == 0) {
            const auto f = frames.back();
            frames.pop_back();
            if (f.entry == npos) continue;
            const auto first = open.begin() + static_cast<std::ptrdiff_t>(f.open);
            if (open.size() - f.open <= sorted_max) {
                std::sort(first, open.end(), [&](const pair& a, const pair& b) {
                    return order(a.key, b.key, strictness::exact, this, this) < 0;
                });
            }
            maps_[f.entry].first = pairs_.size();
            maps_[f.entry].end = p;
            pairs_.insert(pairs_.end(), first, open.end());
            open.resize(f.open);
        }
    } while (!frames.empty());
}

const map_index::entry& map_index::at(const std::uint8_t* map) const noexcept {
    return *std::lower_bound(maps_.begin(), maps_.end(), map,
                             [](const entry& e, const std::uint8_t* p) { return e.map < p; });
}
std::span<const map_index::pair> map_index::pairs(const std::uint8_t* map) const noexcept {
    return {pairs_.data() + at(map).first, load32(map + 1)};
}
const std::uint8_t* map_index::end_of(const std::uint8_t* map) const noexcept { return at(map).end; }

bool has_equal_terms(std::vector<const std::uint8_t*> terms) {
    std::vector<std::pair<const std::uint8_t*, map_index>> all;
    all.reserve(terms.size());
    for (const auto* t : terms) all.emplace_back(t, map_index{t});
    const auto how = [](const auto& a, const auto& b) {
        return order(a.first, b.first, strictness::exact, &a.second, &b.second);
    };
    std::sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return how(a, b) < 0; });
    return std::adjacent_find(all.begin(), all.end(), [&](const auto& a, const auto& b) { return how(a, b) == 0; }) !=
           all.end();
}

} // namespace sedge::etf

namespace sedge {

bool operator==(const term_view& a, const term_view& b) noexcept {
    if (a.data() == b.data()) return true;
    bool holds_map = false;
    if (etf::equal_as_they_stand(a.data(), b.data(), holds_map)) return true;
    if (!holds_map) return false;
    const etf::map_index of_a{a.data()};
    const etf::map_index of_b{b.data()};
    return etf::order(a.data(), b.data(), etf::strictness::exact, &of_a, &of_b) == 0;
}

namespace {

int order_of(const term_view& a, const term_view& b, etf::strictness how) {
    const int o = etf::order(a.data(), b.data(), how, nullptr, nullptr);
    if (o != etf::needs_index) return o;
    const etf::map_index of_a{a.data()};
    const etf::map_index of_b{b.data()};
    return etf::order(a.data(), b.data(), how, &of_a, &of_b);
}

} // namespace

std::weak_ordering compare(const term_view& a, const term_view& b) noexcept {
    return order_of(a, b, etf::strictness::by_value) <=> 0;
}

std::strong_ordering compare_exactly(const term_view& a, const term_view& b) noexcept {
    return order_of(a, b, etf::strictness::exact) <=> 0;
}

} // namespace sedge
