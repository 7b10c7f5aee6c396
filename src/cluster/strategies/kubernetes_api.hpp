// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/http_message.hpp"
#include "cluster/url.hpp"

#include <sedge/base/result.hpp>
#include <sedge/cluster/strategies/kubernetes.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sedge::cluster {

/// Where the API server is: `kubernetes_master`, to which the cluster's domain is added unless it ends with it or with
/// a dot, or is an address, or has a port. `domain` is `CLUSTER_DOMAIN` of the environment, or empty.
/// Errors: errc::malformed.
result<url> kubernetes_server(const kubernetes_strategy& options, std::string_view domain);

/// Path and query of one page. `next`: the `continue` of the page before; empty for the first one.
std::string kubernetes_target(const kubernetes_strategy& options, std::string_view name_space, std::string_view next);

/// What one page of endpoints or pods says.
struct kubernetes_page {
    std::vector<std::string> names; ///< Of nodes, not yet looked at.
    std::size_t incomplete = 0;     ///< Items that lack what the name is made of.
    std::string next;               ///< Not empty: there is another page.
};
/// Errors: errc::malformed for what is no list of the API.
result<kubernetes_page> read_kubernetes_page(std::string_view json, const kubernetes_strategy& options);

/// What the log says of an answer that is no list, in libcluster's words: `cannot query kubernetes (unauthorized):
/// ...`.
std::string kubernetes_refusal(const http_response& answer);

} // namespace sedge::cluster
