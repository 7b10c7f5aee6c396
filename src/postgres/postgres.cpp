// SPDX-License-Identifier: Apache-2.0
//
// Nodes on a channel of PostgreSQL, byte for byte as libcluster_postgres (Supabase) has it:
//
//   start        LISTEN "CHANNEL"
//   heartbeat    NOTIFY CHANNEL with the node's name as payload; at once, then every `heartbeat_interval`
//   heard        the payload is a node name: it is dialled if it is not our own
//
// libcluster_postgres writes the channel without quotes when it notifies and with quotes when it listens, so a name
// with capitals reaches nobody there. We listen to both spellings and notify the one that it listens to.
//
// The server is given 10 s to answer anything; otherwise the connection is given up and made anew, after 1 to 30 s.
// Nodes stay wanted meanwhile. A server that restarts loses nothing: heartbeats are not kept anyway.
#include "postgres/connection.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/cluster/backoff.hpp>
#include <sedge/dist/node_name.hpp>
#include <sedge/postgres/postgres.hpp>

#include <algorithm>

namespace sedge::postgres {
namespace {

using cluster::postgres_strategy;
using cluster::strategy_context;
using cluster::trust;

constexpr seconds answer_time{10};
// More are not read in one turn; a node sends one each 5 s, and more than 1,024 nodes cannot be.
constexpr std::size_t heard_at_once_max = limits::topology_nodes_max;

std::string lower_case(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
}

class channel_of_nodes final : public cluster::strategy {
public:
    explicit channel_of_nodes(postgres_strategy options) : options_(std::move(options)) {}
    std::string_view name() const noexcept override { return "postgres"; }
    task<> run(strategy_context& topology) override;

private:
    task<result<void>> converse(strategy_context& topology, wire::system_environment& env);
    task<result<void>> open(strategy_context& topology, wire::system_environment& env, connection& server);
    task<result<void>> greet(strategy_context& topology, wire::system_environment& env, connection& server);
    result<void> hear(strategy_context& topology, connection& server) const;

    postgres_strategy options_;
    bool is_connected_ = false;
};

task<> channel_of_nodes::run(strategy_context& topology) {
    auto* env = dynamic_cast<wire::system_environment*>(&topology.env());
    if (!env) {
        topology.log(log_level::error, "PostgreSQL needs the system's environment");
        co_return;
    }
    cluster::backoff pauses{{.least = seconds{1}, .most = seconds{30}}};
    std::string last_failure;
    for (;;) {
        is_connected_ = false;
        auto talking = converse(topology, *env);
        auto ended = co_await std::move(talking);
        topology.count("postgres_lost");
        if (is_connected_) {
            pauses.reset();
            last_failure.clear();
        }
        auto failure = printable(ended.error().message());
        if (failure != last_failure)
            topology.log(log_level::warning, "no connection to PostgreSQL: " + failure + "; it is tried again");
        last_failure = std::move(failure);
        auto pause = sleep_for(*env, pauses.next(env->random_u64()));
        co_await std::move(pause);
    }
}

// Ends with an error only.
task<result<void>> channel_of_nodes::converse(strategy_context& topology, wire::system_environment& env) {
    connection server{env};
    auto opening = with_deadline(env, env.now() + answer_time, open(topology, env, server));
    auto opened = co_await std::move(opening);
    if (!opened) co_return opened.error().code() == errc::timed_out ? opened.error().within("connect") : opened.error();
    is_connected_ = true;
    topology.log(log_level::info, "listening on channel " + printable(options_.channel_name) + " of PostgreSQL");
    for (;;) {
        auto greeting = with_deadline(env, env.now() + answer_time, greet(topology, env, server));
        auto greeted = co_await std::move(greeting);
        if (!greeted) co_return greeted;
        const auto next = env.now() + options_.heartbeat_interval;
        while (env.now() < next) {
            auto heard = hear(topology, server);
            if (!heard) co_return heard;
            auto readable = server.readable();
            auto waiting = detail::finishes_before(env, next, std::move(readable));
            co_await std::move(waiting);
        }
    }
}

task<result<void>> channel_of_nodes::open(strategy_context& topology, wire::system_environment& env,
                                          connection& server) {
    auto host = host_of(options_);
    if (!host) co_return host.error();
    std::vector<wire::ip_address> addresses;
    if (!host->empty()) {
        auto resolving = env.net().resolve(*host);
        auto resolved = co_await std::move(resolving);
        if (!resolved) co_return resolved.error();
        addresses = *std::move(resolved);
    }
    auto connecting = server.open(options_, std::move(addresses), "sedge " + topology.self().str());
    auto connected = co_await std::move(connecting);
    if (!connected) co_return connected;
    for (const auto& channel : {options_.channel_name, lower_case(options_.channel_name)}) {
        auto listening = server.run("LISTEN " + server.quoted_name(channel), {});
        auto listens = co_await std::move(listening);
        if (!listens) co_return listens.error().within("listen");
        if (lower_case(channel) == options_.channel_name) break;
    }
    co_return result<void>{};
}

task<result<void>> channel_of_nodes::greet(strategy_context& topology, wire::system_environment&, connection& server) {
    topology.log(log_level::debug, "heartbeat");
    auto sending = server.run("SELECT pg_notify($1, $2)", {options_.channel_name, topology.self().str()});
    auto sent = co_await std::move(sending);
    if (!sent) co_return sent.error().within("heartbeat");
    topology.count("postgres_sent");
    co_return sent;
}

result<void> channel_of_nodes::hear(strategy_context& topology, connection& server) const {
    auto come = server.notifications();
    if (!come) return std::move(come).error();
    std::size_t count = 0;
    for (const auto& each : *come) {
        if (++count > heard_at_once_max) {
            topology.count("postgres_dropped_too_many");
            continue;
        }
        auto node = node_name::parse(each.payload);
        if (!node) {
            topology.count("postgres_dropped_bad_name");
        } else if (node->full != topology.self()) {
            topology.count("postgres_heard");
            topology.heard(node->full, trust::may_dial);
        }
    }
    return {};
}

} // namespace

std::unique_ptr<cluster::strategy> make(cluster::postgres_strategy options) {
    return std::make_unique<channel_of_nodes>(std::move(options));
}

cluster::strategy_definition definition() { return cluster::postgres_definition(make); }

} // namespace sedge::postgres
