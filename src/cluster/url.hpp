// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sedge::cluster {

/// Where an HTTP server is, taken apart.
struct url {
    bool secure = false; ///< https
    std::string host;    ///< A name or an address, IPv6 without brackets.
    std::uint16_t port = 0;
    std::string path; ///< Begins with `/`, or empty; with the query.

    /// As the field Host wants it: `host`, `host:8443`, `[fd00::1]:8443`.
    [[nodiscard]] std::string authority() const;
};

/// `http://` or `https://`, without user name and password: those would end up in logs.
/// Errors: errc::malformed with the reason.
result<url> parse_url(std::string_view text);

/// `text` inside of a query or a path segment: all but the unreserved characters of RFC 3986 as `%XX`.
std::string percent_encoded(std::string_view text);

} // namespace sedge::cluster
