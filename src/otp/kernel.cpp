// SPDX-License-Identifier: Apache-2.0
#include <sedge/otp/kernel.hpp>

#include "otp/global/functions.hpp"
#include "otp/kernel_state.hpp"
#include "otp/pg/functions.hpp"

#include <sedge/wire/environment.hpp>

namespace sedge::otp {
namespace {

/// Tells this instance of a node from others of the same name, in reports of lost connections. Positive, with the
/// creation in the lower half, as OTP's.
std::uint64_t extended_creation(node& on) { return (on.env().random_u64() >> 4 << 32) | on.creation(); }

/// A place to begin counting that no earlier instance of the node has come to.
std::int64_t first_tag(node& on) { return static_cast<std::int64_t>(on.env().random_u64() >> 8); }

} // namespace

kernel::kernel(node& on, kernel_options options) : node_(on), state_(std::make_shared<kernel_state>()) {
    if (options.builtins.started == time_point{}) options.builtins.started = on.env().now();
    add_builtins(state_->functions, options.builtins);
    state_->options = std::move(options);
    state_->here = &on;
    state_->names = std::make_shared<otp::global::service>(on);
    state_->names->may_take_part = [weak = std::weak_ptr{state_}](const atom& peer) {
        auto state = weak.lock();
        return state && otp::may_take_part(*state, peer);
    };
    registry::add_functions(state_->functions, state_->names);
    state_->groups.emplace(on);
    add_pg_functions(state_->functions, *state_->groups);
}

kernel::~kernel() { stop(); }

function_table& kernel::functions() noexcept { return state_->functions; }
pg& kernel::pg() noexcept { return *state_->groups; }

otp::global kernel::global() const noexcept { return otp::global{state_->names}; }

result<void> kernel::start() {
    for (std::string_view name : {"net_kernel", "rex", "user", "logger_proxy", "global_name_server"}) {
        if (node_.whereis(atom{name}))
            return error{sedge::errc::invalid_argument, "the name " + std::string{name} + " is taken"};
    }
    // They trap exits: whoever links to one does not take it along.
    auto run_nameless = [this](const char* label, process_body body) {
        processes_.push_back(node_.spawn(std::move(body), {.label = label, .name = {}, .trap_exit = true}));
        return processes_.back();
    };
    auto run = [this](const char* name, process_body body) {
        processes_.push_back(node_.spawn(std::move(body), {.label = name, .name = atom{name}, .trap_exit = true}));
        state_->services.insert(atom{name});
        return processes_.back();
    };
    state_->origin_mark = node_.make_reference();
    run("net_kernel", [](process& self) { return run_net_kernel(self); });
    state_->marked = {{atom{"rex"}, run("rex", [state = state_](process& self) { return run_rex(self, state); })}};
    node_.set_group_leader(run("user", [state = state_](process& self) { return run_user(self, state); }));
    run("logger_proxy", [state = state_](process& self) { return run_logger_proxy(self, state); });
    if (state_->options.connect_all && !node_.options().hidden) {
        auto names = state_->names;
        names->origin_mark = state_->origin_mark;
        names->locker =
            run_nameless("global locker", [names](process& self) { return registry::run_locker(self, names); });
        names->registrar =
            run_nameless("global registrar", [names](process& self) { return registry::run_registrar(self, names); });
        names->names.emplace(node_.name(), names->locker, state_->options.lost_connections, first_tag(node_),
                             extended_creation(node_));
        names->server = run("global_name_server", [names](process& self) { return registry::run_server(self, names); });
        names->running = true;
        state_->marked.emplace_back(atom{"global_name_server"}, names->server);
    }
    for (const auto& scope : state_->options.scopes) {
        if (auto started = state_->groups->start(scope); !started) return started.error();
    }
    node_.guard([state = state_](const remote_signal& signal) { return accepts(*state, signal); });
    node_.serve_spawns([state = state_](const spawn_call& call) { return serve_spawn(state, call); });
    return {};
}

void kernel::stop() {
    state_->groups->stop_all();
    if (processes_.empty()) return;
    node_.serve_spawns({});
    node_.guard({});
    for (const auto& process : processes_) node_.exit(process, term{atom{"kill"}});
    state_->names->running = false;
    state_->marked.clear();
    state_->services.clear();
    processes_.clear();
}

} // namespace sedge::otp
