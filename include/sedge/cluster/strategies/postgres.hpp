// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/cluster/strategy.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sedge::cluster {

struct strategy_definition;

/// Nodes announce themselves on a channel of a PostgreSQL server (LISTEN, NOTIFY), as libcluster_postgres does: each
/// heartbeat is the node's name.
///
/// The strategy itself is the component `sedge::postgres` (`postgres/postgres.hpp`), so that a program which does not
/// need it does not carry libpq.
struct postgres_strategy {
    std::string hostname = "localhost";
    std::uint16_t port = 5432;
    std::string username;                ///< Empty: as libpq has it: PGUSER, the user that runs the program.
    std::string password;                ///< Empty: as libpq has it: PGPASSWORD, ~/.pgpass.
    std::string database;                ///< Empty: called as the user.
    std::string socket_dir;              ///< Directory of the server's Unix socket, in place of `hostname`.
    std::string url;                     ///< `postgres://user:password@host/database`; the options above win.
    bool ssl = false;                    ///< Refuse a server without TLS.
    std::string sslrootcert;             ///< File of the authority that the server's certificate and name must be of.
    std::vector<std::string> parameters; ///< Settings of the session, `name=value`.
    std::string channel_name = "cluster";
    milliseconds heartbeat_interval{5000};
};

/// What a configuration may say. `make`: the component's; without it, the strategy is known but cannot be used.
strategy_definition postgres_definition(std::unique_ptr<strategy> (*make)(postgres_strategy) = nullptr);

} // namespace sedge::cluster
