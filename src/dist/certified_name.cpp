// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/log.hpp>
#include <sedge/dist/certified_name.hpp>
#include <sedge/wire/tls.hpp>

#include <algorithm>

namespace sedge::dist {

namespace {

/// The node names in a certificate. Text that is none, as a SPIFFE id, is for somebody else to read.
std::vector<std::string> nodes_in(const wire::certificate& shown) {
    std::vector<std::string> names;
    for (std::string_view uri : shown.uris) {
        const bool marked = uri.starts_with(node_uri_scheme);
        if (marked) uri.remove_prefix(node_uri_scheme.size());
        if (marked || node_name::parse(uri)) names.emplace_back(uri);
    }
    return names;
}

} // namespace

result<std::string> certified_name(const wire::certificate& shown, const node_name& claimed) {
    const auto nodes = nodes_in(shown);
    const std::string name{claimed.full.text()};
    if (std::ranges::find(nodes, name) != nodes.end()) return name;
    if (nodes.empty() && wire::is_for_host(shown, claimed.host)) return claimed.host;
    return error{wire::tls_errc::wrong_name, "is for " + printable(wire::names_of(shown)) + ", not for " + name};
}

} // namespace sedge::dist
