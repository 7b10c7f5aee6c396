// SPDX-License-Identifier: Apache-2.0
//
// Chardata: text as Erlang code passes it around. A charlist, a binary, or a list that holds these to any depth; a
// binary may also be the tail of a list. It comes from other nodes, so nesting is followed on a heap stack.

#include <sedge/otp/io_lib.hpp>

#include "otp/utf8.hpp"

#include <vector>

namespace sedge::otp {
namespace {

bool append_binary(std::string& out, byte_view bytes, bool latin1) {
    if (!latin1) {
        if (!is_utf8(as_text(bytes))) return false;
        out += as_text(bytes);
        return true;
    }
    for (auto byte : bytes) append_code_point(out, byte);
    return true;
}

bool append_character(std::string& out, const term_view& t, bool latin1) {
    auto code = t.as<std::int64_t>();
    if (!code || *code < 0 || *code > (latin1 ? 0xff : 0x10ffff) || (*code >= 0xd800 && *code <= 0xdfff)) return false;
    append_code_point(out, static_cast<char32_t>(*code));
    return true;
}

/// A list that is being read: what is left of its proper part, and its tail.
struct open_list {
    term_view::sequence::iterator next;
    term_view::sequence::iterator end;
    term_view tail;
    explicit open_list(const term_view& list)
        : next(list.elements().begin()), end(list.elements().end()), tail(list.tail()) {}
};

} // namespace

std::optional<std::string> characters(const term_view& chardata, bool latin1) {
    std::string out;
    if (auto bytes = chardata.binary()) {
        if (!append_binary(out, *bytes, latin1)) return std::nullopt;
        return out;
    }
    if (!chardata.is_list()) return std::nullopt;
    std::vector<open_list> open{open_list{chardata}};
    while (!open.empty()) {
        open_list& list = open.back();
        if (list.next == list.end) {
            term_view tail = list.tail;
            open.pop_back();
            if (tail.kind() == term_kind::nil) continue;
            auto bytes = tail.binary();
            if (!bytes || !append_binary(out, *bytes, latin1)) return std::nullopt;
            continue;
        }
        term_view item = *list.next++;
        if (auto bytes = item.binary()) {
            if (!append_binary(out, *bytes, latin1)) return std::nullopt;
        } else if (item.is_list()) {
            open.emplace_back(item); // `list` is not valid any more
        } else if (!append_character(out, item, latin1)) {
            return std::nullopt;
        }
    }
    return out;
}

} // namespace sedge::otp
