// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/assert.hpp>
#include <sedge/base/large_memory.hpp>
#include <sedge/base/small_memory.hpp>
#include <sedge/term/encoder.hpp>

#include "term/canonical.hpp"
#include "term/common_case.hpp"
#include "term/inflate.hpp"
#include "term/spare_buffers.hpp"
#include "term/walk.hpp"

#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace sedge {

namespace {
class category final : public std::error_category {
    const char* name() const noexcept override { return "sedge.term"; }
    std::string message(int code) const override {
        switch (static_cast<term_errc>(code)) {
        case term_errc::malformed: return "not a valid encoded term";
        case term_errc::too_deep: return "term is nested too deeply";
        case term_errc::too_large: return "term is too large";
        }
        return "error " + std::to_string(code);
    }
};
} // namespace

const std::error_category& term_category() noexcept {
    static const category instance;
    return instance;
}

namespace detail {

struct term_block::large : term_block {
    byte_buffer owned;
};

term_block* term_block::make(byte_view canonical) {
    if (canonical.size() > inline_bytes_max) {
        byte_buffer copy;
        copy.reserve(canonical.size());
        expect_large(copy.data(), copy.capacity());
        copy.assign(canonical.begin(), canonical.end());
        return make(std::move(copy));
    }
    auto* b = with_room(canonical.size());
    std::memcpy(b->room(), canonical.data(), canonical.size());
    return b;
}

term_block* term_block::make(byte_buffer&& canonical) {
    SEDGE_ASSERT(canonical.size() <= std::numeric_limits<std::uint32_t>::max());
    const std::size_t spare = canonical.capacity() - canonical.size();
    if (canonical.size() <= inline_bytes_max || spare > canonical.size() / 4) return make(byte_view{canonical});
    auto* b = new large;
    b->size = static_cast<std::uint32_t>(canonical.size());
    b->owned = std::move(canonical);
    return b;
}

term_block* term_block::make(encode_buffer& canonical) {
    if (canonical.size() > inline_bytes_max) return make(canonical.take());
    auto* b = make(canonical.bytes());
    canonical.clear();
    return b;
}

const std::uint8_t* term_block::bytes_of_large() const noexcept {
    return static_cast<const large*>(this)->owned.data();
}

void term_block::destroy_large(term_block* b) noexcept {
    auto* const l = static_cast<large*>(b);
    etf::keep_spare(std::move(l->owned));
    delete l;
}
} // namespace detail

term::term(term_view view) : block_(block::make(view.bytes())) {}

byte_buffer term::external() const {
    const auto raw = bytes();
    byte_buffer out;
    out.reserve(raw.size() + 1);
    out.push_back(etf::version);
    out.insert(out.end(), raw.begin(), raw.end());
    return out;
}

namespace {
/// A count that does not fit its elements would make every view read beyond the end.
void check_adopted([[maybe_unused]] byte_view canonical) {
    SEDGE_ASSERT(!canonical.empty());
#ifndef NDEBUG
    decode_options any;
    any.nesting_max = canonical.size();
    etf::canonicaliser check{canonical, any};
    SEDGE_ASSERT(check.run());
    SEDGE_ASSERT(check.consumed() == canonical.size());
#endif
}
} // namespace

term term::adopt(byte_buffer canonical) {
    check_adopted(canonical);
    return term{block::make(std::move(canonical))};
}

term term::adopt(encode_buffer& canonical) {
    check_adopted(canonical.bytes());
    return term{block::make(canonical)};
}

result<term::decoded> term::decode_prefix(byte_view bytes, const decode_options& options) {
    byte_view rest = bytes;
    if (options.version_byte) {
        if (rest.empty() || rest[0] != etf::version) {
            return error{term_errc::malformed, "byte 0: no version byte 131"};
        }
        rest = rest.subspan(1);
        if (options.compressed && !rest.empty() && rest[0] == etf::compressed) {
            auto inflated = etf::inflate(rest, options.inflated_bytes_max);
            if (!inflated) return std::move(inflated).error();
            auto inner = options;
            inner.version_byte = false;
            auto whole = decode(inflated->bytes, inner);
            if (!whole) return whole.error().within("compressed term");
            return decoded{*std::move(whole), 1 + inflated->consumed};
        }
    }
    {
        detail::term_scratch scratch;
        if (const auto found = etf::find_common_case(rest, options, scratch.buffer())) {
            const std::size_t consumed = bytes.size() - rest.size() + found->consumed;
            const bool is_written = found->canonical.data() != rest.data();
            if (is_written) return decoded{term{block::make(scratch.buffer())}, consumed};
            return decoded{term{block::make(found->canonical)}, consumed};
        }
    }
    etf::canonicaliser run{rest, options};
    if (auto done = run.run(); !done) return done.error();
    const std::size_t consumed = bytes.size() - rest.size() + run.consumed();
    if (run.has_rewritten()) return decoded{term{block::make(run.take_rewritten())}, consumed};
    return decoded{term{block::make(run.canonical())}, consumed};
}

result<term> term::decode(byte_view bytes, const decode_options& options) {
    auto found = decode_prefix(bytes, options);
    if (!found) return std::move(found).error();
    if (found->consumed != bytes.size()) {
        return error{term_errc::malformed, "byte " + std::to_string(found->consumed) + ": more follows the term"};
    }
    return std::move(found->value);
}

} // namespace sedge
