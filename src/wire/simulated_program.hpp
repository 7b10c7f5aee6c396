// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/simulated_world.hpp"

#include <sedge/wire/dns.hpp>

#include <deque>
#include <vector>

namespace sedge::wire {

/// Keeps the last lines of one program.
class memory_log final : public log_sink {
public:
    explicit memory_log(simulated_world& world) : world_(world) {}
    void write(log_level level, std::string_view text) override;
    [[nodiscard]] const std::deque<log_line>& lines() const noexcept { return lines_; }
    /// The number of a line among those of all programs; lines of one instant are told in that order.
    [[nodiscard]] std::uint64_t number(std::size_t index) const { return numbers_[index]; }

private:
    simulated_world& world_;
    std::deque<log_line> lines_;
    std::deque<std::uint64_t> numbers_;
};

/// One program on a machine: an environment of its own, with its machine's network.
class simulated_program final : public environment, public transport, public dns_client {
public:
    simulated_program(simulated_world& w, simulated_machine& m, std::string_view name, std::uint64_t incarnation);

    simulated_world& world;
    simulated_machine& machine;
    const std::string name;
    const std::uint64_t number; ///< Among all programs ever started.
    bool alive = true;
    bool listed_busy = false;
    time_point paused_until{};
    timer_queue timers;
    run_queue queue;
    memory_log lines;
    std::vector<simulated_program*> further; ///< Its loops beside this one. They stop when it does.
    simulated_program* first = nullptr;      ///< Of a further loop: that of the program.

    [[nodiscard]] bool runs() const noexcept { return alive && paused_until <= world.now; }

    // environment
    time_point now() const noexcept override { return world.now; }
    std::chrono::system_clock::time_point wall_clock() const noexcept override;
    void arm(timer& t, time_point due) override { timers.arm(t, due); }
    void post(std::function<void()> job) override;
    std::unique_ptr<further_loop> add_loop() override;
    bool invite(loop_guest& guest) override {
        turn_.guests.push_back(&guest);
        return false;
    }
    void dismiss(loop_guest& guest) noexcept override { std::erase(turn_.guests, &guest); }
    void wake() override;
    transport& net() noexcept override { return *this; }
    void random_bytes(std::span<std::uint8_t> out) override;
    log_sink& log_to() noexcept override { return first != nullptr ? first->lines : lines; }

    // transport
    task<result<std::unique_ptr<stream>>> connect(endpoint to) override;
    result<std::unique_ptr<wire::listener>> listen(endpoint at, listen_options options) override;
    result<std::unique_ptr<datagram_socket>> open_datagram(datagram_options options) override;
    task<result<std::vector<ip_address>>> resolve(std::string host) override;
    task<result<std::vector<dns_record>>> query(dns_question question) override;
    std::vector<interface_address> interfaces() override { return machine.interfaces; }
    std::string host_name() override { return machine.host_name; }

private:
    struct posted final : runnable {
        simulated_program& owner;
        std::deque<std::function<void()>> jobs;
        explicit posted(simulated_program& p) : owner(p) {}
        void run() override;
    };
    void note_work() override {
        if (alive) world.has_work(*this);
    }
    /// Of the guests, at a time that the seed chooses.
    struct turn final : timer {
        std::vector<loop_guest*> guests;
        void fire() override {
            for (auto* guest : guests) {
                do guest->take_turn();
                while (!guest->may_sleep());
            }
        }
    };
    seeded_random random_;
    turn turn_;
    posted posted_;
};

} // namespace sedge::wire
