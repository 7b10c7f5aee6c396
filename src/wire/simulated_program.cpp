// SPDX-License-Identifier: Apache-2.0
#include "wire/simulated_program.hpp"

#include <algorithm>

namespace sedge::wire {

namespace {
std::uint64_t seed_of(const simulated_world& world, std::uint64_t number) {
    return seeded_random{world.seed ^ (number + 1) * 0xd1342543de82ef95}.next();
}
} // namespace

void memory_log::write(log_level level, std::string_view text) {
    if (lines_.size() >= world_.options.log_lines_max) {
        lines_.pop_front();
        numbers_.pop_front();
    }
    lines_.push_back({world_.now, level, std::string{text}});
    numbers_.push_back(world_.next_log_line++);
}

simulated_program::simulated_program(simulated_world& w, simulated_machine& m, std::string_view n, std::uint64_t num)
    : world(w), machine(m), name(n), number(num), lines(w), random_(seed_of(w, num)), posted_(*this) {
    runs_from(queue, true);
}

std::chrono::system_clock::time_point simulated_program::wall_clock() const noexcept {
    constexpr std::chrono::sys_days first_day{std::chrono::year{2026} / 1 / 1};
    return first_day + std::chrono::duration_cast<std::chrono::system_clock::duration>(world.now.time_since_epoch());
}

void simulated_program::post(std::function<void()> job) {
    posted_.jobs.push_back(std::move(job));
    ready(posted_);
}

namespace {

/// Another run queue of a program, as a program of its own on the same machine.
class simulated_loop final : public further_loop {
public:
    explicit simulated_loop(simulated_program& runs) : runs_(runs) {}
    ~simulated_loop() override { stop(); }
    environment& env() noexcept override { return runs_; }
    bool call(std::function<void()> job, duration) override {
        job();
        return true;
    }
    void stop() noexcept override { runs_.world.kill(runs_, false); }

private:
    simulated_program& runs_;
};

constexpr duration turn_delay_max = std::chrono::microseconds{50}; // about what waking a thread may take

} // namespace

std::unique_ptr<further_loop> simulated_program::add_loop() {
    auto& added =
        world.program(machine, name + "/" + std::to_string(number) + "." + std::to_string(further.size() + 1));
    added.first = this;
    further.push_back(&added);
    return std::make_unique<simulated_loop>(added);
}

void simulated_program::wake() {
    if (!turn_.armed()) arm_after(turn_, random_between(duration::zero(), turn_delay_max));
}

void simulated_program::posted::run() {
    auto job = std::move(jobs.front());
    jobs.pop_front();
    if (!jobs.empty()) owner.ready(*this);
    job();
}

void simulated_program::random_bytes(std::span<std::uint8_t> out) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (i % 8 == 0) value = random_.next();
        out[i] = static_cast<std::uint8_t>(value >> (8 * (i % 8)));
    }
}

task<result<std::vector<ip_address>>> simulated_program::resolve(std::string host) {
    if (auto literal = ip_address::parse(host)) co_return std::vector<ip_address>{*literal};
    // A name server stands somewhere on the network.
    co_await sleep_for(*this, world.delay(machine, machine) + world.options.link.delay_least);
    std::vector<ip_address> found;
    auto named = world.names.find(host);
    if (named != world.names.end())
        found.push_back(named->second);
    else if (host == machine.host_name)
        found.push_back(machine.address);
    else if (host == "localhost")
        found = {ip_address::loopback_v4(), ip_address::loopback_v6()};
    if (found.empty()) co_return error{errc::name_not_found, "resolve " + host};
    co_return found;
}

} // namespace sedge::wire
