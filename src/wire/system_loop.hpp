// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/wire/environment.hpp>

#include "wire/system_signals.hpp"
#include "wire/wait_slot.hpp"

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

namespace sedge::wire {

/// Closes what nobody took over.
class unique_fd {
public:
    explicit unique_fd(int fd = -1) noexcept : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    unique_fd& operator=(unique_fd&& other) noexcept { return std::swap(fd_, other.fd_), *this; }
    ~unique_fd();
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_;
};

/// Hears what epoll says about one descriptor. It may wake waiters, and does nothing else.
class descriptor_events {
public:
    virtual void on_events(std::uint32_t events) = 0;

protected:
    ~descriptor_events() = default;
};

/// The one loop of a real program: due timers, then a batch of the run queue, then the network, and again.
///
/// What epoll tells only wakes waiters; coroutines always go on from the run queue. So nothing runs inside of anything
/// else, and many busy tasks cannot keep the network waiting for more than one batch.
class system_loop {
public:
    /// Throws std::system_error if the system has no descriptors left for it.
    explicit system_loop(environment& e);
    ~system_loop();

    environment& env;
    timer_queue timers;
    run_queue queue;
    std::atomic<bool> stop_requested{false};
    duration spin_time{}; // see system_environment::spin_before_sleep
    std::vector<loop_guest*> guests;

    void run_until(const std::function<bool()>& done);
    void catch_signals(const std::vector<int>& numbers);
    /// From any thread: `job` runs on the loop's.
    void post(std::function<void()> job);
    /// From any thread: a loop that waits goes on.
    void wake() noexcept;

    [[nodiscard]] int epoll() const noexcept { return epoll_.get(); }

    // Signals that came and that nobody has taken yet, and those who wait for some.
    std::vector<int> signals_pending;
    std::list<wait_slot*> signal_waiters;

private:
    /// Calls back into the loop.
    template <void (system_loop::*member)()>
    struct call final : descriptor_events {
        explicit call(system_loop& owner) noexcept : owner_(owner) {}
        void on_events(std::uint32_t) override { (owner_.*member)(); }
        system_loop& owner_;
    };

    void wait();
    bool look(bool patiently);
    bool guests_may_sleep();
    bool spin(time_point until);
    void set_alarm(time_point due);
    void on_alarm();
    void on_waker();
    void run_posted();

    unique_fd epoll_;
    unique_fd alarm_; // a timerfd: epoll's own timeout stands still while a machine sleeps
    unique_fd waker_; // an eventfd
    call<&system_loop::on_alarm> alarm_events_{*this};
    call<&system_loop::on_waker> waker_events_{*this};
    time_point alarm_due_ = time_point::max();
    int short_waits_ = 0; // of the last `waits_remembered`, about
    system_signals signals_;
    bool was_woken_ = false;
    std::mutex mutex_;
    std::vector<std::function<void()>> posted_; // Guarded by `mutex_`.
};

/// A descriptor and the two places where tasks wait for it. Owned by the stream or socket that reads and writes it,
/// and by the frames of those who wait.
///
/// epoll says once that something has become possible. A stream that knows when it has taken all there was
/// (`note_drained`, `note_full`) waits by `input` and `output`, without a system call; whoever does not know waits by
/// `readable`, for which the system looks again.
class watched_fd final : public descriptor_events {
public:
    /// Takes over `fd` and closes it in the end, also when this fails.
    static result<std::shared_ptr<watched_fd>> adopt(system_loop& loop, int fd);
    watched_fd(system_loop& loop, unique_fd fd) noexcept : loop_(loop), fd_(std::move(fd)) {}
    watched_fd(const watched_fd&) = delete;
    ~watched_fd() { close(); }

    [[nodiscard]] bool is_open() const noexcept { return open_; }
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] environment& env() const noexcept { return loop_.env; }

    /// Complete when reading or writing may give something; at once after `close`.
    static task<> readable(std::shared_ptr<watched_fd> self);
    static task<> writable(std::shared_ptr<watched_fd> self);
    /// The same for who calls `note_drained` and `note_full`.
    static task<> input(std::shared_ptr<watched_fd> self);
    static task<> output(std::shared_ptr<watched_fd> self);

    /// False: there was nothing to read when somebody last looked, and nothing has come since.
    [[nodiscard]] bool may_read() const noexcept { return read_.possible; }
    [[nodiscard]] bool may_write() const noexcept { return write_.possible; }
    /// All there is was read. Not believed after an end or an error: those are to be read, too.
    void note_drained() noexcept { read_.possible = no_more_input_; }
    /// Something may have come of which epoll says nothing yet.
    void look_again() {
        read_.possible = true;
        read_.waiter.wake(loop_.env);
    }
    /// Not all was taken that was to be written.
    void note_full() noexcept { write_.possible = failed_; }
    /// Whether epoll tells that there is something to read; the end and errors in any case. What has come while it did
    /// not is told when it does again.
    void hear_of_input(bool wanted) noexcept;

    /// Nothing is told any more, until `readable` or `writable` is called.
    void mute() noexcept;
    /// Closes the descriptor and wakes both waiters.
    void close() noexcept;
    void on_events(std::uint32_t events) override;

private:
    struct half {
        bool possible = true; // as far as is known
        wait_slot waiter;
    };
    bool control(int operation) noexcept;

    system_loop& loop_;
    unique_fd fd_;
    bool open_ = true;
    bool hears_of_input_ = true;
    bool no_more_input_ = false; // behind what is there
    bool failed_ = false;        // or both directions are closed
    half read_;
    half write_;
};

/// Closes a watched descriptor when it goes, whoever still holds it.
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

/// The error of the system call that just failed.
error last_error(std::string context);

} // namespace sedge::wire
