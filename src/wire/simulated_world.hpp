// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/wire/dns.hpp>
#include <sedge/wire/simulation.hpp>

#include <map>
#include <set>

namespace sedge::wire {

class simulated_program;
class connection;
struct simulated_listener_state;
struct simulated_socket_state;

/// splitmix64: small, fast, and the same everywhere. Not for secrets.
class seeded_random {
public:
    explicit seeded_random(std::uint64_t seed) noexcept : state_(seed) {}
    std::uint64_t next() noexcept;
    double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; } ///< In [0, 1).

private:
    std::uint64_t state_;
};

/// FNV-1a over everything that is delivered.
class trace_digest {
public:
    void fold(std::uint64_t value) noexcept;
    void fold(byte_view bytes) noexcept;
    [[nodiscard]] std::uint64_t value() const noexcept { return state_; }

private:
    std::uint64_t state_ = 0xcbf29ce484222325;
};

/// A computer: its addresses, and the ports that its programs share.
struct simulated_machine {
    ip_address address; ///< The first one; names the machine.
    std::vector<interface_address> interfaces;
    std::string host_name;
    bool on = true;
    std::uint16_t next_port = 0;
    std::vector<simulated_listener_state*> listeners; ///< Open ones; each takes itself out.
    std::vector<simulated_socket_state*> sockets;     ///< Same.
    std::map<std::string, simulated_program*, std::less<>> programs; ///< The living ones.

    [[nodiscard]] bool has(const ip_address& a) const;
    /// Where this machine's packets to `to` come from.
    [[nodiscard]] ip_address source_for(const ip_address& to) const;
};

/// The state behind `simulation`: time, what is under way, machines, faults.
class simulated_world {
public:
    simulated_world(std::uint64_t seed, simulation_options o);
    ~simulated_world();

    const std::uint64_t seed;
    const simulation_options options;
    seeded_random random;
    trace_digest trace;
    time_point now;
    std::map<std::string, ip_address, std::less<>> names;
    std::map<std::pair<std::string, dns_type>, std::vector<dns_record>> dns; ///< Names in lower case.
    std::optional<error> dns_failure;                                        ///< What name servers say instead.
    bool dns_silent = false;
    std::map<std::uint64_t, connection*> connections; ///< By number, so that walks over them replay.
    std::uint64_t next_connection = 1;
    std::uint64_t next_log_line = 0;

    simulated_machine& add_machine(const ip_address& address);
    [[nodiscard]] simulated_machine* machine_at(const ip_address& address) const; ///< Null if nobody has it.
    template <class F>
    void each_machine(F&& f) {
        for (auto& m : machines_) f(*m);
    }
    simulated_program& program(simulated_machine& machine, std::string_view name);
    void kill(simulated_program& program, bool tell_peers);
    void pause(simulated_program& program, duration d);

    void set_link(const simulated_machine& a, const simulated_machine& b, link_options link);
    [[nodiscard]] const link_options& link(const simulated_machine& a, const simulated_machine& b) const;
    /// How long something sent now is under way.
    duration delay(const simulated_machine& from, const simulated_machine& to);
    bool chance(double probability) { return probability > 0 && random.unit() < probability; }
    [[nodiscard]] bool path_open(const simulated_machine& from, const simulated_machine& to) const;
    void cut(const simulated_machine& from, const simulated_machine& to);
    void heal(const simulated_machine& from, const simulated_machine& to);
    void heal_all();
    /// Sends off what streams held back because a path was closed that may be open again.
    void resume_streams();

    void at(time_point due, std::function<void()> happen);
    void has_work(simulated_program& program); ///< It put the first runnable into its queue.
    bool step();
    /// When the next thing happens; `now` if a program has work, nothing if nothing is left.
    [[nodiscard]] std::optional<time_point> next_due();
    /// The log lines of all programs, living or not, in order.
    [[nodiscard]] std::string story() const;

private:
    struct occurrence {
        time_point due;
        std::uint64_t number; // equal times happen in the order in which they were planned
        std::function<void()> happen;
        bool operator<(const occurrence& other) const noexcept { // for a heap whose top is the earliest
            return due != other.due ? due > other.due : number > other.number;
        }
    };
    using pair = std::pair<ip_address, ip_address>;

    bool run_one_runnable();
    simulated_program* earliest_timer() const;

    std::vector<std::unique_ptr<simulated_machine>> machines_;
    std::vector<std::unique_ptr<simulated_program>> programs_; // dead ones too: objects still stand on them
    std::vector<simulated_program*> living_;
    std::deque<simulated_program*> busy_; // have runnables; living or not
    std::vector<occurrence> planned_;
    std::uint64_t next_occurrence_ = 0;
    std::map<pair, link_options> links_;
    std::set<pair> cuts_;
};

} // namespace sedge::wire
