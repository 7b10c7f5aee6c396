// SPDX-License-Identifier: Apache-2.0
//
// Only what a configuration may say: the strategy is in src/postgres, which links libpq.
#include "cluster/strategies/builtin.hpp"

#include <sedge/cluster/strategies/postgres.hpp>

#include <algorithm>

namespace sedge::cluster {
namespace {

constexpr std::size_t channel_bytes_max = 63; // of an identifier of PostgreSQL; longer ones are cut there

result<postgres_strategy> read_options(const config_value& from) {
    postgres_strategy options;
    option_reader config{from};
    config.read("hostname", options.hostname);
    config.read("port", options.port);
    config.read("username", options.username);
    config.read("password", options.password);
    config.read("database", options.database);
    config.read("socket_dir", options.socket_dir);
    config.read("url", options.url);
    config.read("ssl", options.ssl);
    config.read("sslrootcert", options.sslrootcert);
    config.read("parameters", options.parameters);
    config.read("channel_name", options.channel_name);
    config.read("heartbeat_interval", options.heartbeat_interval);
    const auto& channel = options.channel_name;
    if (channel.empty() || channel.size() > channel_bytes_max || channel.find('\0') != std::string::npos)
        return error{config_errc::bad_value, "channel_name must have 1 to 63 bytes"};
    for (const auto& each : options.parameters)
        if (each.find('=') == std::string::npos)
            return error{config_errc::bad_value, "parameters are \"name=value\", not \"" + printable(each) + "\""};
    return options;
}

} // namespace

strategy_definition postgres_definition(std::unique_ptr<strategy> (*make)(postgres_strategy)) {
    using type = strategy_option::type;
    const postgres_strategy usual;
    strategy_definition out;
    out.name = "postgres";
    out.libcluster_module = "LibclusterPostgres.Strategy";
    out.description =
        "Nodes announce themselves on a channel of a PostgreSQL server, as libcluster_postgres does (the payload is "
        "the "
        "node's name). Who may connect to the database is trusted. A server that is away is dialled until it is back; "
        "nodes stay connected meanwhile. Needs a build with `SEDGE_WITH_POSTGRES`; in a program of one's own the "
        "component `sedge::postgres`.";
    out.options = {
        {"hostname", type::text, quoted(usual.hostname), "the server"},
        {"port", type::integer, std::to_string(usual.port), "its port", 1, 65535},
        {"username", type::text, "", "without it as libpq has it: PGUSER, or the user that runs the program"},
        {"password", type::text, "", "without it as libpq has it: PGPASSWORD, or `~/.pgpass`"},
        {"database", type::text, "", "without it the one called as the user"},
        {"socket_dir", type::text, "", "directory of the server's Unix socket, in place of `hostname`"},
        {"url", type::text, "", "`postgres://user:password@host/database`; options that are given, too, win"},
        {"ssl", type::boolean, "false", "refuse a server without TLS"},
        {"sslrootcert", type::text, "",
         "file of the authority that the server's certificate must be of; its name is compared, too"},
        {"parameters", type::text_list, "[]", "settings of the session, as `\"search_path=plant\"`"},
        {"channel_name", type::text, quoted(usual.channel_name),
         "the channel; libcluster_postgres takes the cookie if none is given, which tells it to the database, so here "
         "it is a fixed word"},
        {"heartbeat_interval", type::integer, std::to_string(usual.heartbeat_interval.count()),
         "milliseconds between two announcements", 100, 3'600'000},
    };
    out.make = [make](const topology_settings& settings) -> result<std::unique_ptr<strategy>> {
        auto options = read_options(settings.config);
        if (!options) return std::move(options).error();
        if (!make)
            return error{config_errc::unknown_strategy,
                         "this program was built without PostgreSQL (CMake option SEDGE_WITH_POSTGRES)"};
        return make(*std::move(options));
    };
    return out;
}

} // namespace sedge::cluster
