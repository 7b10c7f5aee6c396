// SPDX-License-Identifier: Apache-2.0
#include "wire/simulated_world.hpp"

#include "wire/simulated_datagram.hpp"
#include "wire/simulated_program.hpp"
#include "wire/simulated_stream.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sedge::wire {

std::uint64_t seeded_random::next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void trace_digest::fold(std::uint64_t value) noexcept {
    for (int i = 0; i < 8; ++i) state_ = (state_ ^ ((value >> (8 * i)) & 0xff)) * 0x100000001b3;
}

void trace_digest::fold(byte_view bytes) noexcept {
    for (auto b : bytes) state_ = (state_ ^ b) * 0x100000001b3;
}

bool simulated_machine::has(const ip_address& a) const {
    return std::any_of(interfaces.begin(), interfaces.end(), [&](const auto& i) { return i.address == a; });
}

ip_address simulated_machine::source_for(const ip_address& to) const {
    if (to.is_loopback() || has(to)) return to;
    for (const auto& i : interfaces)
        if (!i.address.is_loopback() && i.address.is_v4() == to.is_v4()) return i.address;
    return address;
}

namespace {
// Time does not begin at zero, so that `time_point{}` is in the past, as it is on a machine that is up.
constexpr time_point beginning{std::chrono::hours{1}};
} // namespace

simulated_world::simulated_world(std::uint64_t s, simulation_options o)
    : seed(s), options(o), random(s), now(beginning) {}

simulated_world::~simulated_world() {
    planned_.clear(); // holds the last references to streams nobody accepted
}

simulated_machine& simulated_world::add_machine(const ip_address& address) {
    auto m = std::make_unique<simulated_machine>();
    m->address = address;
    m->host_name = "machine-" + std::to_string(machines_.size() + 1);
    m->next_port = static_cast<std::uint16_t>(32768 + random.next() % 16384);
    m->interfaces.push_back({"lo", 1, ip_address::loopback_v4(), 8, std::nullopt, true, false});
    m->interfaces.push_back({"lo", 1, ip_address::loopback_v6(), 128, std::nullopt, true, false});
    machines_.push_back(std::move(m));
    return *machines_.back();
}

simulated_machine* simulated_world::machine_at(const ip_address& address) const {
    if (address.is_loopback()) return nullptr;
    for (const auto& m : machines_)
        if (m->has(address)) return m.get();
    return nullptr;
}

simulated_program& simulated_world::program(simulated_machine& machine, std::string_view name) {
    if (!machine.on) {
        machine.on = true;
        resume_streams();
    }
    auto known = machine.programs.find(name);
    if (known != machine.programs.end()) return *known->second;
    programs_.push_back(std::make_unique<simulated_program>(*this, machine, name, programs_.size()));
    auto& fresh = *programs_.back();
    machine.programs.emplace(name, &fresh);
    living_.push_back(&fresh);
    return fresh;
}

void simulated_world::kill(simulated_program& program, bool tell_peers) {
    if (!program.alive) return;
    program.alive = false;
    for (auto* loop : program.further) kill(*loop, tell_peers);
    std::erase(living_, &program);
    program.machine.programs.erase(program.name);
    auto leave = [&](auto& open) {
        std::erase_if(open, [&](auto* o) { return o->owner == &program && !(o->open = false); });
    };
    leave(program.machine.listeners);
    leave(program.machine.sockets);
    connection::close_all_of(*this, program, tell_peers);
}

void simulated_world::pause(simulated_program& program, duration d) {
    for (auto* loop : program.further) pause(*loop, d);
    program.paused_until = std::max(program.paused_until, now + d);
    at(program.paused_until, [this, &program] {
        if (program.runs() && !program.queue.empty()) has_work(program);
    });
}

void simulated_world::set_link(const simulated_machine& a, const simulated_machine& b, link_options link) {
    links_[{std::min(a.address, b.address), std::max(a.address, b.address)}] = link;
}

const link_options& simulated_world::link(const simulated_machine& a, const simulated_machine& b) const {
    static const link_options inside{std::chrono::microseconds{10}, std::chrono::microseconds{100}, 0, 0};
    if (&a == &b) return inside;
    auto own = links_.find({std::min(a.address, b.address), std::max(a.address, b.address)});
    return own == links_.end() ? options.link : own->second;
}

duration simulated_world::delay(const simulated_machine& from, const simulated_machine& to) {
    const auto& l = link(from, to);
    // The mean of two draws on a logarithmic scale: most delays are short, few come near the greatest.
    const double position = (random.unit() + random.unit()) / 2;
    const auto least = static_cast<double>(std::max<duration::rep>(l.delay_least.count(), 1));
    const auto most = static_cast<double>(std::max<duration::rep>(l.delay_most.count(), 1));
    if (most <= least) return l.delay_least;
    return duration{static_cast<duration::rep>(least * std::pow(most / least, position))};
}

bool simulated_world::path_open(const simulated_machine& from, const simulated_machine& to) const {
    return to.on && (&from == &to || cuts_.empty() || !cuts_.contains({from.address, to.address}));
}

void simulated_world::cut(const simulated_machine& from, const simulated_machine& to) {
    cuts_.insert({from.address, to.address});
}

void simulated_world::heal(const simulated_machine& from, const simulated_machine& to) {
    if (cuts_.erase({from.address, to.address}) > 0) resume_streams();
}

void simulated_world::heal_all() {
    cuts_.clear();
    resume_streams();
}

void simulated_world::resume_streams() {
    for (auto& [number, c] : connections) c->resume();
}

void simulated_world::at(time_point due, std::function<void()> happen) {
    planned_.push_back({std::max(due, now), next_occurrence_++, std::move(happen)});
    std::push_heap(planned_.begin(), planned_.end());
}

void simulated_world::has_work(simulated_program& program) {
    if (program.listed_busy) return;
    program.listed_busy = true;
    busy_.push_back(&program);
}

bool simulated_world::run_one_runnable() {
    while (!busy_.empty()) {
        simulated_program& program = *busy_.front();
        busy_.pop_front();
        program.listed_busy = false;
        if (!program.runs()) continue; // whoever ends the pause lists it again
        runnable* next = program.queue.pop();
        if (!next) continue;
        if (!program.queue.empty()) has_work(program);
        next->run();
        return true;
    }
    return false;
}

simulated_program* simulated_world::earliest_timer() const {
    simulated_program* earliest = nullptr;
    for (auto* p : living_) {
        if (p->timers.empty() || !p->runs()) continue;
        if (!earliest || p->timers.next() < earliest->timers.next()) earliest = p;
    }
    return earliest;
}

bool simulated_world::step() {
    if (run_one_runnable()) return true;
    auto* timed = earliest_timer();
    if (timed && (planned_.empty() || timed->timers.next() < planned_.front().due)) {
        now = std::max(now, timed->timers.next());
        trace.fold(static_cast<std::uint64_t>(now.time_since_epoch().count()));
        trace.fold(timed->number);
        timed->timers.fire_due(now);
        return true;
    }
    if (planned_.empty()) return false;
    std::pop_heap(planned_.begin(), planned_.end());
    occurrence next = std::move(planned_.back());
    planned_.pop_back();
    now = std::max(now, next.due);
    trace.fold(static_cast<std::uint64_t>(now.time_since_epoch().count()));
    next.happen();
    return true;
}

std::optional<time_point> simulated_world::next_due() {
    for (auto* p : busy_)
        if (p->runs() && !p->queue.empty()) return now;
    std::optional<time_point> due;
    if (auto* timed = earliest_timer()) due = timed->timers.next();
    if (!planned_.empty() && (!due || planned_.front().due < *due)) due = planned_.front().due;
    if (due) due = std::max(*due, now);
    return due;
}

std::string simulated_world::story() const {
    std::map<std::uint64_t, std::string> ordered;
    for (const auto& p : programs_) {
        const auto& lines = p->lines.lines();
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const std::chrono::duration<double> since = lines[i].at - beginning;
            char time[32];
            std::snprintf(time, sizeof time, "%10.3f s ", since.count());
            ordered[p->lines.number(i)] = time + to_string(p->machine.address) + '/' + p->name + " [" +
                                          std::string{sedge::to_string(lines[i].level)} + "] " + lines[i].text + '\n';
        }
    }
    std::string text;
    for (const auto& [number, line] : ordered) text += line;
    return text;
}

} // namespace sedge::wire
