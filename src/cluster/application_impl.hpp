// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/configured_topologies.hpp"
#include "cluster/metrics/endpoint.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/cluster/application.hpp>
#include <sedge/cluster/member_memory.hpp>
#include <sedge/epmd/directory.hpp>
#include <sedge/otp/kernel.hpp>
#include <sedge/wire/system.hpp>

#include <optional>

namespace sedge {

/// A program that is a node: what it was told to be, and from `start` on what it consists of.
class application::impl {
public:
    impl(application& owner, cluster::configuration config, std::shared_ptr<log_sink> log);

    struct planned_process {
        std::string name;
        process_body body;
        bool supervised = false;
    };

    // What is asked for, before the start or later.
    void add(planned_process what);
    void add(cluster::topology_spec what);
    void stop(exit_code code);

    /// The life of the program (application.cpp), to its exit code.
    int run(std::function<task<int>(application&)> main);

    application& owner_;
    std::string program_ = "sedge";
    bool help_ = false;
    std::optional<error> wrong_;
    cluster::configuration config_;
    cluster::strategies strategies_;
    std::vector<planned_process> processes_;
    std::vector<cluster::topology_spec> specs_;
    std::function<task<int>(application&)> main_;
    std::optional<int> code_;
    wire::system_environment env_; // everything below stands on it
    event ended_;
    std::optional<epmd::directory> directory_;
    std::optional<sedge::node> node_;
    std::optional<otp::kernel> kernel_;
    std::optional<cluster::topologies> topologies_;
    std::optional<cluster::timeline> timeline_;
    cluster::metrics metrics_;
    std::optional<cluster::metrics_endpoint> endpoint_;
    std::optional<cluster::configured_topologies> configured_;
    otp::role_table roles_;
    std::uint16_t mapper_port_ = 0;
    bool working_ = false; // ready, if that was asked for
    std::optional<cluster::member_memory> members_;

private:
    task<int> live();
    task<> work();
    task<> stop_at_signals();
    node::subscription watch_the_node_that_named_us();

    // How it starts: application_start.cpp.
    task<result<void>> start();
    otp::kernel_options kernel_options(std::vector<atom> scopes);
    void tell_that_it_is_up(const std::vector<std::string>& advice);
    void start_endpoint(const cluster::metrics_endpoint_options& options);
    void start_topologies();
    void start(planned_process what);
    void start(cluster::topology_spec what);

    // What changes while it runs.
    result<std::string> reload();
    result<std::string> read_again();
    task<> reload_at_signals();
    void heed_log_level(std::string_view name);

    nursery tasks_; // last: its tasks use all of the above
};

} // namespace sedge
