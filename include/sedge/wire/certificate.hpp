// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/wire/address.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace sedge::wire {

/// What an X.509 certificate says, as far as nodes and people look at it.
struct certificate {
    std::string subject;                ///< `CN=node1@10.0.0.5`
    std::string issuer;                 ///< The subject of who signed it; the same as `subject` if it signed itself.
    std::vector<std::string> dns_names; ///< Of the subject alternative name, as are the next two.
    std::vector<ip_address> addresses;
    std::vector<std::string> uris;
    std::chrono::system_clock::time_point not_before{};
    std::chrono::system_clock::time_point not_after{};
    std::string fingerprint; ///< SHA-256 over the whole certificate, 64 hexadecimal digits.
    bool is_authority = false;
    bool is_for_servers = false; ///< May be shown by who accepts connections.
    bool is_for_clients = false; ///< May be shown by who dials.
};

/// The certificates of a PEM text in its order; keys and other blocks in it are passed over.
/// Errors: errc::malformed if there is none, or one cannot be read.
result<std::vector<certificate>> read_certificates(std::string_view pem);

/// True if a DNS name or an address of the certificate is `host` (a name or a literal), letter case apart. Neither the
/// subject nor wildcards count.
[[nodiscard]] bool is_for_host(const certificate& shown, std::string_view host);

/// `10.0.0.5, node1.example.org`: addresses, DNS names and URIs; for sentences.
[[nodiscard]] std::string names_of(const certificate& shown);

} // namespace sedge::wire
