// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/simulation.hpp>

#include "wire/simulated_datagram.hpp"
#include "wire/simulated_program.hpp"
#include "wire/simulated_stream.hpp"
#include "wire/simulated_world.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace sedge::wire {

namespace {

interface_address network_interface(const ip_address& address, std::uint32_t index) {
    interface_address i{"eth" + std::to_string(index - 2), index, address, 64, std::nullopt, true, true};
    if (address.is_v4()) {
        i.prefix_bits = 24;
        i.broadcast = ip_address::v4(address.v4_host_order() | 0xff);
    }
    return i;
}

simulated_machine& machine_of(simulated_world& world, std::string_view text) {
    const ip_address address = ip_address::parse(text).value();
    SEDGE_ASSERT(!address.is_loopback());
    if (auto* known = world.machine_at(address)) return *known;
    auto& fresh = world.add_machine(address);
    fresh.interfaces.push_back(network_interface(address, 2));
    return fresh;
}

const simulated_program& program_of(const environment& e) {
    return static_cast<const simulated_program&>(e);
}

} // namespace

simulation::simulation(std::uint64_t seed, simulation_options options)
    : world_(std::make_unique<simulated_world>(seed, options)) {}
simulation::~simulation() = default;

environment& simulation::machine(std::string_view address) {
    return program(address, "main");
}

environment& simulation::program(std::string_view address, std::string_view name) {
    return world_->program(machine_of(*world_, address), name);
}

void simulation::name(std::string_view host, std::string_view address) {
    auto& m = machine_of(*world_, address);
    const bool first = std::none_of(world_->names.begin(), world_->names.end(),
                                    [&](const auto& known) { return m.has(known.second); });
    if (first) m.host_name = host;
    world_->names.insert_or_assign(std::string{host}, ip_address::parse(address).value());
}

void simulation::forget_name(std::string_view host) {
    auto known = world_->names.find(host);
    if (known != world_->names.end()) world_->names.erase(known);
}

void simulation::add_address(std::string_view machine, std::string_view address) {
    auto& m = machine_of(*world_, machine);
    m.interfaces.push_back(network_interface(ip_address::parse(address).value(), m.interfaces.back().index + 1));
}

void simulation::link(std::string_view a, std::string_view b, link_options options) {
    world_->set_link(machine_of(*world_, a), machine_of(*world_, b), options);
}

void simulation::cut(std::string_view a, std::string_view b) {
    cut_one_way(a, b);
    cut_one_way(b, a);
}

void simulation::cut_one_way(std::string_view from, std::string_view to) {
    auto& source = machine_of(*world_, from);
    world_->cut(source, machine_of(*world_, to));
}

void simulation::heal(std::string_view a, std::string_view b) {
    auto& one = machine_of(*world_, a);
    auto& other = machine_of(*world_, b);
    world_->heal(one, other);
    world_->heal(other, one);
}

void simulation::heal_all() {
    world_->heal_all();
}

void simulation::reset(std::string_view a, std::string_view b) {
    auto& one = machine_of(*world_, a);
    connection::reset_between(*world_, one, machine_of(*world_, b));
}

void simulation::pause(std::string_view machine, duration d) {
    for (auto& [name, p] : machine_of(*world_, machine).programs) world_->pause(*p, d);
}

void simulation::pause(environment& program, duration d) {
    world_->pause(static_cast<simulated_program&>(program), d);
}

void simulation::crash(std::string_view machine) {
    auto& m = machine_of(*world_, machine);
    while (!m.programs.empty()) crash(*m.programs.begin()->second);
}

void simulation::crash(environment& program) {
    world_->kill(static_cast<simulated_program&>(program), true);
}

void simulation::power_off(std::string_view machine) {
    auto& m = machine_of(*world_, machine);
    m.on = false;
    while (!m.programs.empty()) world_->kill(*m.programs.begin()->second, false);
}

bool simulation::step() {
    return world_->step();
}

void simulation::run_for(duration d) {
    const time_point until = world_->now + d;
    for (;;) {
        const auto due = world_->next_due();
        if (!due || *due > until) break;
        world_->step();
    }
    world_->now = until;
}

bool simulation::run_until(const std::function<bool()>& done, duration most) {
    const time_point until = world_->now + most;
    while (!done()) {
        const auto due = world_->next_due();
        if (!due || *due > until) {
            world_->now = until;
            return done();
        }
        world_->step();
    }
    return true;
}

void simulation::drive_to_end(task<> job, duration most) {
    bool ended = false;
    std::exception_ptr failure;
    nursery running;
    running.start(std::move(job), [&](std::exception_ptr e) {
        ended = true;
        failure = std::move(e);
    });
    const bool in_time = run_until([&] { return ended; }, most);
    if (failure) std::rethrow_exception(failure);
    if (!in_time) throw std::runtime_error("the simulated task did not end in the time given");
}

time_point simulation::now() const noexcept {
    return world_->now;
}

std::uint64_t simulation::seed() const noexcept {
    return world_->seed;
}

std::uint64_t simulation::trace_hash() const noexcept {
    return world_->trace.value();
}

std::size_t simulation::open_streams() const noexcept {
    return world_->connections.size();
}

const std::deque<log_line>& simulation::log(const environment& program) const {
    return program_of(program).lines.lines();
}

std::string simulation::story() const {
    return world_->story();
}

} // namespace sedge::wire
