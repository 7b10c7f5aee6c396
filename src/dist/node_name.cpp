// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/limits.hpp>
#include <sedge/base/log.hpp>
#include <sedge/dist/error.hpp>
#include <sedge/dist/node_name.hpp>

#include <algorithm>

namespace sedge {

namespace {

// Not <cctype>: its answers depend on the locale.
bool is_alive_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}
bool is_host_character(char c) { return c > ' ' && c <= '~' && c != '@'; }

error invalid(std::string_view text, std::string_view why) {
    return {dist::errc::name_invalid,
            "\"" + printable(text.substr(0, limits::node_name_characters_max)) + "\" " + std::string{why}};
}

} // namespace

result<node_name> node_name::parse(std::string_view text) {
    if (text.size() > limits::node_name_characters_max) return invalid(text, "is longer than 255 characters");
    const auto at = text.find('@');
    if (at == std::string_view::npos) return invalid(text, "has no @; a node name is name@host");
    const auto alive = text.substr(0, at);
    const auto host = text.substr(at + 1);
    if (alive.empty()) return invalid(text, "has nothing in front of the @");
    if (host.empty()) return invalid(text, "has no host behind the @");
    if (!std::all_of(alive.begin(), alive.end(), is_alive_character))
        return invalid(text, "may have only letters, digits, _ and - in front of the @");
    if (host.find('@') != std::string_view::npos) return invalid(text, "has more than one @");
    if (!std::all_of(host.begin(), host.end(), is_host_character))
        return invalid(text, "has blanks or special characters in the host");
    return node_name{std::string{alive}, std::string{host}, atom{text}};
}

bool node_name::is_long() const noexcept { return host.find_first_of(".:") != std::string::npos; }

result<void> check_name_kind(bool long_names_here, const node_name& peer) {
    if (peer.is_long() == long_names_here) return {};
    const std::string name = peer.full.str();
    if (long_names_here)
        return error{dist::errc::name_kind,
                     name + " is a short name and this node has a long one; name the peer with its address or its "
                            "full host name (in Erlang: start it with -name instead of -sname)"};
    return error{dist::errc::name_kind, name + " is a long name and this node has a short one; give this node a name "
                                               "with an address or a full host name behind the @"};
}

} // namespace sedge
