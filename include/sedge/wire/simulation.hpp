// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/log.hpp>
#include <sedge/base/nursery.hpp>
#include <sedge/wire/environment.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace sedge::wire {

class simulated_world; // src/wire/simulated_world.hpp

/// How bytes travel between two machines.
struct link_options {
    duration delay_least = std::chrono::microseconds{200};
    duration delay_most = milliseconds{50}; ///< Delays gather around the geometric mean of both ends.
    double datagram_loss = 0;               ///< Probability, per receiver.
    double datagram_duplicate = 0;          ///< Probability, per receiver.
};

struct simulation_options {
    link_options link;                            ///< Between any two machines without a `link` of their own.
    std::size_t stream_buffer_bytes = 256 * 1024; ///< Unread bytes per direction; above it writers must wait.
    std::size_t step_bytes_max = 0;               ///< Most that one try_read or try_write moves; 0: no bound.
    bool multicast = true;                        ///< False: the network drops multicast, as many switches do.
    std::size_t log_lines_max = 4000;             ///< Kept per program; the oldest go.
};

struct log_line {
    time_point at;
    log_level level;
    std::string text;
};

/// Machines, programs and the network between them, in one thread, in virtual time, everything from one seed.
///
/// A program is an `environment`. Machines are known by their address (`172.24.176.1`, `fd00::1`) and stand on one
/// network segment; 127.0.0.1 and ::1 are each machine's own. Time passes only in `step`, `run_for`, `run_until` and
/// `block_on`, and costs nothing while nobody does anything. Same seed and same calls give the same trace hash.
///
///     wire::simulation sim{seed};
///     environment& a = sim.machine("172.24.176.1");
///     environment& b = sim.machine("172.24.176.2");
///     ... nodes on a and b ...
///     sim.cut("172.24.176.1", "172.24.176.2");
///     sim.run_for(75s);
///
/// Life:    it outlives what stands on its environments. What stands on a crashed program stays valid, never runs
///          again, and may be destroyed at any time. Faults are made between steps, not from inside a program.
/// Threads: one; `post` of its environments included.
class simulation {
public:
    explicit simulation(std::uint64_t seed, simulation_options options = {});
    simulation(const simulation&) = delete;
    ~simulation();

    /// The program `main` of the machine with this address. Makes both where they do not exist; starts the machine
    /// or the program anew after `crash` or `power_off` (with another reference than before).
    environment& machine(std::string_view address);
    /// Another program on that machine: shares its addresses and ports, not its memory.
    environment& program(std::string_view address, std::string_view name);
    /// `host` resolves to the machine's address; the first name of a machine is its host name.
    void name(std::string_view host, std::string_view address);
    /// `host` resolves no longer.
    void forget_name(std::string_view host);
    /// A second interface of a machine.
    void add_address(std::string_view machine, std::string_view address);
    /// Sets the link between two machines, both directions; also while it is in use.
    void link(std::string_view a, std::string_view b, link_options options);

    /// Nothing passes from now on, and nobody is told: streams hold bytes back, connects hang, datagrams are lost.
    void cut(std::string_view a, std::string_view b);
    void cut_one_way(std::string_view from, std::string_view to);
    /// Ends the cut; what streams held back arrives after a link's delay.
    void heal(std::string_view a, std::string_view b);
    void heal_all();
    /// Resets all streams between two machines, as a firewall or NAT that forgot them does.
    void reset(std::string_view a, std::string_view b);
    /// The programs of a machine stop running (SIGSTOP, a suspended laptop's user space); its kernel goes on.
    /// Afterwards all that came due happens at once.
    void pause(std::string_view machine, duration d);
    void pause(environment& program, duration d);
    /// The programs die as by SIGKILL; the kernel closes their streams.
    void crash(std::string_view machine);
    void crash(environment& program);
    /// The machine is gone, and nobody is told.
    void power_off(std::string_view machine);

    /// Does one thing: one queued runnable, one delivery, or the timers of one program; moves time on if it must.
    /// False if nothing is left to happen.
    bool step();
    void run_for(duration d);
    /// Runs until `done()` holds, checked after every step, but at most for `most`. True if it holds.
    bool run_until(const std::function<bool()>& done, duration most = std::chrono::hours{1});
    /// Runs `job` to its end. Throws what leaves it; std::runtime_error if it is not done within `most`.
    template <class T>
    T block_on(task<T> job, duration most = std::chrono::hours{1});

    [[nodiscard]] time_point now() const noexcept;
    [[nodiscard]] std::uint64_t seed() const noexcept;
    /// A digest of everything that happened so far: what, when, where and with which bytes.
    [[nodiscard]] std::uint64_t trace_hash() const noexcept;
    /// Streams that exist now; 0 when all objects on all environments are gone.
    [[nodiscard]] std::size_t open_streams() const noexcept;

    [[nodiscard]] const std::deque<log_line>& log(const environment& program) const;
    /// All programs' log lines in order of time, for people who look at a seed.
    [[nodiscard]] std::string story() const;

private:
    void drive_to_end(task<> job, duration most);
    std::unique_ptr<simulated_world> world_;
};

template <class T>
T simulation::block_on(task<T> job, duration most) {
    if constexpr (std::is_void_v<T>) {
        drive_to_end(std::move(job), most);
    } else {
        std::optional<T> outcome;
        drive_to_end(detail::store(std::move(job), outcome), most);
        return std::move(*outcome);
    }
}

} // namespace sedge::wire
