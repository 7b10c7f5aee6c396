// SPDX-License-Identifier: Apache-2.0
//
// epoll reports edges: a descriptor is mentioned when something new has become possible, not as long as it is. Each is
// told to epoll once in its life, and a stream that has read less than it asked for knows that nothing is left. So a
// message that comes to an idle connection costs three system calls, the wait, the read, and the write of the answer;
// docs/decisions/0025-three-system-calls.md tells what it was.
#include "wire/system_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace sedge::wire {

namespace {
constexpr int batch_size = 256;                      // runnables between two looks at the network
constexpr int clock_interval = 8;                    // runnables between two looks at the clock
constexpr duration batch_time_max = milliseconds{1}; // then the network has its turn, however few have run
constexpr int waits_remembered = 16;                 // when it is asked whether spinning pays
constexpr std::size_t events_max = 128;              // taken at a time; the rest comes with the next look

int checked(int fd, const char* what) {
    if (fd < 0) throw std::system_error(errno, std::system_category(), what);
    return fd;
}

bool watch(int epoll, int operation, int fd, std::uint32_t events, descriptor_events& sink) noexcept {
    epoll_event wanted{};
    wanted.events = events;
    wanted.data.ptr = &sink;
    return epoll_ctl(epoll, operation, fd, &wanted) == 0;
}

/// Empties an eventfd or a timerfd.
void drain(int fd) noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto size = ::read(fd, &count, sizeof count);
}
} // namespace

error last_error(std::string context) { return {std::error_code{errno, std::system_category()}, std::move(context)}; }

unique_fd::~unique_fd() {
    if (fd_ >= 0) ::close(fd_);
}

system_loop::system_loop(environment& e)
    : env(e), epoll_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      alarm_(checked(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create")),
      waker_(checked(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")), signals_(waker_.get()) {
    const bool watched = watch(epoll_.get(), EPOLL_CTL_ADD, alarm_.get(), EPOLLIN, alarm_events_) &&
                         watch(epoll_.get(), EPOLL_CTL_ADD, waker_.get(), EPOLLIN, waker_events_);
    if (!watched) throw std::system_error(errno, std::system_category(), "epoll_ctl");
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
            if (i % clock_interval != 0) continue;
            for (auto* guest : guests) guest->take_turn();
            if (env.now() - began > batch_time_max) break;
        }
        for (auto* guest : guests) guest->take_turn();
        if (done()) return;
        if (queue.empty() && guests_may_sleep())
            wait();
        else
            look(false);
        run_posted();
    }
}

bool system_loop::guests_may_sleep() {
    return std::all_of(guests.begin(), guests.end(), [](auto* guest) { return guest->may_sleep(); });
}

void system_loop::wait() {
    if (spin_time <= duration::zero()) {
        if (!timers.empty()) set_alarm(timers.next());
        look(true);
        return;
    }
    const time_point began = env.now();
    const time_point due = timers.empty() ? time_point::max() : timers.next();
    const bool promising = short_waits_ >= waits_remembered / 2;
    if (!promising || !spin(std::min(began + spin_time, due))) {
        if (due != time_point::max()) set_alarm(due);
        look(true);
    }
    const bool was_short = env.now() - began <= spin_time;
    short_waits_ = std::clamp(short_waits_ + (was_short ? 1 : -1), 0, waits_remembered);
}

/// Takes what epoll has to tell; `patiently`: waits for it. True if there was something.
bool system_loop::look(bool patiently) {
    std::array<epoll_event, events_max> events; // written by the system
    const int count = epoll_wait(epoll_.get(), events.data(), events_max, patiently ? -1 : 0);
    for (int i = 0; i < count; ++i) {
        const auto& one = events[static_cast<std::size_t>(i)];
        static_cast<descriptor_events*>(one.data.ptr)->on_events(one.events);
    }
    return count > 0;
}

/// True if something has come.
bool system_loop::spin(time_point until) {
    do {
        if (look(false)) return true;
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
    timerfd_settime(alarm_.get(), TFD_TIMER_ABSTIME, &at, nullptr);
}

void system_loop::on_alarm() {
    drain(alarm_.get());
    alarm_due_ = time_point::max();
}

void system_loop::post(std::function<void()> job) {
    {
        const std::lock_guard lock{mutex_};
        posted_.push_back(std::move(job));
    }
    wake();
}

void system_loop::wake() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto size = ::write(waker_.get(), &one, sizeof one);
}

void system_loop::on_waker() {
    drain(waker_.get());
    was_woken_ = true;
}

/// Not from `on_waker`: jobs may close descriptors of which epoll has told and that were not looked at yet.
void system_loop::run_posted() {
    if (!std::exchange(was_woken_, false)) return;
    for (const int number : signals_.take()) {
        signals_pending.push_back(number);
        for (auto* waiter : signal_waiters) waiter->wake(env);
    }
    std::vector<std::function<void()>> jobs;
    {
        const std::lock_guard lock{mutex_};
        jobs.swap(posted_);
    }
    for (auto& job : jobs) job();
}

void system_loop::catch_signals(const std::vector<int>& numbers) {
    for (const int number : numbers) signals_.add(number);
}

// -- one descriptor ---------------------------------------------------------------------------------------------------

bool watched_fd::control(int operation) noexcept {
    const std::uint32_t input = hears_of_input_ ? EPOLLIN : 0U;
    return watch(loop_.epoll(), operation, fd(), input | EPOLLOUT | EPOLLRDHUP | EPOLLET, *this);
}

result<std::shared_ptr<watched_fd>> watched_fd::adopt(system_loop& loop, int fd) {
    auto watched = std::make_shared<watched_fd>(loop, unique_fd{fd});
    if (watched->control(EPOLL_CTL_ADD)) return watched;
    return last_error("watch a descriptor");
}

void watched_fd::on_events(std::uint32_t events) {
    failed_ = failed_ || (events & (EPOLLHUP | EPOLLERR)) != 0;
    no_more_input_ = failed_ || no_more_input_ || (events & EPOLLRDHUP) != 0;
    if (no_more_input_ || (events & EPOLLIN) != 0) {
        read_.possible = true;
        read_.waiter.wake(loop_.env);
    }
    if (failed_ || (events & EPOLLOUT) != 0) {
        write_.possible = true;
        write_.waiter.wake(loop_.env);
    }
}

task<> watched_fd::readable(std::shared_ptr<watched_fd> self) {
    if (!self->open_) co_return;
    self->control(EPOLL_CTL_MOD);
    co_await wait_slot::awaiter{self->read_.waiter};
}

task<> watched_fd::writable(std::shared_ptr<watched_fd> self) {
    if (!self->open_) co_return;
    self->control(EPOLL_CTL_MOD);
    co_await wait_slot::awaiter{self->write_.waiter};
}

task<> watched_fd::input(std::shared_ptr<watched_fd> self) {
    while (self->open_ && !self->read_.possible) co_await wait_slot::awaiter{self->read_.waiter};
}

task<> watched_fd::output(std::shared_ptr<watched_fd> self) {
    while (self->open_ && !self->write_.possible) co_await wait_slot::awaiter{self->write_.waiter};
}

void watched_fd::hear_of_input(bool wanted) noexcept {
    if (!open_ || hears_of_input_ == wanted) return;
    hears_of_input_ = wanted;
    control(EPOLL_CTL_MOD);
}

void watched_fd::mute() noexcept { watch(loop_.epoll(), EPOLL_CTL_MOD, fd(), EPOLLET, *this); }

void watched_fd::close() noexcept {
    if (!std::exchange(open_, false)) return;
    control(EPOLL_CTL_DEL); // closing would not do it while a forked program has the same
    fd_ = unique_fd{};
    read_.waiter.wake(loop_.env);
    write_.waiter.wake(loop_.env);
}

} // namespace sedge::wire
