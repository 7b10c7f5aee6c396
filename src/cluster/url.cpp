// SPDX-License-Identifier: Apache-2.0
//
// Boost.URL stands behind this one source, its implementation included.
#include "cluster/url.hpp"

#include <sedge/base/log.hpp>

#include <boost/url/src.hpp>

#include <algorithm>
#include <charconv>

namespace sedge::cluster {

namespace {

error malformed(std::string_view text, const std::string& why) {
    return {errc::malformed, "\"" + printable(text) + "\" " + why};
}

/// Whether that begins with "http://" or "https://", in small or large letters. Nothing else is handed to Boost.URL:
/// that of Boost 1.81 asserts where a scheme is followed by neither an authority nor a path ("f:" and a byte of 0x92).
bool is_web(std::string_view text) {
    const auto begins = [text](std::string_view with) {
        return text.size() >= with.size() && std::equal(with.begin(), with.end(), text.begin(), [](char a, char b) {
                   return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
               });
    };
    return begins("http://") || begins("https://");
}

} // namespace

std::string url::authority() const {
    std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != (secure ? 443 : 80)) out += ":" + std::to_string(port);
    return out;
}

result<url> parse_url(std::string_view text) {
    constexpr auto no_url = "is no URL; one begins with http:// or https://, as http://10.0.0.5:2379";
    if (!is_web(text)) return malformed(text, no_url);
    auto parsed = boost::urls::parse_uri(text);
    if (!parsed) return malformed(text, no_url);
    url out;
    out.secure = parsed->scheme_id() == boost::urls::scheme::https;
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
