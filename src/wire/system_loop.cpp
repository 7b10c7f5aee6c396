// SPDX-License-Identifier: Apache-2.0
#include "wire/system_loop.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/timerfd.h>
#include <unistd.h>

namespace sedge::wire {

namespace {
constexpr int batch_size = 256;                      // runnables between two looks at the network
constexpr int clock_interval = 8;                    // runnables between two looks at the clock
constexpr duration batch_time_max = milliseconds{1}; // then the network has its turn, however few have run
constexpr int waits_remembered = 16;                 // when it is asked whether spinning pays
} // namespace

error last_error(std::string context) { return {std::error_code{errno, std::system_category()}, std::move(context)}; }

unique_fd::~unique_fd() {
    if (fd_ >= 0) ::close(fd_);
}

system_loop::system_loop(environment& e) : env(e), alarm_(io), signals_(io) {
    const int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0) throw std::system_error(errno, std::system_category(), "timerfd_create");
    alarm_.assign(fd);
    await_alarm();
}

system_loop::~system_loop() = default;

void system_loop::run_until(const std::function<bool()>& done) {
    for (;;) {
        const time_point began = env.now();
        timers.fire_due(began);
        if (done()) return;
        for (int i = 1; i <= batch_size; ++i) {
            runnable* next = queue.pop();
            if (!next) break;
            next->run();
            if (i % clock_interval == 0 && env.now() - began > batch_time_max) break;
        }
        if (done()) return;
        if (!queue.empty()) {
            io.poll();
            continue;
        }
        wait();
    }
}

void system_loop::wait() {
    // The wait for the alarm is always under way, so `run_one` never returns for want of work.
    if (spin_time <= duration::zero()) {
        if (!timers.empty()) set_alarm(timers.next());
        io.run_one();
        return;
    }
    const time_point began = env.now();
    const time_point due = timers.empty() ? time_point::max() : timers.next();
    const bool promising = short_waits_ >= waits_remembered / 2;
    if (!promising || !spin(std::min(began + spin_time, due))) {
        if (due != time_point::max()) set_alarm(due);
        io.run_one();
    }
    const bool was_short = env.now() - began <= spin_time;
    short_waits_ = std::clamp(short_waits_ + (was_short ? 1 : -1), 0, waits_remembered);
}

/// True if something has come.
bool system_loop::spin(time_point until) {
    do {
        if (io.poll() > 0) return true;
    } while (env.now() < until);
    return false;
}

void system_loop::set_alarm(time_point due) {
    // An alarm that is too early costs one idle turn; so timers that are disarmed need no system call.
    if (alarm_due_ <= due) return;
    alarm_due_ = due;
    const auto nanos = std::max<std::int64_t>(due.time_since_epoch().count(), 1); // zero would switch it off
    itimerspec at{};
    at.it_value.tv_sec = nanos / 1'000'000'000;
    at.it_value.tv_nsec = nanos % 1'000'000'000;
    timerfd_settime(alarm_.native_handle(), TFD_TIMER_ABSTIME, &at, nullptr);
}

void system_loop::await_alarm() {
    alarm_.async_wait(alarm_.wait_read, [this](const boost::system::error_code& failure) {
        if (failure) return;
        std::uint64_t expirations = 0;
        [[maybe_unused]] const auto size = ::read(alarm_.native_handle(), &expirations, sizeof expirations);
        alarm_due_ = time_point::max();
        await_alarm();
    });
}

void system_loop::catch_signals(const std::vector<int>& numbers) {
    for (int number : numbers) signals_.add(number);
    if (!std::exchange(signals_awaited_, true)) await_signal();
}

void system_loop::await_signal() {
    signals_.async_wait([this](const boost::system::error_code& failure, int number) {
        if (failure) return;
        signals_pending.push_back(number);
        for (auto* waiter : signal_waiters) waiter->wake(env);
        await_signal();
    });
}

result<std::shared_ptr<watched_fd>> watched_fd::adopt(system_loop& loop, int fd) {
    auto watched = std::make_shared<watched_fd>(loop);
    boost::system::error_code failure;
    watched->descriptor_.assign(fd, failure);
    if (failure) {
        ::close(fd);
        return error{std::error_code{failure}, "watch a descriptor"};
    }
    return watched;
}

void watched_fd::ask(half& which, boost::asio::posix::stream_descriptor::wait_type type) {
    if (which.asked) return;
    which.asked = true;
    descriptor_.async_wait(type, [self = shared_from_this(), &which](const boost::system::error_code& failure) {
        which.asked = false;
        if (!failure) which.waiter.wake(self->loop_.env);
    });
}

task<> watched_fd::readable(std::shared_ptr<watched_fd> self) {
    if (!self->open_) co_return;
    self->ask(self->read_, boost::asio::posix::stream_descriptor::wait_read);
    co_await wait_slot::awaiter{self->read_.waiter};
}

task<> watched_fd::writable(std::shared_ptr<watched_fd> self) {
    if (!self->open_) co_return;
    self->ask(self->write_, boost::asio::posix::stream_descriptor::wait_write);
    co_await wait_slot::awaiter{self->write_.waiter};
}

void watched_fd::close() noexcept {
    if (!std::exchange(open_, false)) return;
    boost::system::error_code ignored; // the descriptor is gone in any case
    descriptor_.close(ignored);
    read_.waiter.wake(loop_.env);
    write_.waiter.wake(loop_.env);
}

} // namespace sedge::wire
