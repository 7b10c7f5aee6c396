// SPDX-License-Identifier: Apache-2.0
//
// From bytes of a stranger to a canonical term, in one pass.
//
// The input is read tag by tag. As long as all of it is canonical already, nothing is written: the canonical bytes
// are the input's own. At the first byte that has to change, what was read so far is copied and everything from
// there on is appended to the copy (`rewriting_`). Offsets into the canonical bytes mean the same in both cases.
//
// Containers that are being read lie on `frames_`, on the heap beyond the first 32, so that no input can use up the
// C stack. Counts are compared with the bytes that are left (each element takes at least one) before anything else
// happens, and nothing is ever allocated from a count alone.
//
// Lists: LIST(n) whose tail is a list again becomes one list; LIST of bytes becomes STRING. Both are settled when
// the tail is reached.
//
// Maps: keys must differ (`=:=`). Equal terms have canonical forms of equal size, so keys are compared only within
// groups of one size. That keeps the work at n log n even for maps used as keys of maps used as keys: where keys of
// one size meet, each has at most half of the bytes.
//
// Input in parts (`feed`): the same steps, always rewriting. A step, which is one leaf, one head or one tail, is done
// whole or not at all, so that the next part can go on where this one ends; only binaries are taken in pieces. That a
// container has more elements than bytes cannot be told before the end, and costs nothing until then.
//
// Growth: an ATOM_CACHE_REF of two bytes stands for up to 1023. The canonical form may have
// `term_growth_ratio_max` times the input's bytes, plus a constant for small inputs.

#include "term/canonical.hpp"

#include <sedge/base/large_memory.hpp>

#include "term/order.hpp"
#include "term/spare_buffers.hpp"
#include "term/utf8.hpp"
#include "term/walk.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace sedge::etf {

namespace {
constexpr std::size_t pairwise_keys_max = 8;                                // below, comparing all pairs beats sorting
constexpr std::size_t size_max = std::numeric_limits<std::uint32_t>::max(); // of a term, in bytes
} // namespace

result<void> canonicaliser::run() {
    if (in_.size() > size_max) {
        return error{term_errc::too_large, std::to_string(in_.size()) + " bytes"};
    }
    while (!complete_) {
        if (!step()) return *std::move(error_);
    }
    return {};
}

result<std::size_t> canonicaliser::feed(byte_view bytes) {
    in_ = bytes;
    at_ = 0;
    while (!complete_) {
        const std::size_t taken = at_;
        const std::size_t made = out_.size();
        if (step()) continue;
        if (!cut_) return *std::move(error_);
        cut_ = false;
        error_.reset();
        at_ = taken; // a step is done whole or not at all
        out_.truncate(made);
        break;
    }
    passed_ += at_;
    in_ = {};
    return std::exchange(at_, 0);
}

std::span<std::uint8_t> canonicaliser::open(std::size_t count) {
    SEDGE_ASSERT(expects_binary(count));
    return {out_.extend(count), count};
}

result<void> canonicaliser::close(std::size_t count) {
    passed_ += count;
    binary_left_ -= count;
    if (binary_left_ > 0 || element_done()) return {};
    return *std::move(error_);
}

void canonicaliser::reserve(std::size_t bytes, std::size_t announced) {
    if (out_.capacity() == 0) out_ = encode_buffer{spare_buffer(bytes, announced)};
    out_.reserve(bytes);
}

void canonicaliser::use_large_pages() noexcept { expect_large(out_.data(), out_.capacity()); }

// --- the output side ------------------------------------------------------------------------------------------

void canonicaliser::drop(std::size_t count) {
    start_rewriting();
    at_ += count;
}

encoder canonicaliser::rewrite(std::size_t count) {
    drop(count);
    return encoder{out_};
}

void canonicaliser::start_rewriting() {
    if (rewriting_) return;
    rewriting_ = true;
    out_.reserve(in_.size() + in_.size() / 4);
    out_.clear();
    out_.append(in_.first(at_));
}

bool canonicaliser::fail(const char* why, term_errc code) {
    error_.emplace(code, "byte " + std::to_string(passed_ + at_) + ": " + why);
    return false;
}

bool canonicaliser::cut() {
    cut_ = true;
    return fail("cut");
}

// --- terms ----------------------------------------------------------------------------------------------------

bool canonicaliser::step() {
    if (binary_left_ > 0) return read_more_of_binary();
    return tail_is_next_ ? read_tail() : read_term();
}

bool canonicaliser::read_term() {
    if (!has(1)) return cut();
    const std::uint8_t* p = here();
    bool ok = false;
    switch (*p) {
    case small_integer: ok = keep(2); break;
    case small_atom_utf8:
    case atom_utf8:
    case atom_latin1:
    case small_atom_latin1:
    case atom_cache_ref: ok = read_atom(); break;
    case small_tuple:
        if (!has(2)) return cut();
        return read_head(shape::tuple, 2, p[1]);
    case large_tuple:
        if (!has(5)) return cut();
        return read_head(shape::tuple, 5, load32(p + 1));
    case list:
        if (!has(5)) return cut();
        if (load32(p + 1) == 0) return drop(5), true; // the tail alone, as if it stood here
        return read_head(shape::list, 5, std::size_t{load32(p + 1)} + 1);
    case map:
        if (!has(5)) return cut();
        return read_head(shape::map, 5, 2 * std::size_t{load32(p + 1)});
    case new_fun: return read_fun();
    case integer: {
        if (!has(5)) return cut();
        const auto value = load32(p + 1);
        if (value > 255) {
            ok = keep(5);
        } else {
            rewrite(5).integer(value), ok = true;
        }
        break;
    }
    case nil: ok = keep(1); break;
    case string:
        if (!has(3)) return cut();
        if (load16(p + 1) > 0) {
            ok = keep(3 + std::size_t{load16(p + 1)});
        } else {
            rewrite(3).nil(), ok = true;
        }
        break;
    case binary:
        if (!has(5)) return cut();
        if (in_parts_ && load32(p + 1) > 0) { // may go on in the next part
            binary_left_ = load32(p + 1);
            return keep(5);
        }
        ok = keep(5 + std::size_t{load32(p + 1)});
        break;
    case new_float:
        if (!has(9)) return cut();
        if ((load16(p + 1) & 0x7ff0) == 0x7ff0) return fail("float is not finite");
        ok = keep(9);
        break;
    case small_big:
        if (!has(3)) return cut();
        ok = read_big(3, p[1]);
        break;
    case large_big:
        if (!has(6)) return cut();
        ok = read_big(6, load32(p + 1));
        break;
    case old_float: ok = read_old_float(); break;
    case bit_binary: ok = read_bitstring(); break;
    case new_pid:
    case old_pid: ok = read_pid(); break;
    case new_port:
    case v4_port:
    case old_port: ok = read_port(); break;
    case newer_reference:
    case new_reference:
    case old_reference: ok = read_reference(); break;
    case export_fun: ok = read_export(); break;
    default: return fail("unknown tag");
    }
    return ok && element_done();
}

/// The bytes of a binary, as many as there are.
bool canonicaliser::read_more_of_binary() {
    const std::size_t count = std::min(binary_left_, remaining());
    if (count == 0) return cut();
    keep(count);
    binary_left_ -= count;
    return binary_left_ > 0 || element_done();
}

/// `count` terms follow the head; a tuple or map without any is complete at once.
bool canonicaliser::read_head(shape kind, std::size_t head_bytes, std::size_t count) {
    if (!can_follow(count, head_bytes)) return fail("more elements than bytes");
    if (count > 0 && frames_.size() == options_.nesting_max) return fail("nesting", term_errc::too_deep);
    const auto start = position();
    if (kind == shape::tuple && head_bytes == 5 && count <= 255) {
        rewrite(5).tuple(count);
    } else {
        keep(head_bytes);
    }
    if (count == 0) return element_done();
    frames_.push({start, count, keys_.size(), maps_seen_, kind});
    if (kind == shape::map && count > 2) keys_.push({position(), 0, false});
    return true;
}

bool canonicaliser::element_done() {
    if (rewriting_) {
        const std::size_t growth = limits::term_growth_ratio_max * (passed_ + in_.size());
        if (out_.size() > limits::term_growth_free_bytes + growth || out_.size() > size_max) {
            return fail("grows too much", term_errc::too_large);
        }
    }
    while (!frames_.empty()) {
        frame& f = frames_.top();
        --f.left;
        if (f.kind == shape::list && f.left == 1) {
            tail_is_next_ = true;
            return true;
        }
        if (f.kind == shape::map && f.keys != keys_.size()) { // has two pairs or more
            if (f.left % 2 == 1) {                            // a key is complete
                auto& k = keys_.top();
                k.size = position() - k.start;
                k.holds_map = maps_seen_ != f.maps_seen;
            } else if (f.left > 0) { // a value is complete
                keys_.push({position(), 0, false});
                f.maps_seen = maps_seen_;
            }
        }
        if (f.left > 0) return true;
        if (!close_container(f)) return false;
        frames_.pop();
    }
    complete_ = true;
    return true;
}

bool canonicaliser::close_container(const frame& f) {
    if (f.kind == shape::map) return close_map(f);
    if (f.kind == shape::list) {
        const auto length = load32(written() + f.start + 1);
        if (is_byte_list(written() + f.start + 5, written() + position(), length)) {
            start_rewriting();
            shorten_list(out_, f.start);
        }
    }
    if (f.kind == shape::fun) { // its size may be a lie, or its contents changed theirs
        const auto size = static_cast<std::uint32_t>(position() - f.start - 1);
        if (load32(written() + f.start + 1) != size) {
            start_rewriting();
            store32(out_.data() + f.start + 1, size);
        }
    }
    return true;
}

/// All elements of a list are read, the tail is next. A tail that is a list continues this one.
bool canonicaliser::read_tail() {
    frame& f = frames_.top();
    if (!has(1)) return cut();
    const std::uint8_t* p = here();
    std::size_t more = 0;
    bool closed = *p == nil;
    if (*p == nil) {
        keep(1);
    } else if (*p == string) {
        if (!has(3) || !has(3 + std::size_t{load16(p + 1)})) return cut();
        more = load16(p + 1);
        drop(3 + more);
        std::uint8_t* out = out_.extend(2 * more + 1);
        for (std::size_t i = 0; i < more; ++i) {
            *out++ = small_integer;
            *out++ = p[3 + i];
        }
        *out = nil;
        closed = true;
    } else if (*p == list) {
        if (!has(5)) return cut();
        more = load32(p + 1);
        if (!can_follow(more + 1, 5)) return fail("more elements than bytes");
        drop(5);
        f.left += more;
        if (more == 0) return true; // the tail of this one stands next
    }
    tail_is_next_ = false; // improper: one more term
    if (more > 0) {
        const std::size_t length = load32(out_.data() + f.start + 1) + more;
        if (length > size_max) return fail("list of too many elements", term_errc::too_large);
        store32(out_.data() + f.start + 1, static_cast<std::uint32_t>(length));
    }
    return !closed || element_done();
}

bool canonicaliser::close_map(const frame& f) {
    const auto count = keys_.size() - f.keys;
    if (count == 0) return true;
    ++maps_seen_;
    if (has_equal_keys(keys_.data() + f.keys, count)) return fail("map with equal keys");
    keys_.shrink(f.keys);
    return true;
}

bool canonicaliser::has_equal_keys(key* first, std::size_t count) const {
    const auto at = [&](const key& k) { return written() + k.start; };
    if (count <= pairwise_keys_max && std::none_of(first, first + count, [](const key& k) { return k.holds_map; })) {
        for (auto* a = first; a != first + count; ++a) {
            for (auto* b = first; b != a; ++b) {
                if (a->size == b->size && std::memcmp(at(*a), at(*b), a->size) == 0) return true;
            }
        }
        return false;
    }
    std::sort(first, first + count, [&](const key& a, const key& b) {
        if (a.size != b.size) return a.size < b.size;
        if (a.holds_map != b.holds_map) return b.holds_map;
        return !a.holds_map && std::memcmp(at(a), at(b), a.size) < 0;
    });
    for (auto* group = first; group != first + count;) {
        auto* end = std::find_if(group, first + count, [&](const key& k) {
            return k.size != group->size || k.holds_map != group->holds_map;
        });
        if (!group->holds_map) {
            const auto same = [&](const key& a, const key& b) { return std::memcmp(at(a), at(b), a.size) == 0; };
            if (std::adjacent_find(group, end, same) != end) return true;
        } else {
            std::vector<const std::uint8_t*> terms;
            for (auto* k = group; k != end; ++k) terms.push_back(at(*k));
            if (terms.size() > 1 && has_equal_terms(std::move(terms))) return true;
        }
        group = end;
    }
    return false;
}

// --- lists of bytes -------------------------------------------------------------------------------------------

bool is_byte_list(const std::uint8_t* first, const std::uint8_t* last, std::size_t length) noexcept {
    if (length > string_bytes_max || static_cast<std::size_t>(last - first) != 2 * length + 1) return false;
    for (; first + 1 < last; first += 2) {
        if (*first != small_integer) return false;
    }
    return *first == nil;
}

std::size_t shorten_list(std::uint8_t* term, std::size_t size) noexcept {
    if (*term != list) return size;
    const auto length = load32(term + 1);
    if (!is_byte_list(term + 5, term + size, length)) return size;
    const auto* from = term + 6;
    term[0] = string;
    term[1] = static_cast<std::uint8_t>(length >> 8);
    term[2] = static_cast<std::uint8_t>(length);
    for (std::size_t i = 0; i < length; ++i) term[3 + i] = from[2 * i];
    return 3 + length;
}

void shorten_list(encode_buffer& out, std::size_t start) {
    out.truncate(start + shorten_list(out.data() + start, out.size() - start));
}

} // namespace sedge::etf
