// SPDX-License-Identifier: Apache-2.0
#include "json.hpp"
#include "mapper.hpp"
#include "visit.hpp"

#include <sedge/base/log.hpp>
#include <sedge/base/nursery.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/term/convert.hpp>

#include <algorithm>
#include <cstdio>
#include <tuple>

namespace sedge::cli {

namespace {

constexpr seconds question_time{3};

struct nodes_options {
    std::string host, of;
    bool json = false;
};

/// What is known about one node.
struct row {
    atom name;
    std::uint16_t port = 0; ///< As registered; 0: not asked.
    std::string state = "up";
    std::vector<atom> peers;
    std::string reason; ///< Why it is not up.
};

task<> ask(cluster::visitor& visitor, row* into) {
    const auto deadline = visitor.env().now() + question_time;
    auto connecting = with_deadline(visitor.env(), deadline, visitor.node().connect(into->name));
    const auto connected = co_await std::move(connecting);
    if (!connected) {
        into->state = "unreachable";
        into->reason = connected.error().message();
        co_return;
    }
    auto calling = otp::erpc_call(visitor.node(), into->name, atom{"erlang"}, atom{"nodes"}, {}, deadline);
    const auto answer = co_await std::move(calling);
    auto peers = answer.body.as<std::vector<atom>>();
    if (answer.what != otp::remote_outcome::kind::value || !peers) {
        into->reason = "it does not tell its peers";
        co_return;
    }
    into->peers = *std::move(peers);
    std::ranges::sort(into->peers);
}

/// What a node of sedge thinks of the nodes that are or were connected to it; nothing from others.
task<std::vector<row>> states_seen_by(cluster::visitor& visitor, atom of) {
    const auto deadline = visitor.env().now() + question_time;
    auto calling = otp::erpc_call(visitor.node(), of, atom{"sedge_topology"}, atom{"node_states"}, {}, deadline);
    const auto answer = co_await std::move(calling);
    std::vector<row> rows;
    if (answer.what != otp::remote_outcome::kind::value) co_return rows;
    const auto seen = answer.body.as<std::vector<std::tuple<atom, atom, std::string>>>();
    if (!seen) co_return rows;
    for (const auto& [name, state, reason] : *seen)
        if (name != visitor.node().name()) rows.push_back({.name = name, .state = state.str(), .reason = reason});
    co_return rows;
}

std::string joined(const std::vector<atom>& names) {
    std::string out;
    for (const auto& name : names) out += (out.empty() ? "" : " ") + printable(name.text());
    return out.empty() ? "-" : out;
}

void show_rows(const std::vector<row>& rows, bool json) {
    if (json) {
        boost::json::array out;
        for (const auto& each : rows) {
            boost::json::object o{{"name", each.name.text()}, {"state", each.state}};
            if (each.port != 0) o["port"] = each.port;
            if (!each.reason.empty()) o["reason"] = each.reason;
            boost::json::array peers;
            for (const auto& peer : each.peers) peers.emplace_back(peer.text());
            o["peers"] = std::move(peers);
            out.push_back(std::move(o));
        }
        return print_json(out);
    }
    std::size_t width = 4;
    for (const auto& each : rows) width = std::max(width, printable(each.name.text()).size());
    std::printf("%-*s  %-11s  %-5s  %s\n", static_cast<int>(width), "NAME", "STATE", "PORT", "PEERS");
    for (const auto& each : rows)
        std::printf("%-*s  %-11s  %-5s  %s\n", static_cast<int>(width), printable(each.name.text()).c_str(),
                    each.state.c_str(), each.port == 0 ? "-" : std::to_string(each.port).c_str(),
                    (each.reason.empty() ? joined(each.peers) : printable(each.reason)).c_str());
}

/// The nodes registered on `host`, each asked for its peers.
task<int> registered_nodes(cluster::visitor& visitor, std::string host, std::uint16_t port, bool json) {
    auto asking = names_at(visitor.env(), host, port);
    const auto answer = co_await std::move(asking);
    if (!answer) co_return static_cast<int>(tell(answer.error()));
    std::vector<row> rows;
    for (const auto& each : answer->names) {
        const auto name = node_name::parse(each.name + "@" + host);
        if (name) rows.push_back({.name = name->full, .port = each.port, .state = "up", .peers = {}, .reason = {}});
    }
    nursery questions;
    for (auto& each : rows) questions.start(ask(visitor, &each));
    auto all = questions.join();
    co_await std::move(all);
    std::ranges::sort(rows, {}, &row::name);
    show_rows(rows, json);
    co_return static_cast<int>(status::ok);
}

/// One node and all it is connected to, each asked in turn.
task<int> peers_of(cluster::visitor& visitor, atom of, bool json) {
    std::vector<row> rows{{.name = of, .port = 0, .state = "up", .peers = {}, .reason = {}}};
    auto asking = ask(visitor, rows.data());
    co_await std::move(asking);
    if (rows[0].state != "up") co_return static_cast<int>(tell(status::unreachable, rows[0].reason));
    auto looking = states_seen_by(visitor, of);
    const auto seen = co_await std::move(looking);
    for (const auto& peer : std::vector<atom>{rows[0].peers})
        if (std::ranges::find(seen, peer, &row::name) == seen.end())
            rows.push_back({.name = peer, .port = 0, .state = "up", .peers = {}, .reason = {}});
    rows.insert(rows.end(), seen.begin(), seen.end());
    std::sort(rows.begin() + 1, rows.end(), [](const row& one, const row& other) { return one.name < other.name; });
    nursery questions;
    for (std::size_t i = 1; i < rows.size(); ++i)
        if (rows[i].state == "up") questions.start(ask(visitor, &rows[i]));
    auto all = questions.join();
    co_await std::move(all);
    show_rows(rows, json);
    co_return static_cast<int>(status::ok);
}

int list_nodes(cluster::configuration config, const nodes_options& options) {
    if (!options.of.empty()) {
        const auto peer = node_argument(options.of);
        if (!peer) return static_cast<int>(status::usage);
        return visit(std::move(config), *peer,
                     [&](cluster::visitor& visitor) { return peers_of(visitor, peer->full, options.json); });
    }
    // The mapper knows only what stands before the @; the host is the one that is asked.
    const auto own = node_name::parse(config.node.name.empty() ? config.node.sname : config.node.name);
    const auto host = !options.host.empty() ? options.host : own ? own->host : "127.0.0.1";
    const auto form = node_name::parse("x@" + host);
    if (!form) return static_cast<int>(tell(form.error()));
    const auto port = config.epmd.port != 0 ? static_cast<std::uint16_t>(config.epmd.port) : epmd::usual_port();
    return visit(std::move(config), *form,
                 [&](cluster::visitor& visitor) { return registered_nodes(visitor, host, port, options.json); });
}

} // namespace

void add_nodes(CLI::App& app, chosen& main) {
    auto* command =
        app.add_subcommand("nodes", "List nodes: those of a machine, or those that one node is connected to.");
    auto options = std::make_shared<nodes_options>();
    command->add_option("--host", options->host, "machine, as it stands behind the @ of the names [this one]");
    command->add_option("--of", options->of, "node whose cluster is listed")->excludes("--host");
    command->add_flag("--json", options->json, "an array of objects");
    configuration_arguments arguments{*command, offered::for_visitors};
    command->callback([&main, options, arguments] {
        main = [options, arguments] {
            auto config = arguments.read();
            if (!config) return static_cast<int>(tell(config.error()));
            return list_nodes(*std::move(config), *options);
        };
    });
}

} // namespace sedge::cli
