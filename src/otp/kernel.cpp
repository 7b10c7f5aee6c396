// SPDX-License-Identifier: Apache-2.0
#include <sedge/otp/kernel.hpp>

#include "otp/kernel_state.hpp"

#include <sedge/wire/environment.hpp>

namespace sedge::otp {

kernel::kernel(node& on, kernel_options options) : node_(on), state_(std::make_shared<kernel_state>()) {
    if (options.builtins.started == time_point{}) options.builtins.started = on.env().now();
    add_builtins(state_->functions, options.builtins);
    state_->options = std::move(options);
    state_->here = &on;
}

kernel::~kernel() { stop(); }

function_table& kernel::functions() noexcept { return state_->functions; }

result<void> kernel::start() {
    for (std::string_view name : {"net_kernel", "rex", "user", "logger_proxy", "sedge_mesh"}) {
        if (node_.whereis(atom{name}))
            return error{sedge::errc::invalid_argument, "the name " + std::string{name} + " is taken"};
    }
    auto run = [this](const char* name, process_body body) {
        // They trap exits: whoever links to one does not take it along.
        processes_.push_back(node_.spawn(std::move(body), {.label = name, .name = atom{name}, .trap_exit = true}));
        state_->services.insert(atom{name});
        return processes_.back();
    };
    state_->origin_mark = node_.make_reference();
    run("net_kernel", [](process& self) { return run_net_kernel(self); });
    state_->rex = run("rex", [state = state_](process& self) { return run_rex(self, state); });
    node_.set_group_leader(run("user", [state = state_](process& self) { return run_user(self, state); }));
    run("logger_proxy", [state = state_](process& self) { return run_logger_proxy(self, state); });
    if (state_->options.connect_all) run("sedge_mesh", [](process& self) { return run_mesh(self); });
    node_.guard([state = state_](const remote_signal& signal) { return accepts(*state, signal); });
    node_.serve_spawns([state = state_](const spawn_call& call) { return serve_spawn(state, call); });
    return {};
}

void kernel::stop() {
    if (processes_.empty()) return;
    node_.serve_spawns({});
    node_.guard({});
    for (const auto& process : processes_) node_.exit(process, term{atom{"kill"}});
    state_->services.clear();
    processes_.clear();
}

} // namespace sedge::otp
