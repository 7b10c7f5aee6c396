// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/system.hpp>

#include "wire/further_thread.hpp"
#include "wire/system_loop.hpp"
#include "wire/system_transport.hpp"

#include <sedge/wire/stderr_log.hpp>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <sys/epoll.h>
#include <sys/random.h>
#include <thread>

namespace sedge::wire {

system_environment::system_environment(std::shared_ptr<log_sink> log)
    : log_(log ? std::move(log) : std::make_shared<stderr_log>()), loop_(std::make_unique<system_loop>(*this)),
      net_(std::make_unique<system_transport>(*loop_)) {
    runs_from(loop_->queue);
}

system_environment::~system_environment() = default;

void system_environment::run() {
    loop_->run_until([this] { return loop_->stop_requested.exchange(false); });
}

void system_environment::stop() noexcept {
    loop_->stop_requested = true;
    loop_->wake(); // so that a loop that waits looks at the flag
}

void system_environment::spin_before_sleep(duration most) noexcept { loop_->spin_time = most; }

void system_environment::run_until(const std::function<bool()>& done) { loop_->run_until(done); }

void system_environment::drive_to_end(task<> job) {
    bool ended = false;
    std::exception_ptr failure;
    nursery running;
    running.start(std::move(job), [&](std::exception_ptr e) {
        ended = true;
        failure = std::move(e);
    });
    run_until([&] { return ended; });
    if (failure) std::rethrow_exception(failure);
}

task<int> system_environment::signal(std::vector<int> numbers) {
    loop_->catch_signals(numbers);
    auto& pending = loop_->signals_pending;
    struct registration {
        std::list<wait_slot*>& all;
        wait_slot slot;
        std::list<wait_slot*>::iterator place;
        explicit registration(std::list<wait_slot*>& a) : all(a), place(all.insert(all.end(), &slot)) {}
        registration(const registration&) = delete;
        ~registration() { all.erase(place); }
    };
    registration here{loop_->signal_waiters};
    for (;;) {
        auto wanted = std::find_first_of(pending.begin(), pending.end(), numbers.begin(), numbers.end());
        if (wanted != pending.end()) {
            const int number = *wanted;
            pending.erase(wanted);
            co_return number;
        }
        co_await wait_slot::awaiter{here.slot};
    }
}

task<> system_environment::fd_readable(int fd) {
    // The descriptor may be one that epoll does not take (a file), or be watched already: it gets an epoll of its own,
    // which the loop watches.
    const int inner = epoll_create1(EPOLL_CLOEXEC);
    if (inner < 0) co_return;
    epoll_event interest{};
    interest.events = EPOLLIN;
    const bool refused = epoll_ctl(inner, EPOLL_CTL_ADD, fd, &interest) != 0; // plain files: always readable
    auto watched = watched_fd::adopt(*loop_, inner);
    if (!watched) co_return;
    const fd_owner owner{std::move(*watched)};
    if (!refused) co_await watched_fd::readable(owner.shared());
}

time_point system_environment::now() const noexcept {
    timespec t{};
    clock_gettime(CLOCK_BOOTTIME, &t);
    return time_point{seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec}};
}

std::chrono::system_clock::time_point system_environment::wall_clock() const noexcept {
    return std::chrono::system_clock::now();
}

void system_environment::arm(timer& t, time_point due) { loop_->timers.arm(t, due); }

void system_environment::post(std::function<void()> job) { loop_->post(std::move(job)); }

bool system_environment::invite(loop_guest& guest) {
    loop_->guests.push_back(&guest);
    return true;
}

void system_environment::dismiss(loop_guest& guest) noexcept { std::erase(loop_->guests, &guest); }

void system_environment::wake() { loop_->wake(); }

namespace {

/// Lines of another thread are written on that of the program's first loop, so a sink needs no lock.
class forwarded_log final : public log_sink {
public:
    forwarded_log(environment& to, std::shared_ptr<log_sink> sink) : to_(to), sink_(std::move(sink)) {
        set_least(sink_->least());
    }
    void write(log_level level, std::string_view text) override {
        to_.post([sink = sink_, level, line = std::string{text}] { sink->write(level, line); });
    }

private:
    environment& to_;
    std::shared_ptr<log_sink> sink_; // the others are the environment and perhaps the program
};

thread_local bool is_further = false;

class thread_loop final : public further_loop {
public:
    thread_loop(environment& first, std::shared_ptr<log_sink> log, duration spin)
        : env_(std::make_shared<forwarded_log>(first, std::move(log))), thread_([this, spin] {
              is_further = true;
              env_.spin_before_sleep(spin);
              env_.run();
          }) {}
    ~thread_loop() override { stop(); }
    environment& env() noexcept override { return env_; }
    bool call(std::function<void()> job, duration most) override {
        struct state {
            std::mutex mutex;
            std::condition_variable done;
            bool is_done = false;     // Guarded by `mutex`, which is held while the job runs.
            bool is_given_up = false; // Guarded by `mutex`.
        };
        auto shared = std::make_shared<state>(); // of the caller and of the job, which may come to its turn too late
        env_.post([shared, job = std::move(job)] {
            const std::lock_guard lock{shared->mutex};
            if (shared->is_given_up) return;
            job();
            shared->is_done = true;
            shared->done.notify_one();
        });
        std::unique_lock lock{shared->mutex};
        shared->is_given_up = !shared->done.wait_for(lock, most, [&] { return shared->is_done; });
        return !shared->is_given_up;
    }
    void stop() noexcept override {
        if (!thread_.joinable()) return;
        env_.stop();
        thread_.join();
    }

private:
    system_environment env_;
    std::thread thread_;
};

} // namespace

bool is_further_thread() noexcept { return is_further; }

std::unique_ptr<further_loop> system_environment::add_loop() {
    return std::make_unique<thread_loop>(*this, log_, loop_->spin_time);
}

transport& system_environment::net() noexcept { return *net_; }

void system_environment::random_bytes(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const auto got = getrandom(out.data(), out.size(), 0);
        SEDGE_ASSERT(got > 0 || errno == EINTR);
        if (got > 0) out = out.subspan(static_cast<std::size_t>(got));
    }
}

log_sink& system_environment::log_to() noexcept { return *log_; }

} // namespace sedge::wire
