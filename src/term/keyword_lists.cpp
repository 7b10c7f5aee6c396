// SPDX-License-Identifier: Apache-2.0
#include "term/keyword_lists.hpp"

#include "term/walk.hpp"

#include <algorithm>

namespace sedge::text {

namespace {
bool is_keyword_pair(const std::uint8_t* p) {
    using namespace etf;
    if (*p != small_tuple || p[1] != 2 || (p[2] != small_atom_utf8 && p[2] != atom_utf8)) return false;
    return !atom_text(p + 2).starts_with("Elixir.");
}
} // namespace

std::vector<const std::uint8_t*> keyword_lists(const std::uint8_t* term) {
    struct frame {
        std::size_t left; // terms to come, a list's tail included
        std::size_t list; // index in `found`, or npos if it is no such list
    };
    constexpr auto npos = static_cast<std::size_t>(-1);
    std::vector<const std::uint8_t*> found; // set to nullptr when a list turns out to be none
    std::vector<frame> frames;
    const auto* p = term;
    do {
        if (!frames.empty() && frames.back().list != npos) {
            auto& f = frames.back();
            if (f.left > 1 ? !is_keyword_pair(p) : *p != etf::nil) {
                found[f.list] = nullptr;
                f.list = npos;
            }
        }
        const auto inside = etf::contents_of(p);
        if (inside.count > 0) {
            const bool is_list = *p == etf::list;
            frames.push_back({inside.count, is_list ? found.size() : npos});
            if (is_list) found.push_back(p);
            p = inside.first;
            continue;
        }
        const auto* next = etf::skip_leaf(p);
        p = next != nullptr ? next : inside.first;
        while (!frames.empty() && --frames.back().left == 0) frames.pop_back();
    } while (!frames.empty());
    std::erase(found, nullptr);
    return found;
}

} // namespace sedge::text
