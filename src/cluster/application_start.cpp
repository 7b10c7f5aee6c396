// SPDX-License-Identifier: Apache-2.0
//
// What a program that is a node consists of, put together.
#include "cluster/application_impl.hpp"
#include "cluster/doctor_functions.hpp"
#include "cluster/start_settings.hpp"
#include "cluster/supervised.hpp"
#include "cluster/timeline/functions.hpp"
#include "cluster/topology_functions.hpp"

#include <sedge/epmd/client.hpp>
#include <sedge/term/text.hpp>
#include <sedge/version.hpp>

namespace sedge {
namespace {

task<result<std::vector<std::pair<std::string, std::uint16_t>>>> names_here(environment& env, std::uint16_t port) {
    wire::endpoint mapper{wire::ip_address::loopback_v4(), port};
    auto asking = epmd::names(env, mapper, env.now() + seconds{2});
    auto answer = co_await std::move(asking);
    if (!answer) co_return answer.error();
    std::vector<std::pair<std::string, std::uint16_t>> out;
    for (const auto& entry : answer->names) out.emplace_back(entry.name, entry.port);
    co_return out;
}

} // namespace

// The node is up when this succeeds; otherwise nothing is.
task<result<void>> application::impl::start() {
    for (const auto& settings : config_.topologies) {
        auto possible = strategies_.make(settings, config_.file); // before anybody sees the node
        if (!possible) co_return possible.error();
    }
    auto name = cluster::chosen_name(config_.node, env_.net().host_name());
    if (!name) co_return name.error();
    for (const auto& topology : config_.topologies)
        if (!config_.node.named_by.empty() && topology.strategy == "gossip")
            co_return error{cluster::config_errc::bad_value,
                            "a node that asks for its name cannot be dialled, so it does not gossip: remove the "
                            "topology " +
                                printable(topology.name)};
    auto cookie = cluster::choose_cookie(config_, env_, cluster::own_cookie_file());
    if (!cookie) co_return cookie.error();
    auto node_options = cluster::node_options_of(config_, *name, cookie->value);
    if (!node_options) co_return node_options.error();
    auto directory_options = cluster::directory_options_of(config_.epmd, *name);
    if (!directory_options) co_return directory_options.error();

    auto endpoint_options = cluster::metrics_endpoint_options_of(config_.metrics);
    if (!endpoint_options) co_return endpoint_options.error();
    auto scopes = cluster::scopes_of(config_.pg);
    if (!scopes) co_return scopes.error();

    mapper_port_ = directory_options->port;
    directory_.emplace(env_, std::move(*directory_options));
    node_.emplace(std::move(*node_options), env_, *directory_);
    auto starting = node_->start();
    auto started = co_await std::move(starting);
    if (!started) {
        node_.reset();
        directory_.reset();
        co_return std::move(started).error();
    }
    kernel_.emplace(*node_, kernel_options(*std::move(scopes)));
    auto serving = kernel_->start();
    if (!serving) env_.log(log_level::error, "[sedge] " + serving.error().message());
    tell_that_it_is_up(cookie->advice);
    start_topologies();
    if (*endpoint_options) start_endpoint(**endpoint_options);
    co_return result<void>{};
}

otp::kernel_options application::impl::kernel_options(std::vector<atom> scopes) {
    otp::kernel_options options;
    options.roles = roles_ = otp::role_table{config_.roles};
    options.connect_all = config_.node.connect_all;
    options.lost_connections =
        otp::loss_reports_from(config_.node.lost_connections).value_or(otp::loss_reports::one_end);
    options.permit = [this](const atom& who, const otp::function_entry& wanted) {
        return !cluster::changes_topologies(wanted) || cluster::may_change_topologies(*node_, roles_, who);
    };
    options.scopes = std::move(scopes);
    options.builtins.names = [this] { return names_here(env_, mapper_port_); };
    return options;
}

void application::impl::tell_that_it_is_up(const std::vector<std::string>& advice) {
    env_.log(log_level::info, "[sedge] " + node_->name().str() + " is up, port " +
                                  std::to_string(node_->listening_at().port) +
                                  (directory_->is_mapper() ? ", and is the port mapper here" : ""));
    if (node_->options().tls) env_.log(log_level::info, "[sedge] connections to other nodes are TLS only");
    for (const auto& line : config_.advice) env_.log(log_level::warning, "[sedge] " + line);
    for (const auto& line : advice) env_.log(log_level::warning, "[sedge] " + line);
}

// Whoever looks at the numbers may be without them; the node may not.
void application::impl::start_endpoint(const cluster::metrics_endpoint_options& options) {
    endpoint_.emplace(env_, metrics_, options);
    const auto listening = endpoint_->listen();
    if (!listening) return env_.log(log_level::error, "[sedge] " + printable(listening.error().message()));
    const bool is_open = !options.at.address.is_loopback();
    env_.log(is_open ? log_level::warning : log_level::info,
             "[sedge] metrics are at http://" + to_string(endpoint_->listening_at()) + "/metrics" +
                 (is_open ? ", for everybody who reaches that address" : ""));
}

void application::impl::start_topologies() {
    topologies_.emplace(*node_);
    timeline_.emplace(*node_, *topologies_, config_.events.file);
    timeline_->note("sedge.started", version_text, node_->name().text());
    timeline_->hear(kernel_->global());
    metrics_.add([this] { return cluster::node_metrics(*node_, *topologies_, *timeline_); });
    cluster::add_event_functions(kernel_->functions(), *timeline_);
    configured_.emplace(strategies_, *topologies_);
    auto started = configured_->start(config_.topologies, config_.file);
    if (!started) env_.log(log_level::error, "[sedge] " + started.error().message());
    for (auto& each : std::exchange(specs_, {})) start(std::move(each));
    if (!config_.node.members_file.empty()) members_.emplace(*topologies_, env_, config_.node.members_file);
    cluster::add_topology_functions(kernel_->functions(), *node_, *configured_, *topologies_,
                                    [this] { return reload(); });
    cluster::add_doctor_functions(kernel_->functions(), *node_, mapper_port_);
}

void application::impl::start(planned_process what) {
    auto name = what.name;
    spawn_options options;
    if (what.supervised) {
        options.label = "supervisor of " + name;
        auto give_up = [this, name](const std::string& reason) {
            env_.log(log_level::error, "[sedge] " + printable(name) + " ends too often, the last time with " + reason +
                                           "; the program ends");
            stop(exit_code::failed);
        };
        node_->spawn(cluster::supervised(name, std::move(what.body), give_up), options);
    } else {
        options.label = name;
        options.name = atom{name};
        node_->spawn(std::move(what.body), options);
    }
}

void application::impl::start(cluster::topology_spec what) {
    auto added = topologies_->add(std::move(what));
    if (!added) env_.log(log_level::error, "[sedge] " + added.error().message());
}

} // namespace sedge
