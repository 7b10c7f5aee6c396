// SPDX-License-Identifier: Apache-2.0
#include "json.hpp"
#include "mapper.hpp"

#include <sedge/base/log.hpp>
#include <sedge/epmd/error.hpp>
#include <sedge/epmd/server.hpp>
#include <sedge/wire/stderr_log.hpp>
#include <sedge/wire/system.hpp>

#include <csignal>
#include <cstdio>

namespace sedge::cli {

task<result<epmd::names_answer>> names_at(environment& env, std::string host, std::uint16_t port) {
    auto resolving = env.net().resolve(host);
    auto addresses = co_await std::move(resolving);
    if (!addresses) co_return addresses.error().within(printable(host));
    error last{wire::errc::name_not_found, printable(host)};
    for (const auto& address : *addresses) {
        auto asking = epmd::names(env, {address, port}, env.now() + seconds{2});
        auto answer = co_await std::move(asking);
        if (answer) co_return answer;
        last = std::move(answer).error();
    }
    if (last == epmd::errc::closed_unanswered)
        last =
            last.within("the list of names is told on that machine itself only; run `sedge epmd names` there, or start "
                        "its mapper with --epmd-names lan");
    co_return last;
}

namespace {

struct epmd_options {
    std::uint16_t port = epmd::usual_port();
    std::vector<std::string> listen;
    std::string names = "loopback";
    std::string host = "localhost";
    bool json = false;
};

task<int> serve(wire::system_environment& env, epmd_options options) {
    epmd::server_options made;
    made.port = options.port;
    for (const auto& text : options.listen) {
        const auto address = wire::ip_address::parse(text);
        if (!address) co_return static_cast<int>(tell(status::usage, "--listen needs an address, not " + text));
        made.addresses.push_back(*address);
    }
    if (options.names == "lan") made.access.names = epmd::audience::on_link;
    if (options.names == "anyone") made.access.names = made.access.look_ups = epmd::audience::anyone;
    auto server = epmd::server::start(env, std::move(made));
    if (!server) {
        tell(server.error());
        co_return static_cast<int>(status::cannot_start);
    }
    std::string where;
    for (const auto& at : (*server)->listens_on()) where += (where.empty() ? "" : ", ") + to_string(at);
    env.log(log_level::info, "[sedge] port mapper on " + where);
    auto waiting = env.signal({SIGINT, SIGTERM});
    co_await std::move(waiting);
    co_return static_cast<int>(status::ok);
}

task<int> show_names(environment& env, epmd_options options) {
    auto asking = names_at(env, options.host, options.port);
    const auto answer = co_await std::move(asking);
    if (!answer) co_return static_cast<int>(tell(answer.error()));
    if (options.json) {
        boost::json::array out;
        for (const auto& each : answer->names)
            out.push_back(boost::json::object{{"name", each.name}, {"port", each.port}});
        print_json(out);
    } else {
        std::printf("port mapper on port %u of %s knows %zu name%s\n", unsigned{options.port},
                    printable(options.host).c_str(), answer->names.size(), answer->names.size() == 1 ? "" : "s");
        for (const auto& each : answer->names)
            std::printf("%s at port %u\n", printable(each.name).c_str(), unsigned{each.port});
    }
    co_return static_cast<int>(status::ok);
}

} // namespace

void add_epmd(CLI::App& app, chosen& main) {
    auto* command = app.add_subcommand("epmd", "Run a port mapper alone, or list the names that one knows.");
    auto options = std::make_shared<epmd_options>();
    command->add_option("--port", options->port, "port of the mapper [ERL_EPMD_PORT, or 4369]");
    command->add_option("--listen", options->listen, "address to listen on besides loopback; 0.0.0.0 for all");
    command->add_option("--names", options->names, "who may list the names [loopback]")
        ->check(CLI::IsMember({"loopback", "lan", "anyone"}));
    command->footer(
        "A node runs a mapper itself where none is; this is for machines on which it should outlive the nodes.");
    auto* names = command->add_subcommand("names", "List the names registered on a machine.");
    names->add_option("host", options->host, "machine to ask [localhost]");
    names->add_option("--port", options->port, "port of its mapper");
    names->add_flag("--json", options->json, "an array of objects with name and port");
    command->callback([&main, options, names] {
        const bool listing = names->parsed();
        main = [options, listing] {
            wire::system_environment env;
            return env.block_on(listing ? show_names(env, *options) : serve(env, *options));
        };
    });
}

} // namespace sedge::cli
