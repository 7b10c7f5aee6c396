// SPDX-License-Identifier: Apache-2.0
#include "start.hpp"
#include "cli/components.hpp"
#include "visit.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/base/log.hpp>
#include <sedge/process/node.hpp>
#include <sedge/version.hpp>
#include <sedge/wire/environment.hpp>

#include <charconv>
#include <cstdio>
#include <optional>

namespace sedge::cli {

void show_banner(application& app) {
    auto& here = app.node();
    std::string topologies;
    for (const auto& each : app.configuration().topologies)
        topologies += (topologies.empty() ? "" : ", ") + printable(each.name) + " (" + printable(each.strategy) + ")";
    std::printf("sedge %s: %s accepts peers on port %u\n", std::string{version_text}.c_str(),
                printable(here.name().text()).c_str(), unsigned{here.listening_at().port});
    std::printf("topologies: %s\n",
                topologies.empty() ? "none; other nodes may connect, or Node.connect" : topologies.c_str());
    std::fflush(stdout);
}

namespace {

struct start_options {
    std::vector<std::string> wait_for;
    std::string timeout;
};

/// Lays `--wait-for` and `--timeout` over `[ready]`. False after telling what is wrong.
bool lay_over(cluster::ready_settings& ready, const start_options& options) {
    for (const auto& each : options.wait_for) {
        std::int64_t count = 0;
        const auto* last = each.data() + each.size();
        const auto [end, code] = std::from_chars(each.data(), last, count);
        const auto most = static_cast<std::int64_t>(limits::peers_max);
        if (code == std::errc{} && end == last && count >= 0 && count <= most) {
            ready.at_least = count;
            continue;
        }
        if (!node_argument(each)) return false;
        ready.nodes.push_back(each);
    }
    if (options.timeout.empty()) return true;
    const auto within = seconds_from(options.timeout);
    if (within)
        ready.within = *within;
    else
        tell(status::usage, "--timeout is a time such as 30s, 500ms or 2m, not " + options.timeout);
    return within.has_value();
}

task<int> run_node(application& app) {
    show_banner(app);
    if (app.configuration().ready.is_asked()) { // otherwise we would not be here
        const auto count = app.node().peers().size();
        std::printf("%zu node%s connected\n", count, count == 1 ? " is" : "s are");
        std::fflush(stdout);
    }
    event never{app.env()};
    auto waiting = never.wait();
    co_await std::move(waiting); // a signal ends the application
    co_return 0;
}

} // namespace

void add_start(CLI::App& app, chosen& main) {
    auto* command = app.add_subcommand("start", "Run a node in the foreground until SIGTERM or Ctrl-C.");
    auto options = std::make_shared<start_options>();
    command
        ->add_option("--wait-for", options->wait_for,
                     "begin when that many nodes, or the one of that name, are connected; end with 4 if they are not. "
                     "As at_least and nodes in [ready]")
        ->type_name("COUNT|NODE");
    command->add_option("--timeout", options->timeout, "for --wait-for [30s]; as within in [ready]")->type_name("TIME");
    command->footer("Example: sedge start --name node1@172.24.176.1 --config sedge.toml");
    configuration_arguments arguments{*command, offered::all};
    command->callback([&main, options, arguments] {
        main = [options, arguments] {
            auto config = arguments.read();
            if (!config) return static_cast<int>(tell(config.error()));
            if (!lay_over(config->ready, *options)) return static_cast<int>(status::usage);
            application node{*std::move(config)};
            add_components(node);
            return node.run([](application& running) { return run_node(running); });
        };
    });
}

} // namespace sedge::cli
