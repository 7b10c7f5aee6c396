// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/wire/environment.hpp>

#include "wire/wait_slot.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>

#include <atomic>
#include <list>
#include <memory>

namespace sedge::wire {

/// The one loop of a real program: due timers, then a batch of the run queue, then the network, and again.
///
/// Asio's handlers only wake waiters; coroutines always go on from the run queue. So nothing runs inside of anything
/// else, and many busy tasks cannot keep the network waiting for more than one batch.
class system_loop {
public:
    explicit system_loop(environment& e);
    ~system_loop();

    environment& env;
    timer_queue timers;
    run_queue queue;
    boost::asio::io_context io{1};
    std::atomic<bool> stop_requested{false};
    duration spin_time{}; // see system_environment::spin_before_sleep

    void run_until(const std::function<bool()>& done);
    void catch_signals(const std::vector<int>& numbers);

    // Signals that came and that nobody has taken yet, and those who wait for some.
    std::vector<int> signals_pending;
    std::list<wait_slot*> signal_waiters;

private:
    void wait();
    bool spin(time_point until);
    void set_alarm(time_point due);
    void await_alarm();
    void await_signal();

    boost::asio::posix::stream_descriptor alarm_; // a timerfd, since Asio has no timer on CLOCK_BOOTTIME
    time_point alarm_due_ = time_point::max();
    int short_waits_ = 0; // of the last `waits_remembered`, about
    boost::asio::signal_set signals_;
    bool signals_awaited_ = false;
};

/// A descriptor and the two places where tasks wait for it. Owned by the stream or socket that reads and writes it,
/// and by the handlers that Asio still has to call after that object is gone.
class watched_fd : public std::enable_shared_from_this<watched_fd> {
public:
    /// Takes over `fd` and closes it in the end, also when this fails.
    static result<std::shared_ptr<watched_fd>> adopt(system_loop& loop, int fd);
    explicit watched_fd(system_loop& loop) : loop_(loop), descriptor_(loop.io) {}

    [[nodiscard]] bool is_open() const noexcept { return open_; }
    [[nodiscard]] int fd() noexcept { return descriptor_.native_handle(); }
    /// Complete when reading or writing may give something; at once after `close`.
    static task<> readable(std::shared_ptr<watched_fd> self);
    static task<> writable(std::shared_ptr<watched_fd> self);
    /// Closes the descriptor and wakes both waiters.
    void close() noexcept;

private:
    struct half {
        bool asked = false; // Asio has a wait under way, perhaps begun for a waiter who is gone
        wait_slot waiter;
    };
    void ask(half& which, boost::asio::posix::stream_descriptor::wait_type type);

    system_loop& loop_;
    boost::asio::posix::stream_descriptor descriptor_;
    bool open_ = true;
    half read_;
    half write_;
};

/// Closes a watched descriptor when it goes; without that, a wait under way in Asio would keep it open.
class fd_owner {
public:
    explicit fd_owner(std::shared_ptr<watched_fd> fd) noexcept : fd_(std::move(fd)) {}
    fd_owner(fd_owner&&) noexcept = default;
    ~fd_owner() {
        if (fd_) fd_->close();
    }
    watched_fd* operator->() const noexcept { return fd_.get(); }
    [[nodiscard]] const std::shared_ptr<watched_fd>& shared() const noexcept { return fd_; }

private:
    std::shared_ptr<watched_fd> fd_;
};

/// Closes what nobody took over.
class unique_fd {
public:
    explicit unique_fd(int fd = -1) noexcept : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ~unique_fd();
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_;
};

/// The error of the system call that just failed.
error last_error(std::string context);

} // namespace sedge::wire
