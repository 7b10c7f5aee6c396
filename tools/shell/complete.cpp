// SPDX-License-Identifier: Apache-2.0
#include "complete.hpp"

#include "show.hpp"

#include <sedge/term/atom.hpp>
#include <sedge/term/term.hpp>

#include <algorithm>

namespace sedge::shell {

namespace {

/// The word that ends `text`: a name with dots, with `:` or `:"` in front.
std::string_view last_word(std::string_view text) {
    const auto quote = text.rfind(":\"");
    if (quote != std::string_view::npos && text.find('"', quote + 2) == std::string_view::npos)
        return text.substr(quote);
    auto start = text.size();
    const auto in_word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
               c == ':' || c == '?' || c == '!' || c == '@';
    };
    while (start > 0 && in_word(text[start - 1])) --start;
    return text.substr(start);
}

} // namespace

completion complete(std::string_view text, const known_words& words) {
    const auto word = last_word(text);
    completion out;
    out.replaced = word.size();
    const auto add = [&](const std::string& candidate) {
        if (candidate.size() >= word.size() && candidate.starts_with(word)) out.candidates.push_back(candidate);
    };
    if (word.starts_with(':'))
        for (const auto& a : words.atoms) {
            add(inspect(term{atom{a}}));
            if (word.starts_with(":\"")) add(":\"" + a + "\"");
        }
    for (const auto& f : words.functions) add(f);
    for (const auto& n : words.names) add(n);
    std::ranges::sort(out.candidates);
    const auto [first, last] = std::ranges::unique(out.candidates);
    out.candidates.erase(first, last);
    return out;
}

} // namespace sedge::shell
