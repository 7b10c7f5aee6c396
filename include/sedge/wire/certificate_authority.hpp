// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/wire/address.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace sedge::wire {

/// A certificate and its private key, both PEM; the key is not encrypted.
struct signed_key {
    std::string certificate;
    std::string key;
};

struct authority_request {
    std::string name = "sedge cluster";          ///< The common name; at most 64 characters.
    std::chrono::system_clock::time_point now{}; ///< Valid from an hour before: clocks of small machines differ.
    std::chrono::hours valid_for{24 * 3650}; ///< Ten years: every machine of a cluster has it, so it is hard to renew.
};

/// Makes the root of a small cluster's own trust: a P-256 key, and a certificate that may sign those of nodes only.
result<signed_key> make_authority(const authority_request& wanted);

struct certificate_request {
    std::string name; ///< The common name, for people; cut at 64 characters.
    std::vector<std::string> dns_names;
    std::vector<ip_address> addresses;
    std::vector<std::string> uris;
    std::chrono::system_clock::time_point now{};
    std::chrono::hours valid_for{24 * 90}; ///< Short, because nothing here revokes one.
};

/// Signs a certificate for both ends of TLS connections, with a new P-256 key.
/// Errors: errc::malformed if the authority's texts cannot be read, errc::invalid_argument if it may not sign.
result<signed_key> issue_certificate(const signed_key& authority, const certificate_request& wanted);

} // namespace sedge::wire
