// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/log.hpp>
#include <sedge/cluster/config.hpp>
#include <sedge/cluster/metrics.hpp>
#include <sedge/cluster/strategies.hpp>
#include <sedge/cluster/timeline.hpp>
#include <sedge/cluster/topology.hpp>
#include <sedge/process/node.hpp>

#include <functional>
#include <memory>
#include <string>

namespace sedge {

namespace otp {
class kernel;
}

using cluster::epmd_strategy;
using cluster::gossip_strategy;

/// What programs of sedge end with.
enum class exit_code : int {
    ok = 0,
    failed = 1,            ///< It ran, and something asked for did not succeed.
    usage = 2,             ///< The command line is wrong.
    unreachable = 3,       ///< The node asked for cannot be reached.
    timed_out = 4,         ///< No answer in time; or the nodes of `[ready]` are not connected in time.
    bad_configuration = 5, ///< The configuration is wrong, or a cookie file cannot be used.
    cannot_start = 6,      ///< The node cannot start: name in use, port taken, no port mapper, ...
};

/// A whole program: environment, port mapper, node, the services that other nodes expect, topologies, signals.
///
///     int main(int argc, char** argv) {
///         sedge::application app{argc, argv};
///         app.supervise("greeter", greeter);
///         app.topology("clusters1", sedge::epmd_strategy{.hosts = {"node1@172.24.176.1", "node2@172.24.176.2"}});
///         return app.run();
///     }
///
/// Where the configuration has `[ready]`, processes and `main` start when those nodes are connected; if they are not in
/// time, `run` gives exit_code::timed_out. SIGHUP reads the topologies of the configuration file again. systemd is told
/// when the program is ready and when it leaves.
///
/// Life:    what is added before `run` starts with the node; afterwards at once. One `run` per application.
/// Threads: everything on the thread that calls `run`.
class application {
public:
    /// Takes the options of `cluster::command_line_help()`. A bad command line, or `--help`, is told by `run`.
    application(int argc, char** argv);
    /// Log lines go to `log`, or to standard error if there is none.
    explicit application(cluster::configuration config, std::shared_ptr<log_sink> log = nullptr);
    ~application();
    application(const application&) = delete;
    application& operator=(const application&) = delete;

    /// Starts a process registered as `name`.
    application& spawn(std::string name, process_body body);
    /// The same, started again when it ends with another reason than `normal` or `shutdown`. If that happens more
    /// than 3 times in 5 s, the program ends with exit_code::failed.
    application& supervise(std::string name, process_body body);

    application& topology(std::string name, std::unique_ptr<cluster::strategy> how);
    /// From the options of a built-in strategy: `topology("clusters1", gossip_strategy{.trust = ...})`.
    template <class Options>
    requires requires(Options options) { make_strategy(std::move(options)); }
    application& topology(std::string name, Options options) {
        return topology(std::move(name), make_strategy(std::move(options)));
    }
    /// Lets the configuration file say `strategy = "NAME"` for a strategy of the program's own.
    application& add_strategy(cluster::strategy_definition definition);

    /// Runs until SIGTERM or SIGINT, then leaves the cluster in order. Gives the exit code; why it could not start
    /// is written to standard error in a sentence.
    int run();
    /// Runs `main` when the node is up; ends with its value, or by a signal. `main` is kept alive meanwhile.
    int run(std::function<task<int>(application&)> main);
    /// Makes `run` return; from any body.
    void stop(exit_code code = exit_code::ok);

    [[nodiscard]] const cluster::configuration& configuration() const noexcept;
    [[nodiscard]] environment& env() noexcept;
    /// What the endpoint of `[metrics]` tells; the node's own are among them once it runs.
    [[nodiscard]] cluster::metrics& metrics() noexcept;
    /// Precondition of these: the node runs, that is, inside of bodies and of `main`.
    [[nodiscard]] sedge::node& node() noexcept;
    [[nodiscard]] cluster::topologies& topologies() noexcept;
    [[nodiscard]] otp::kernel& kernel() noexcept;
    [[nodiscard]] cluster::timeline& timeline() noexcept;

private:
    class impl; // src/cluster/application.cpp
    std::unique_ptr<impl> impl_;
};

} // namespace sedge
