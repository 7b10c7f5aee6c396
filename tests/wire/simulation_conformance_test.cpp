// SPDX-License-Identifier: Apache-2.0
#include "wire/conformance.hpp"

#include <sedge/wire/simulation.hpp>

namespace sedge::test {

namespace {

class SimulatedWorld {
public:
    explicit SimulatedWorld(wire::simulation_options options = {}) : simulation(42, options) {}
    environment& server() { return simulation.machine("172.24.176.1"); }
    environment& client() { return simulation.machine("172.24.176.2"); }
    wire::ip_address server_address() const { return wire::ip_address::v4(172, 24, 176, 1); }
    wire::ip_address client_address() const { return wire::ip_address::v4(172, 24, 176, 2); }
    template <class T>
    T run(task<T> job) {
        return simulation.block_on(std::move(job));
    }
    bool until(const std::function<bool()>& done) { return simulation.run_until(done); }

    wire::simulation simulation;
};

/// Every read and write moves a few bytes only, and buffers are small.
struct CrampedWorld : SimulatedWorld {
    static wire::simulation_options cramped() {
        wire::simulation_options options;
        options.stream_buffer_bytes = 50'000;
        options.step_bytes_max = 97;
        options.link = {std::chrono::microseconds{1}, std::chrono::microseconds{20}, 0, 0};
        return options;
    }
    CrampedWorld() : SimulatedWorld(cramped()) {}
};

/// Both on one machine, by loopback.
struct OneMachine : SimulatedWorld {
    environment& client() { return simulation.program("172.24.176.1", "client"); }
    wire::ip_address server_address() const { return wire::ip_address::loopback_v4(); }
    wire::ip_address client_address() const { return wire::ip_address::loopback_v4(); }
};

} // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(Simulated, Conformance, SimulatedWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(SimulatedInSmallSteps, Conformance, CrampedWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(SimulatedOnOneMachine, Conformance, OneMachine);

} // namespace sedge::test
