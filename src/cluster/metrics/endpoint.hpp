// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/nursery.hpp>
#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/cluster/metrics.hpp>
#include <sedge/wire/address.hpp>
#include <sedge/wire/transport.hpp>

#include <memory>
#include <string>
#include <vector>

namespace sedge {
class environment;
}

namespace sedge::cluster {

struct http_question; // http_request.hpp

struct metrics_endpoint_options {
    wire::endpoint at;              ///< Loopback, unless somebody decided otherwise.
    std::vector<std::string> hosts; ///< Names by which it may be asked, beside the addresses and `localhost`.
};

/// Answers `GET /metrics` in HTTP, for Prometheus; one question for each connection.
///
/// Life:    `listen`, destroy; what it answers is asked of `what`, which must outlive it.
/// Threads: only on the environment's thread.
class metrics_endpoint {
public:
    metrics_endpoint(environment& env, const metrics& what, metrics_endpoint_options options);

    /// Errors: system codes; the context names the address.
    result<void> listen();
    [[nodiscard]] wire::endpoint listening_at() const;

private:
    task<> accept();
    task<> serve(std::unique_ptr<wire::stream> client);
    [[nodiscard]] std::string answer(const http_question& asked, const wire::endpoint& local) const;

    environment& env_;
    const metrics& metrics_;
    metrics_endpoint_options options_;
    std::unique_ptr<wire::listener> listener_;
    nursery clients_;
    nursery acceptor_; // last: it goes first
};

} // namespace sedge::cluster
