// SPDX-License-Identifier: Apache-2.0
#include "cluster/application_impl.hpp"
#include "cluster/give_back.hpp"
#include "cluster/service_manager.hpp"
#include "cluster/start_settings.hpp"

#include <sedge/cluster/command_line.hpp>
#include <sedge/dist/error.hpp>
#include <sedge/term/text.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>

namespace sedge {
namespace {

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

cluster::readiness ready_from(const cluster::ready_settings& asked) {
    cluster::readiness out;
    out.at_least = static_cast<std::size_t>(asked.at_least);
    for (const auto& name : asked.nodes) out.nodes.emplace_back(name);
    out.within = std::chrono::duration_cast<duration>(std::chrono::duration<double>{asked.within});
    return out;
}

} // namespace

application::impl::impl(application& owner, cluster::configuration config, std::shared_ptr<log_sink> log)
    : owner_(owner), config_(std::move(config)), env_(std::move(log)), ended_(env_) {
    heed_log_level(config_.log_level);
}

// -- what is asked for ------------------------------------------------------------------------------------------------

void application::impl::add(planned_process what) {
    if (!working_) return processes_.push_back(std::move(what));
    start(std::move(what));
}

void application::impl::add(cluster::topology_spec what) {
    if (!topologies_) return specs_.push_back(std::move(what));
    start(std::move(what));
}

void application::impl::stop(exit_code code) {
    if (!code_) code_ = static_cast<int>(code);
    ended_.set();
}

// -- the life of the program ------------------------------------------------------------------------------------------

int application::impl::run(std::function<task<int>(application&)> main) {
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

task<int> application::impl::live() {
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
    tasks_.start(cluster::give_back_after_start(env_, cluster::memory_of_this_program()));
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

// What the program is for begins when the cluster is there, if that was asked for; discovery and services for
// other nodes have begun before.
task<> application::impl::work() {
    if (config_.ready.is_asked()) {
        auto waiting = topologies_->wait_ready(ready_from(config_.ready));
        auto ready = co_await std::move(waiting);
        if (!ready) {
            tell(program_ + ": not ready: " + ready.error().context() + " after " + seconds_text(config_.ready.within));
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

task<> application::impl::stop_at_signals() {
    auto first = env_.signal({SIGTERM, SIGINT});
    auto number = co_await std::move(first);
    env_.log(log_level::info, std::string{"[sedge] "} + (number == SIGTERM ? "SIGTERM" : "SIGINT") + ": leaving");
    stop(exit_code::ok);
}

// The node of `named_by` may give our name to another one as soon as the connection is lost.
node::subscription application::impl::watch_the_node_that_named_us() {
    if (config_.node.named_by.empty()) return {};
    return node_->watch([this](const node_event& e) {
        if (e.what == node_event::kind::down && e.node == config_.node.named_by) stop(exit_code::failed);
    });
}

// -- changes while it runs --------------------------------------------------------------------------------------------

// Reads the configuration file again; what is wrong with it leaves everything as it was.
result<std::string> application::impl::reload() {
    auto read = read_again();
    timeline_->note(read ? "sedge.configuration.read" : "sedge.configuration.refused",
                    read ? *read : read.error().message());
    return read;
}

result<std::string> application::impl::read_again() {
    if (config_.file.empty())
        return error{errc::invalid_argument, "this node was started without a configuration file"};
    auto read = cluster::load_configuration(config_.file, config_.over);
    if (!read) return std::move(read).error();
    auto followed = configured_->follow(read->topologies, config_.file);
    if (!followed) return followed.error();
    heed_log_level(read->log_level);
    auto what = config_.file + " was read again; " + to_string(*followed);
    env_.log(log_level::info, "[sedge] " + printable(what));
    return what;
}

task<> application::impl::reload_at_signals() {
    for (;;) {
        auto next = env_.signal({SIGHUP});
        co_await std::move(next);
        auto read = reload();
        if (!read)
            env_.log(log_level::error, "[sedge] SIGHUP: nothing is changed: " + printable(read.error().message()));
    }
}

void application::impl::heed_log_level(std::string_view name) {
    for (auto level : {log_level::debug, log_level::info, log_level::warning, log_level::error, log_level::off})
        if (to_string(level) == name) env_.log_to().set_least(level);
}

// -- what programs see ------------------------------------------------------------------------------------------------

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
