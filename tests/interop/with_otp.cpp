// SPDX-License-Identifier: Apache-2.0
#include "interop/with_otp.hpp"

#include <cstdlib>

namespace sedge::test {
namespace {

epmd::directory_options directory_of(std::uint16_t port, const sedge_options& o) {
    epmd::directory_options options;
    options.port = port;
    options.own_host = o.name.substr(o.name.find('@') + 1);
    options.family = o.family;
    return options;
}

node_options node_of(const sedge_options& o) {
    node_options options;
    options.name = o.name;
    options.long_names = !o.short_names;
    options.cookie = *dist::cookie::from_text(o.cookie);
    options.hidden = o.hidden;
    options.tick_time = o.tick_time;
    if (o.more) o.more(options);
    return options;
}

otp::kernel_options kernel_options_of(const sedge_options& o) {
    otp::kernel_options made;
    made.roles = o.roles;
    made.lost_connections = o.lost_connections;
    made.connect_all = o.connect_all;
    return made;
}

} // namespace

sedge_side::sedge_side(wire::system_environment& env, std::uint16_t epmd_port, const sedge_options& o)
    : where(env, directory_of(epmd_port, o)), node(node_of(o), env, where), kernel(node, kernel_options_of(o)) {
    watching = node.watch([this](const node_event& e) {
        if (e.what == node_event::kind::changed) return;
        bool up = e.what == node_event::kind::up;
        events.push_back(up ? "up " + e.node.str() : "down " + e.node.str() + " " + e.reason);
    });
    auto started = env.block_on(node.start());
    EXPECT_TRUE(started) << started.error().message();
    EXPECT_TRUE(kernel.start());
}

WithOtp::~WithOtp() {
    if (HasFailure()) {
        for (auto& otp : theirs) std::printf("--- %s\n%s\n", otp->name().c_str(), otp->program().output().c_str());
        std::printf("--- our log\n%s\n", log->text.c_str());
    }
    theirs.clear();
    for (auto& side : ours) {
        side->kernel.stop();
        env.block_on(side->node.stop());
    }
}

sedge_side& WithOtp::start_sedge(const sedge_options& options) {
    return *ours.emplace_back(std::make_unique<sedge_side>(env, epmd_port, options));
}

otp_node& WithOtp::start_otp(const std::string& name, otp_options options) {
    options.name = name;
    options.epmd_port = epmd_port;
    return *theirs.emplace_back(std::make_unique<otp_node>(std::move(options), [this] { run_for(1ms); }));
}

std::unique_ptr<program> WithOtp::start(std::vector<std::string> arguments) {
    program_options options{std::move(arguments), {{"ERL_EPMD_PORT", std::to_string(epmd_port)}}, {}};
    auto started = std::make_unique<program>(std::move(options));
    started->meanwhile = [this] { run_for(1ms); };
    return started;
}

std::unique_ptr<program> WithOtp::start_resident(const std::string& name) {
    auto resident = start({SEDGE_NODE_RESIDENT, std::to_string(epmd_port), name});
    resident->wait_for("running");
    return resident;
}

bool WithOtp::eventually(const std::function<bool()>& done, duration most) {
    auto due = env.now() + most;
    while (!done()) {
        if (env.now() > due) return false;
        run_for(2ms);
    }
    return true;
}

} // namespace sedge::test
