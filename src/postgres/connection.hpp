// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/cluster/strategies/postgres.hpp>
#include <sedge/wire/system.hpp>

#include <libpq-fe.h>

#include <string>
#include <vector>

namespace sedge::postgres {

/// One connection to a server, by libpq's non-blocking functions; the environment waits for its socket.
///
/// Life:    `open`, then the others; destroying it closes. A failure of any function ends the connection.
/// Threads: only on the environment's thread. One function at a time.
class connection {
public:
    explicit connection(wire::system_environment& env) noexcept : env_(env) {}
    connection(const connection&) = delete;
    ~connection();

    /// `addresses`: of the server's host, since libpq would look it up and block; none for a Unix socket.
    /// Errors: wire::errc::closed with what the server or libpq says.
    task<result<void>> open(cluster::postgres_strategy how, std::vector<wire::ip_address> addresses,
                            std::string application);
    /// Runs one statement without rows.
    task<result<void>> run(std::string statement, std::vector<std::string> values);
    /// A name as it stands in a statement.
    [[nodiscard]] std::string quoted_name(const std::string& name) const;

    struct notification {
        std::string channel;
        std::string payload;
    };
    /// Completes when something has come, or the connection has ended.
    task<> readable();
    /// What has come. Errors: as open.
    result<std::vector<notification>> notifications();

private:
    task<> writable();
    [[nodiscard]] error failure(const char* step) const;

    wire::system_environment& env_;
    PGconn* native_ = nullptr;
};

/// The host that `how` names, which has to be looked up; empty: none (a Unix socket, or libpq's own default).
/// Errors: errc::invalid_argument for a `url` that is none.
result<std::string> host_of(const cluster::postgres_strategy& how);

} // namespace sedge::postgres
