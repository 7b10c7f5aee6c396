// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/log.hpp>
#include <sedge/base/nursery.hpp>
#include <sedge/wire/environment.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace sedge::wire {

class system_loop; // src/wire/system_loop.hpp

/// The environment of a real program: the system's clock, its network, its randomness.
///
///     wire::system_environment env;
///     sedge::nursery tasks;
///     tasks.start(serve(env));
///     env.run();                       // until somebody calls env.stop()
///
/// Life:    it outlives everything that stands on it. What still waits when `run` returns is destroyed by its owners.
/// Threads: the thread in `run`, `run_until` or `block_on` is the environment's thread; there is never more than one.
///          `post` and `stop` may be called from any thread, but not from a signal handler: see `signal`.
class system_environment final : public environment {
public:
    /// Lines go to `log`, or to standard error if there is none.
    explicit system_environment(std::shared_ptr<log_sink> log = nullptr);
    ~system_environment() override;

    /// Runs timers, queue and network until `stop`; at once if `stop` was called since the last run.
    void run();
    void stop() noexcept;
    /// Lets the loop ask the network again and again for up to `most` before the thread sleeps; zero, the default:
    /// never.
    ///
    /// Waking a thread takes microseconds, on a virtual machine tens of them; a loop that has not slept answers at
    /// once, for the price of a busy core. It does so only while most waits have lately been shorter than `most`, so a
    /// node without traffic sleeps as ever. Some tens of microseconds are enough on a local network.
    void spin_before_sleep(duration most) noexcept;

    /// Runs until `done()` holds, looked at between turns. `stop` does not end it.
    void run_until(const std::function<bool()>& done);
    /// Runs `job` to its end, with everything else that is under way. Throws what leaves it.
    template <class T>
    T block_on(task<T> job);

    /// The next of these signals that the program gets. From the first call on they are caught, and one that comes
    /// while nobody waits is kept for the next call.
    [[nodiscard]] task<int> signal(std::vector<int> numbers);
    /// Completes when a read from `fd` (standard input, a pipe) would not block. At once for plain files.
    /// `fd` must stay open meanwhile and stays the caller's; its flags are not changed.
    [[nodiscard]] task<> fd_readable(int fd);

    time_point now() const noexcept override;
    std::chrono::system_clock::time_point wall_clock() const noexcept override;
    void arm(timer& t, time_point due) override;
    void post(std::function<void()> job) override;
    std::unique_ptr<further_loop> add_loop() override;
    bool invite(loop_guest& guest) override;
    void dismiss(loop_guest& guest) noexcept override;
    void wake() override;
    transport& net() noexcept override;
    void random_bytes(std::span<std::uint8_t> out) override;
    log_sink& log_to() noexcept override;

private:
    void drive_to_end(task<> job);
    std::shared_ptr<log_sink> log_; // the second owner is the program, which may read it or change its level
    std::unique_ptr<system_loop> loop_;
    std::unique_ptr<transport> net_;
};

template <class T>
T system_environment::block_on(task<T> job) {
    if constexpr (std::is_void_v<T>) {
        drive_to_end(std::move(job));
    } else {
        std::optional<T> outcome;
        drive_to_end(detail::store(std::move(job), outcome));
        return std::move(*outcome);
    }
}

/// Lets go of memory that this program has and may not need soon: free heap, and the pages of code and constants that
/// have been touched so far, which come back when they are touched again. For a program that has just started.
void give_back_memory();

} // namespace sedge::wire
