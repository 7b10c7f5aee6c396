// SPDX-License-Identifier: Apache-2.0
//
// Boost.URL stands behind this one source, its implementation included.
#include "cluster/url.hpp"

#include <sedge/base/log.hpp>

#include <boost/url/src.hpp>

#include <charconv>

namespace sedge::cluster {

namespace {

error malformed(std::string_view text, const std::string& why) {
    return {errc::malformed, "\"" + printable(text) + "\" " + why};
}

} // namespace

std::string url::authority() const {
    std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != (secure ? 443 : 80)) out += ":" + std::to_string(port);
    return out;
}

result<url> parse_url(std::string_view text) {
    auto parsed = boost::urls::parse_uri(text);
    if (!parsed) return malformed(text, "is no URL; one looks like http://10.0.0.5:2379");
    url out;
    if (parsed->scheme_id() == boost::urls::scheme::https)
        out.secure = true;
    else if (parsed->scheme_id() != boost::urls::scheme::http)
        return malformed(text, "begins with neither http:// nor https://");
    if (parsed->has_userinfo())
        return error{errc::malformed, "a URL must not hold a user name: it would stand in logs"};
    if (parsed->has_fragment()) return malformed(text, "has a fragment, which no server ever sees");
    const auto bracketed = parsed->host_type() == boost::urls::host_type::ipv6;
    out.host = bracketed ? std::string{parsed->host_address()} : std::string{parsed->host()};
    if (out.host.empty()) return malformed(text, "names no host");
    out.port = out.secure ? 443 : 80;
    if (parsed->has_port()) {
        const std::string port{parsed->port()};
        const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), out.port);
        if (code != std::errc{} || end != port.data() + port.size()) out.port = 0;
    }
    if (out.port == 0) return malformed(text, "has no port that can be dialled");
    out.path = std::string{parsed->encoded_target()};
    return out;
}

std::string percent_encoded(std::string_view text) { return boost::urls::encode(text, boost::urls::unreserved_chars); }

} // namespace sedge::cluster
