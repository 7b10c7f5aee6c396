// SPDX-License-Identifier: Apache-2.0
#include <sedge/otp/role.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace sedge::otp {
namespace {

constexpr std::array<std::pair<right, std::string_view>, 7> rights{{
    {right::info, "info"},
    {right::call, "call"},
    {right::spawn, "spawn"},
    {right::send, "send"},
    {right::link, "link"},
    {right::global, "global"},
    {right::control, "control"},
}};

role for_everybody() {
    role r;
    r.name = "default";
    return r;
}

} // namespace

std::string_view to_string(right r) noexcept {
    for (const auto& [value, text] : rights)
        if (value == r) return text;
    return "";
}

std::optional<right> right_from(std::string_view text) noexcept {
    for (const auto& [value, name] : rights)
        if (name == text) return value;
    return std::nullopt;
}

bool matches(std::string_view pattern, std::string_view text) noexcept {
    // After a mismatch the last `*` takes one character more; earlier ones need not be looked at again.
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t taken = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++taken;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view text) noexcept {
    return std::any_of(patterns.begin(), patterns.end(), [text](const auto& p) { return matches(p, text); });
}

role_table::role_table() : role_table(std::vector<role>{}) {}

role_table::role_table(std::vector<role> roles) : roles_(std::move(roles)) {
    auto given = std::find_if(roles_.begin(), roles_.end(), [](const role& r) { return r.name == "default"; });
    role last = given == roles_.end() ? for_everybody() : *given;
    roles_.push_back(std::move(last));
}

const role& role_table::of(const peer_identity& peer) const {
    for (const auto& r : roles_)
        if (matches_any(r.nodes, peer.node.text()) &&
            (r.certificates.empty() || (!peer.certificate.empty() && matches_any(r.certificates, peer.certificate))))
            return r;
    return roles_.back();
}

} // namespace sedge::otp
