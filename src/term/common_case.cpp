// SPDX-License-Identifier: Apache-2.0
//
// One pass over the tags, in which nothing is written but the atoms that stand in the packet's header. Whatever would
// have to be changed otherwise (old forms, lists of bytes that are no STRING, lists that go on in their tail), is rare
// (ports, funs, large integers), deep or wrong ends the attempt: the canonicaliser begins anew, which costs such a term
// about a fifth more. So each rule here may be stricter than the canonicaliser's, and none may be laxer; that the two
// give the same bytes is tested with random terms and by the fuzzer.
//
// Keys of a map must differ. Nodes send small maps sorted, so each key is compared with the one before it; while they
// ascend they differ. From the first that does not on, each is compared with all before it. Any order will do for that,
// if equal keys are equal in it: by tag, then bytes, then length, of which the first eight bytes mostly decide.
#include "term/common_case.hpp"

#include "term/canonical.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace sedge::etf {

namespace {

constexpr std::size_t depth_max = 64;
constexpr std::size_t keys_max = 128;         // of all maps that are open
constexpr std::size_t unsorted_keys_max = 32; // of one map: OTP sorts the keys of smaller ones
constexpr std::size_t atom_bytes_max = 255;   // more needs another tag

class scanner {
public:
    scanner(byte_view bytes, const decode_options& options, encode_buffer& scratch) noexcept
        : begin_(bytes.data()), end_(bytes.data() + bytes.size()), at_(bytes.data()), copied_(bytes.data()),
          options_(options), scratch_(scratch),
          made_max_(limits::term_growth_free_bytes + limits::term_growth_ratio_max * bytes.size()) {}

    std::optional<common_case> run() {
        if (!pass_all()) return std::nullopt;
        const auto consumed = static_cast<std::size_t>(at_ - begin_);
        if (copied_ == begin_) return common_case{{begin_, consumed}, consumed};
        const auto rest = static_cast<std::size_t>(at_ - copied_);
        if (scratch_.size() + rest > made_max_) return std::nullopt;
        scratch_.append({copied_, rest});
        return common_case{scratch_.bytes(), consumed};
    }

private:
    enum class shape : std::uint8_t { none, tuple, list, map };
    struct frame { // a container around the one that is being read
        const std::uint8_t* first;
        std::size_t left;
        std::size_t keys;
        shape kind;
        bool compares; // its keys, since there are two or more
        bool sorted;   // they ascend, so far
    };
    struct key {
        const std::uint8_t* text;
        std::size_t size;
        std::uint64_t start; // the first eight bytes
        std::uint8_t tag;
    };

    [[nodiscard]] std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    bool pass(std::size_t count) noexcept {
        if (remaining() < count) return false;
        at_ += count;
        return true;
    }

    bool pass_all() {
        for (;;) {
            if (at_ == end_) return false;
            const auto* const start = at_;
            switch (*at_) {
            case small_tuple:
                if (remaining() < 2) return false;
                if (!open(shape::tuple, 2, at_[1])) return false;
                if (start[1] > 0) continue;
                break;
            case large_tuple:
                if (remaining() < 5 || load32(at_ + 1) <= 255) return false;
                if (!open(shape::tuple, 5, load32(at_ + 1))) return false;
                continue;
            case list:
                if (remaining() < 5 || load32(at_ + 1) == 0) return false;
                if (!open(shape::list, 5, std::size_t{load32(at_ + 1)} + 1)) return false;
                continue;
            case map:
                if (remaining() < 5) return false;
                if (!open(shape::map, 5, 2 * std::size_t{load32(at_ + 1)})) return false;
                if (load32(start + 1) > 0) continue;
                break;
            default:
                if (!pass_leaf()) return false;
            }
            if (!complete(start)) return false;
            if (kind_ == shape::none) return true;
        }
    }

    /// `count` terms follow the head.
    bool open(shape kind, std::size_t head_bytes, std::size_t count) noexcept {
        at_ += head_bytes;
        if (count == 0) return true;
        if (count > remaining() || depth_ == depth_max || depth_ >= options_.nesting_max) return false;
        frames_[depth_++] = {first_, left_, first_key_, kind_, compares_, sorted_};
        first_ = at_;
        left_ = count;
        kind_ = kind;
        first_key_ = keys_;
        compares_ = kind == shape::map && count > 2;
        sorted_ = true;
        return true;
    }

    /// One term is complete, which began at `start`; closes what ends with it.
    bool complete(const std::uint8_t* start) noexcept {
        for (;;) {
            if (kind_ == shape::none) return true;
            if (compares_ && left_ % 2 == 0 && !is_new_key(start)) return false;
            if (--left_ > 1) return true;
            if (left_ == 1) {
                if (kind_ != shape::list) return true;
                if (at_ == end_ || *at_ == list || *at_ == string) return false;
                if (*at_ != nil) return true; // the tail of an improper list
                ++at_;
                const auto length = static_cast<std::size_t>(at_ - first_) / 2;
                if (static_cast<std::size_t>(at_ - first_) % 2 == 1 && is_byte_list(first_, at_, length)) return false;
            }
            const frame& around = frames_[--depth_];
            start = nullptr; // not asked for: see is_new_key
            keys_ = first_key_;
            first_ = around.first;
            left_ = around.left;
            first_key_ = around.keys;
            kind_ = around.kind;
            compares_ = around.compares;
            sorted_ = around.sorted;
        }
    }

    bool pass_leaf() {
        const std::uint8_t* const p = at_;
        switch (*p) {
        case small_integer: return pass(2);
        case integer: return remaining() >= 5 && load32(p + 1) > 255 && pass(5);
        case small_atom_utf8:
        case atom_cache_ref: return pass_atom();
        case binary: {
            if (remaining() < 5) return false;
            // Mostly the length is its last byte, and what follows need not wait for the other three.
            const std::size_t size = (p[1] | p[2] | p[3]) == 0 ? p[4] : load32(p + 1);
            return pass(5 + size);
        }
        case nil: return pass(1);
        case new_float: return remaining() >= 9 && (load16(p + 1) & 0x7ff0) != 0x7ff0 && pass(9);
        case string: return remaining() >= 3 && load16(p + 1) > 0 && pass(3 + std::size_t{load16(p + 1)});
        case small_big: // of five bytes and more, which INTEGER never holds
            return remaining() >= 3 && p[1] > 4 && p[2] <= 1 && pass(3 + std::size_t{p[1]}) && at_[-1] != 0;
        case new_pid: return pass_tag_and_atom(1) && pass(12);
        case newer_reference: {
            if (remaining() < 3) return false;
            const std::size_t words = load16(p + 1);
            if (words == 0 || words > limits::reference_words_max) return false;
            return pass_tag_and_atom(3) && pass(4 + 4 * words);
        }
        default: return false;
        }
    }

    bool pass_tag_and_atom(std::size_t head_bytes) {
        at_ += head_bytes;
        return at_ < end_ && pass_atom();
    }

    bool pass_atom() {
        const std::uint8_t* const p = at_;
        if (remaining() < 2) return false;
        if (*p == small_atom_utf8) return pass(2 + std::size_t{p[1]}) && is_ascii(p + 2, p[1]);
        if (*p != atom_cache_ref || p[1] >= options_.header_atoms.size()) return false;
        const auto text = options_.header_atoms[p[1]].text();
        if (text.size() > atom_bytes_max) return false;
        const auto before = static_cast<std::size_t>(p - copied_);
        if (scratch_.size() + before > made_max_) return false;
        auto* out = scratch_.extend(before + 2 + text.size());
        copy_short(out, copied_, before);
        out[before] = small_atom_utf8;
        out[before + 1] = static_cast<std::uint8_t>(text.size());
        copy_short(out + before + 2, text.data(), text.size());
        at_ += 2;
        copied_ = at_;
        return true;
    }

    /// Compares the key of a map that begins at `start` with those before it.
    bool is_new_key(const std::uint8_t* start) noexcept {
        if (start == nullptr || keys_ == keys_max) return false; // containers as keys are rare
        key& k = table_[keys_];
        describe(start, k);
        if (k.text == nullptr) return false;
        if (keys_++ == first_key_) return true;
        sorted_ = sorted_ && compare(table_[keys_ - 2], k) < 0;
        if (sorted_) return true;
        if (keys_ - first_key_ > unsorted_keys_max) return false;
        return std::none_of(&table_[first_key_], &table_[keys_ - 1],
                            [&](const key& earlier) { return compare(earlier, k) == 0; });
    }

    /// Without text where bytes do not tell whether keys are equal.
    void describe(const std::uint8_t* start, key& k) const noexcept {
        k.text = start;
        k.size = static_cast<std::size_t>(at_ - start);
        k.start = 0;
        k.tag = *start;
        switch (*start) {
        case binary: k.text += 5, k.size -= 5; break;
        case small_atom_utf8: k.text += 2, k.size -= 2; break;
        case atom_cache_ref: {
            const auto text = options_.header_atoms[start[1]].text();
            k.text = reinterpret_cast<const std::uint8_t*>(text.data());
            k.size = text.size();
            k.tag = small_atom_utf8;
            return start_bytewise(k);
        }
        case new_pid:
        case newer_reference: // the name in it may stand in the header
            if (!options_.header_atoms.empty()) k.text = nullptr;
            break;
        default: break;
        }
        if (k.text == nullptr) return;
        if (k.size >= 8) {
            k.start = load64(k.text);
        } else if (end_ - k.text >= 8) {
            k.start = k.size == 0 ? 0 : load64(k.text) >> (64 - 8 * k.size) << (64 - 8 * k.size);
        } else {
            start_bytewise(k);
        }
    }

    static void start_bytewise(key& k) noexcept {
        for (std::size_t i = 0; i < 8; ++i) k.start = k.start << 8 | (i < k.size ? k.text[i] : 0);
    }

    static int compare(const key& a, const key& b) noexcept {
        if (a.tag != b.tag) return a.tag < b.tag ? -1 : 1;
        if (a.start != b.start) return a.start < b.start ? -1 : 1;
        if (const int order = std::memcmp(a.text, b.text, std::min(a.size, b.size)); order != 0) return order;
        return a.size == b.size ? 0 : a.size < b.size ? -1 : 1;
    }

    const std::uint8_t* const begin_;
    const std::uint8_t* const end_;
    const std::uint8_t* at_;
    const std::uint8_t* copied_; // up to here all is in the scratch memory; the beginning: nothing is
    const decode_options& options_;
    encode_buffer& scratch_;
    const std::size_t made_max_;

    // The container that is being read: its first element, terms still to come, what is known of its keys.
    const std::uint8_t* first_ = nullptr;
    std::size_t left_ = 0;
    std::size_t first_key_ = 0;
    shape kind_ = shape::none;
    bool compares_ = false;
    bool sorted_ = true;

    std::size_t depth_ = 0;
    std::size_t keys_ = 0;
    std::array<frame, depth_max> frames_; // neither is cleared: this is the hot path
    std::array<key, keys_max> table_;
};

} // namespace

std::optional<common_case> find_common_case(byte_view bytes, const decode_options& options, encode_buffer& scratch) {
    if (bytes.size() > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return scanner{bytes, options, scratch}.run();
}

} // namespace sedge::etf
