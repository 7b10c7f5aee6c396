// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/limits.hpp>
#include <sedge/base/result.hpp>
#include <sedge/epmd/access.hpp>
#include <sedge/epmd/client.hpp>
#include <sedge/epmd/message.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace sedge::epmd {

struct server_options {
    std::uint16_t port = usual_port();
    /// Listened on besides loopback of both families, which always is. An unspecified address means all.
    std::vector<wire::ip_address> addresses;
    access_rules access;
    std::size_t connections_max = limits::epmd_connections_max;            ///< With an unfinished request.
    std::chrono::milliseconds request_time{limits::epmd_request_time_max}; ///< From accept to the answer written.
};

/// A port mapper for the nodes of this machine: sedge's own and OTP's, which cannot tell it from `epmd`.
///
/// Connections without a complete request are closed after `request_time`; when `connections_max` of them wait, the
/// oldest of the source that has most is closed for a new one. So idle or slow connections never make it deaf.
/// Connections that hold a registration do not count and have no deadline.
///
/// Life:    construct, `listen` or `start`; destroying it ends all registrations and frees the port.
/// Threads: only on the environment's thread. Must not be destroyed from one of its own callbacks (it has none).
/// Spec:    docs/protocol/epmd.md. DUMP, KILL and STOP are refused.
class server {
public:
    server(environment& env, server_options options);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// A server that listens on loopback and on all of `options.addresses`. A machine without one of the two
    /// families is served on the other.
    /// Errors: those of `listen`.
    static result<std::unique_ptr<server>> start(environment& env, server_options options);

    /// Listens on one more address.
    /// Errors: epmd::errc::port_taken, system codes (address not of this machine, no permission, ...).
    result<void> listen(wire::ip_address at);

    [[nodiscard]] std::vector<wire::endpoint> listens_on() const;
    [[nodiscard]] std::vector<name_and_port> names() const; ///< Latest registration first.

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

} // namespace sedge::epmd
