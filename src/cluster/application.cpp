// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/application.hpp>
#include <sedge/cluster/member_memory.hpp>

#include "cluster/configured_topologies.hpp"
#include "cluster/doctor_functions.hpp"
#include "cluster/give_back.hpp"
#include "cluster/metrics/endpoint.hpp"
#include "cluster/service_manager.hpp"
#include "cluster/start_settings.hpp"
#include "cluster/supervised.hpp"
#include "cluster/timeline/functions.hpp"
#include "cluster/topology_functions.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/cluster/command_line.hpp>
#include <sedge/dist/error.hpp>
#include <sedge/epmd/client.hpp>
#include <sedge/otp/kernel.hpp>
#include <sedge/term/text.hpp>
#include <sedge/version.hpp>
#include <sedge/wire/system.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

namespace sedge {
namespace {

log_level level_of(std::string_view name) {
    for (auto level : {log_level::debug, log_level::info, log_level::warning, log_level::error, log_level::off})
        if (to_string(level) == name) return level;
    return log_level::info;
}

void tell(const std::string& sentence) { std::fprintf(stderr, "%s\n", printable(sentence).c_str()); }

// Whether a failure to start comes from what was configured or from what was found on the machine.
exit_code code_of(const error& failure) {
    bool configured = failure.code().category() == cluster::config_category() ||
                      failure.code() == dist::errc::cookie_unusable ||
                      failure.code() == wire::tls_errc::unusable_file || failure.code() == wire::tls_errc::wrong_name ||
                      failure.code() == dist::errc::name_invalid;
    return configured ? exit_code::bad_configuration : exit_code::cannot_start;
}

std::string seconds_text(double count) {
    std::array<char, 32> buffer;
    std::snprintf(buffer.data(), buffer.size(), "%g s", count);
    return buffer.data();
}

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

class application::impl {
public:
    impl(application& owner, cluster::configuration config, std::shared_ptr<log_sink> log)
        : owner_(owner), config_(std::move(config)), env_(std::move(log)), ended_(env_) {
        env_.log_to().set_least(level_of(config_.log_level));
    }

    struct planned_process {
        std::string name;
        process_body body;
        bool supervised = false;
    };

    // -- what is asked for -----------------------------------------------------------------------------------------

    void add(planned_process what) {
        if (!working_) return processes_.push_back(std::move(what));
        start(std::move(what));
    }
    void add(cluster::topology_spec what) {
        if (!topologies_) return specs_.push_back(std::move(what));
        start(std::move(what));
    }
    void stop(exit_code code) {
        if (!code_) code_ = static_cast<int>(code);
        ended_.set();
    }

    // -- the life of the program -----------------------------------------------------------------------------------

    int run(std::function<task<int>(application&)> main) {
        if (help_) {
            std::printf("Usage: %s [OPTIONS]\n\n%s", program_.c_str(), cluster::command_line_help().c_str());
            return static_cast<int>(exit_code::ok);
        }
        if (wrong_) {
            tell(program_ + ": " + wrong_->message());
            bool is_usage = wrong_->code() == cluster::config_errc::bad_option;
            return static_cast<int>(is_usage ? exit_code::usage : exit_code::bad_configuration);
        }
        main_ = std::move(main);
        env_.spin_before_sleep(std::chrono::microseconds{config_.node.spin});
        return env_.block_on(live());
    }

    task<int> live() {
        auto starting = start();
        auto started = co_await std::move(starting);
        if (!started) {
            tell(program_ + ": cannot start: " + started.error().message());
            co_return static_cast<int>(code_of(started.error()));
        }
        auto naming = watch_the_node_that_named_us();
        tasks_.start(stop_at_signals());
        if (!config_.file.empty()) tasks_.start(reload_at_signals());
        tasks_.start(work());
        tasks_.start(cluster::give_back_after_start(env_));
        auto waiting = ended_.wait();
        co_await std::move(waiting);

        cluster::tell_service_manager("STOPPING=1");
        timeline_->note("sedge.stopping");
        tasks_.cancel();
        naming = {};
        endpoint_.reset();
        members_.reset();
        topologies_->stop();
        kernel_->stop();
        auto stopping = node_->stop();
        co_await std::move(stopping);
        env_.log(log_level::info, "[sedge] " + node_->name().str() + " has left");
        kernel_.reset();
        configured_.reset();
        timeline_.reset();
        topologies_.reset();
        node_.reset();
        directory_.reset();
        co_return code_.value_or(0);
    }

    // The node is up when this succeeds; otherwise nothing is.
    task<result<void>> start() {
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

        auto mapper_port = mapper_port_ = directory_options->port;
        directory_.emplace(env_, std::move(*directory_options));
        node_.emplace(std::move(*node_options), env_, *directory_);
        auto starting = node_->start();
        auto started = co_await std::move(starting);
        if (!started) {
            node_.reset();
            directory_.reset();
            co_return std::move(started).error();
        }
        otp::kernel_options kernel_options;
        kernel_options.roles = roles_ = otp::role_table{config_.roles};
        kernel_options.connect_all = config_.node.connect_all;
        kernel_options.lost_connections =
            otp::loss_reports_from(config_.node.lost_connections).value_or(otp::loss_reports::one_end);
        kernel_options.permit = [this](const atom& who, const otp::function_entry& wanted) {
            return !cluster::changes_topologies(wanted) || cluster::may_change_topologies(*node_, roles_, who);
        };
        kernel_options.scopes = std::move(*scopes);
        kernel_options.builtins.names = [this, mapper_port] { return names_here(env_, mapper_port); };
        kernel_.emplace(*node_, std::move(kernel_options));
        auto serving = kernel_->start();
        if (!serving) env_.log(log_level::error, "[sedge] " + serving.error().message());

        env_.log(log_level::info, "[sedge] " + node_->name().str() + " is up, port " +
                                      std::to_string(node_->listening_at().port) +
                                      (directory_->is_mapper() ? ", and is the port mapper here" : ""));
        if (node_->options().tls) env_.log(log_level::info, "[sedge] connections to other nodes are TLS only");
        for (const auto& line : config_.advice) env_.log(log_level::warning, "[sedge] " + line);
        for (const auto& line : cookie->advice) env_.log(log_level::warning, "[sedge] " + line);
        start_topologies();
        if (*endpoint_options) start_endpoint(**endpoint_options);
        co_return result<void>{};
    }

    // Whoever looks at the numbers may be without them; the node may not.
    void start_endpoint(const cluster::metrics_endpoint_options& options) {
        endpoint_.emplace(env_, metrics_, options);
        const auto listening = endpoint_->listen();
        if (!listening) return env_.log(log_level::error, "[sedge] " + printable(listening.error().message()));
        const bool is_open = !options.at.address.is_loopback();
        env_.log(is_open ? log_level::warning : log_level::info,
                 "[sedge] metrics are at http://" + to_string(endpoint_->listening_at()) + "/metrics" +
                     (is_open ? ", for everybody who reaches that address" : ""));
    }

    void start_topologies() {
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

    // -- readiness -------------------------------------------------------------------------------------------------

    // What the program is for begins when the cluster is there, if that was asked for; discovery and services for
    // other nodes have begun before.
    task<> work() {
        if (config_.ready.is_asked()) {
            auto waiting = topologies_->wait_ready(ready_from(config_.ready));
            auto ready = co_await std::move(waiting);
            if (!ready) {
                tell(program_ + ": not ready: " + ready.error().context() + " after " +
                     seconds_text(config_.ready.within));
                stop(exit_code::timed_out);
                co_return;
            }
            env_.log(log_level::info,
                     "[sedge] ready: " + std::to_string(node_->peers().size()) + " other nodes are connected");
            timeline_->note("sedge.ready");
        }
        cluster::tell_service_manager("READY=1\nSTATUS=" + node_->name().str() + " is up");
        working_ = true;
        for (auto& each : std::exchange(processes_, {})) start(std::move(each));
        if (!main_) co_return;
        auto running = main_(owner_);
        auto code = co_await std::move(running);
        if (!code_) code_ = code;
        ended_.set();
    }
    static cluster::readiness ready_from(const cluster::ready_settings& asked) {
        cluster::readiness out;
        out.at_least = static_cast<std::size_t>(asked.at_least);
        for (const auto& name : asked.nodes) out.nodes.emplace_back(name);
        out.within = std::chrono::duration_cast<duration>(std::chrono::duration<double>{asked.within});
        return out;
    }

    // -- changes while it runs -------------------------------------------------------------------------------------

    // Reads the configuration file again; what is wrong with it leaves everything as it was.
    result<std::string> reload() {
        auto read = read_again();
        timeline_->note(read ? "sedge.configuration.read" : "sedge.configuration.refused",
                        read ? *read : read.error().message());
        return read;
    }
    result<std::string> read_again() {
        if (config_.file.empty())
            return error{errc::invalid_argument, "this node was started without a configuration file"};
        auto read = cluster::load_configuration(config_.file, config_.over);
        if (!read) return std::move(read).error();
        auto followed = configured_->follow(read->topologies, config_.file);
        if (!followed) return followed.error();
        env_.log_to().set_least(level_of(read->log_level));
        auto what = config_.file + " was read again; " + to_string(*followed);
        env_.log(log_level::info, "[sedge] " + printable(what));
        return what;
    }
    task<> reload_at_signals() {
        for (;;) {
            auto next = env_.signal({SIGHUP});
            co_await std::move(next);
            auto read = reload();
            if (!read)
                env_.log(log_level::error, "[sedge] SIGHUP: nothing is changed: " + printable(read.error().message()));
        }
    }

    void start(planned_process what) {
        auto name = what.name;
        spawn_options options;
        if (what.supervised) {
            options.label = "supervisor of " + name;
            auto give_up = [this, name](const std::string& reason) {
                env_.log(log_level::error, "[sedge] " + printable(name) + " ends too often, the last time with " +
                                               reason + "; the program ends");
                stop(exit_code::failed);
            };
            node_->spawn(cluster::supervised(name, std::move(what.body), give_up), options);
        } else {
            options.label = name;
            options.name = atom{name};
            node_->spawn(std::move(what.body), options);
        }
    }
    void start(cluster::topology_spec what) {
        auto added = topologies_->add(std::move(what));
        if (!added) env_.log(log_level::error, "[sedge] " + added.error().message());
    }

    // The node of `named_by` may give our name to another one as soon as the connection is lost.
    node::subscription watch_the_node_that_named_us() {
        if (config_.node.named_by.empty()) return {};
        return node_->watch([this](const node_event& e) {
            if (e.what == node_event::kind::down && e.node == config_.node.named_by) stop(exit_code::failed);
        });
    }

    task<> stop_at_signals() {
        auto first = env_.signal({SIGTERM, SIGINT});
        auto number = co_await std::move(first);
        env_.log(log_level::info, std::string{"[sedge] "} + (number == SIGTERM ? "SIGTERM" : "SIGINT") + ": leaving");
        stop(exit_code::ok);
    }

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
    nursery tasks_;
};

application::application(int argc, char** argv) {
    std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    auto parsed = cluster::parse_command_line(arguments);
    impl_ = std::make_unique<impl>(*this, parsed ? parsed->config : cluster::configuration{}, nullptr);
    if (argc > 0) impl_->program_ = std::filesystem::path{argv[0]}.filename().string();
    if (parsed)
        impl_->help_ = parsed->help;
    else
        impl_->wrong_ = parsed.error();
}

application::application(cluster::configuration config, std::shared_ptr<log_sink> log)
    : impl_(std::make_unique<impl>(*this, std::move(config), std::move(log))) {}

application::~application() = default;

application& application::spawn(std::string name, process_body body) {
    impl_->add(impl::planned_process{std::move(name), std::move(body), false});
    return *this;
}
application& application::supervise(std::string name, process_body body) {
    impl_->add(impl::planned_process{std::move(name), std::move(body), true});
    return *this;
}
application& application::topology(std::string name, std::unique_ptr<cluster::strategy> how) {
    impl_->add(cluster::topology_spec{std::move(name), std::move(how)});
    return *this;
}
application& application::add_strategy(cluster::strategy_definition definition) {
    impl_->strategies_.add(std::move(definition));
    return *this;
}

int application::run() { return impl_->run({}); }
int application::run(std::function<task<int>(application&)> main) { return impl_->run(std::move(main)); }
void application::stop(exit_code code) { impl_->stop(code); }

const cluster::configuration& application::configuration() const noexcept { return impl_->config_; }
environment& application::env() noexcept { return impl_->env_; }
node& application::node() noexcept { return *impl_->node_; }
cluster::topologies& application::topologies() noexcept { return *impl_->topologies_; }
otp::kernel& application::kernel() noexcept { return *impl_->kernel_; }
cluster::metrics& application::metrics() noexcept { return impl_->metrics_; }
cluster::timeline& application::timeline() noexcept { return *impl_->timeline_; }

} // namespace sedge
