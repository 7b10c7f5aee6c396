// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <sedge/epmd/client.hpp>
#include <sedge/otp/rpc.hpp>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace sedge::cli {
namespace {

/// One line of the list.
struct row {
    std::string name;
    std::uint16_t port = 0;
    bool reached = false;
    std::string why; ///< It could not be reached.
    std::vector<std::string> peers;
};

std::string joined(const std::vector<std::string>& all) {
    std::string text;
    for (const auto& one : all) text += (text.empty() ? "" : " ") + one;
    return text;
}

/// Asks a node for the visible peers that it has.
void ask(cluster::visitor& here, const atom& who, row& into, time_point until) {
    auto& env = here.env();
    auto connected = env.block_on(here.node().connect(who));
    if (!connected) {
        into.why = connected.error().message();
        return;
    }
    auto answer = env.block_on(otp::rpc_call(here.node(), who, atom{"erlang"}, atom{"nodes"}, {}, until));
    auto peers = answer ? answer->as<std::vector<atom>>() : std::nullopt;
    into.reached = peers.has_value();
    if (!answer) into.why = answer.error().message();
    if (!peers) return;
    for (const auto& p : *peers) into.peers.push_back(printable(p.text()));
    std::sort(into.peers.begin(), into.peers.end());
}

void print(const std::vector<row>& rows, bool json) {
    if (json) {
        boost::json::array all;
        for (const auto& r : rows) {
            boost::json::object one{{"name", r.name}, {"port", r.port}, {"reached", r.reached}};
            if (r.reached) one["peers"] = boost::json::value_from(r.peers);
            if (!r.why.empty()) one["reason"] = r.why;
            all.push_back(std::move(one));
        }
        std::cout << boost::json::serialize(all) << "\n";
        return;
    }
    std::size_t width = 4;
    for (const auto& r : rows) width = std::max(width, r.name.size());
    std::printf("%-*s  %5s  %-7s  %s\n", static_cast<int>(width), "NAME", "PORT", "STATUS", "SEES");
    for (const auto& r : rows)
        std::printf("%-*s  %5s  %-7s  %s\n", static_cast<int>(width), printable(r.name).c_str(),
                    r.port ? std::to_string(r.port).c_str() : "-", r.reached ? "up" : "away",
                    r.reached ? joined(r.peers).c_str() : printable(r.why).c_str());
}

} // namespace

int nodes(const arguments& given) {
    CLI::App app{"Lists the nodes registered at a machine's port mapper, whether they can be reached with the cookie, and\n"
                 "whom they see.",
                 "sedge nodes"};
    client_options options;
    std::string host = "127.0.0.1";
    std::string of;
    app.add_option("--host", host, "The machine to ask, as it stands in the nodes' names (default: 127.0.0.1)");
    app.add_option("--of", of, "Ask this node only, name@host, and list those it sees");
    add_client_options(app, options);
    if (auto code = read_command_line(app, given)) return *code;

    std::optional<node_name> one;
    if (!of.empty()) {
        one = peer_name("nodes", of);
        if (!one) return static_cast<int>(exit_code::usage);
        host = one->host;
    }
    int code = 0;
    auto here = visit("nodes", options, host, code);
    if (!here) return code;
    auto& env = here->env();
    auto until = env.now() + timeout_of(options);
    std::vector<row> rows;
    if (one) {
        row r;
        r.name = of;
        ask(*here, one->full, r, until);
        rows.push_back(r);
        for (const auto& p : r.peers) {
            row peer;
            peer.name = p;
            ask(*here, atom{p}, peer, until);
            rows.push_back(peer);
        }
        print(rows, options.json);
        return r.reached ? 0 : static_cast<int>(exit_code::unreachable);
    }
    auto addresses = env.block_on(env.net().resolve(host));
    if (!addresses) return tell("nodes", addresses.error());
    auto listed = env.block_on(epmd::names(env, {addresses->front(), here->mapper_port()}, until));
    if (!listed) return tell("nodes", listed.error());
    for (const auto& entry : listed->names) {
        row r;
        r.name = entry.name + "@" + host;
        r.port = entry.port;
        if (node_name::parse(r.name)) ask(*here, atom{r.name}, r, until);
        else r.why = "not a node name";
        rows.push_back(r);
    }
    print(rows, options.json);
    return 0;
}

} // namespace sedge::cli
