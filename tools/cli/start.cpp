// SPDX-License-Identifier: Apache-2.0
#include "start.hpp"

#include <sedge/base/log.hpp>
#include <sedge/process/node.hpp>
#include <sedge/version.hpp>
#include <sedge/wire/environment.hpp>

#include <cstdio>

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
    std::size_t wait_for = 0;
    double timeout = 30;
};

/// Completes when `count` peers are up. Errors: errc::timed_out.
task<bool> wait_for_peers(application& app, std::size_t count, double most_seconds) {
    event changed{app.env()};
    const auto watching = app.node().watch([&changed](const node_event&) { changed.set(); });
    const auto most = std::chrono::duration_cast<duration>(std::chrono::duration<double>{most_seconds});
    const auto due = app.env().now() + most;
    while (app.node().peers().size() < count) {
        changed.reset();
        auto waiting = detail::finishes_before(app.env(), due, changed.wait());
        const bool in_time = co_await std::move(waiting);
        if (!in_time) co_return false;
    }
    co_return true;
}

task<int> run_node(application& app, start_options options) {
    show_banner(app);
    if (options.wait_for > 0) {
        auto waiting = wait_for_peers(app, options.wait_for, options.timeout);
        const bool in_time = co_await std::move(waiting);
        if (!in_time)
            co_return static_cast<int>(tell(status::timed_out, std::to_string(app.node().peers().size()) + " of " +
                                                                   std::to_string(options.wait_for) +
                                                                   " nodes are connected"));
        std::printf("%zu node%s connected\n", app.node().peers().size(),
                    app.node().peers().size() == 1 ? " is" : "s are");
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
    command->add_option("--wait-for", options->wait_for,
                        "say when that many nodes are connected; end with 4 if they are not");
    command->add_option("--timeout", options->timeout, "seconds for --wait-for [30]")
        ->check(CLI::Range(0.001, 86400.0));
    command->footer("Example: sedge start --name node1@172.24.176.1 --config sedge.toml");
    configuration_arguments arguments{*command, offered::all};
    command->callback([&main, options, arguments] {
        main = [options, arguments] {
            auto config = arguments.read();
            if (!config) return static_cast<int>(tell(config.error()));
            application node{*std::move(config)};
            return node.run([options](application& running) { return run_node(running, *options); });
        };
    });
}

} // namespace sedge::cli
