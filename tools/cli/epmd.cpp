// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <sedge/epmd/client.hpp>
#include <sedge/epmd/server.hpp>
#include <sedge/wire/system.hpp>

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>

namespace sedge::cli {
namespace {

int list_names(wire::system_environment& env, const std::string& host, std::uint16_t port) {
    auto addresses = env.block_on(env.net().resolve(host));
    if (!addresses) return tell("epmd", addresses.error());
    auto listed = env.block_on(epmd::names(env, {addresses->front(), port}, env.now() + seconds{5}));
    if (!listed) return tell("epmd", listed.error());
    std::printf("port mapper on %s, port %u: %zu name%s\n", host.c_str(), static_cast<unsigned>(port), listed->names.size(),
                listed->names.size() == 1 ? "" : "s");
    for (const auto& entry : listed->names)
        std::printf("name %s at port %u\n", printable(entry.name).c_str(), static_cast<unsigned>(entry.port));
    return 0;
}

} // namespace

int epmd(const arguments& given) {
    CLI::App app{"Runs the port mapper alone, in the foreground, or lists the names that one holds. A node runs one itself\n"
                 "where there is none, so this is for machines whose nodes come and go.",
                 "sedge epmd"};
    std::uint16_t port = sedge::epmd::usual_port();
    std::vector<std::string> listen;
    std::string audience = "loopback";
    std::string host = "127.0.0.1";
    app.add_option("--port", port, "Port (default: ERL_EPMD_PORT, else 4369)");
    app.add_option("--listen", listen, "Address to listen on besides loopback; may be given several times");
    app.add_option("--names", audience, "Who may list the names: loopback, lan or anyone (default: loopback)")
        ->check(CLI::IsMember({"loopback", "lan", "anyone"}));
    auto* names = app.add_subcommand("names", "List the names of a port mapper");
    names->add_option("host", host, "The machine (default: 127.0.0.1)");
    if (auto code = read_command_line(app, given)) return *code;

    wire::system_environment env;
    if (names->parsed()) return list_names(env, host, port);
    sedge::epmd::server_options options;
    options.port = port;
    for (const auto& text : listen) {
        auto address = wire::ip_address::parse(text);
        if (!address) return tell("epmd", error{errc::invalid_argument, "--listen " + text + ": not an address"});
        options.addresses.push_back(*address);
    }
    if (audience == "lan") options.access.names = sedge::epmd::audience::on_link;
    if (audience == "anyone") options.access.names = options.access.look_ups = sedge::epmd::audience::anyone;
    auto server = sedge::epmd::server::start(env, std::move(options));
    if (!server) {
        tell("epmd", server.error());
        return static_cast<int>(exit_code::cannot_start);
    }
    for (const auto& at : (*server)->listens_on())
        env.log(log_level::info, "[sedge:epmd] port mapper on " + to_string(at));
    env.block_on(env.signal({SIGINT, SIGTERM}));
    return 0;
}

} // namespace sedge::cli
