// SPDX-License-Identifier: Apache-2.0
#include "cluster/timeline/writer.hpp"

#include "cluster/timeline/file.hpp"
#include "cluster/timeline/timeline_limits.hpp"

#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>

namespace sedge::cluster {
namespace {

constexpr milliseconds sync_pause{1000}; // after the last line: a burst costs the disk one flush
constexpr milliseconds stop_time_max{2000};

} // namespace

struct timeline_writer::shared {
    shared(std::string path, milliseconds pause) : file(std::move(path)), retry_pause(pause) {}

    timeline_file file; // only of the thread
    const milliseconds retry_pause;
    std::mutex mutex;
    // Guarded by `mutex`:
    std::condition_variable changed;
    std::deque<std::string> waiting;
    timeline::disk_counts counts;
    std::string failure;
    bool stopping = false;
    bool done = false;
};

struct timeline_writer::thread {
    std::thread runs;
};

timeline_writer::timeline_writer(std::string path, milliseconds retry_pause)
    : shared_(std::make_shared<shared>(std::move(path), retry_pause)), thread_(std::make_unique<thread>()) {
    // The thread starts with the mask of this one: signals are for the environment's thread.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_->runs = std::thread{[with = shared_] { work(with); }};
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

timeline_writer::~timeline_writer() {
    std::unique_lock lock{shared_->mutex};
    shared_->stopping = true;
    shared_->changed.notify_all();
    const bool done = shared_->changed.wait_for(lock, stop_time_max, [this] { return shared_->done; });
    lock.unlock();
    if (done)
        thread_->runs.join();
    else
        thread_->runs.detach(); // it hangs in the system, and holds what it uses
}

void timeline_writer::push(std::string line) {
    const std::lock_guard lock{shared_->mutex};
    if (shared_->waiting.size() >= limits::timeline_waiting_max) {
        ++shared_->counts.dropped;
        return;
    }
    shared_->waiting.push_back(std::move(line));
    shared_->changed.notify_all();
}

timeline::disk_counts timeline_writer::counts() const {
    const std::lock_guard lock{shared_->mutex};
    auto out = shared_->counts;
    out.waiting = shared_->waiting.size();
    return out;
}

std::string timeline_writer::failure() const {
    const std::lock_guard lock{shared_->mutex};
    return shared_->failure;
}

void timeline_writer::work(const std::shared_ptr<shared>& with) {
    auto& s = *with;
    std::unique_lock lock{s.mutex};
    const auto has_work = [&s] { return s.stopping || !s.waiting.empty(); };
    bool is_synced = true;
    for (;;) {
        if (is_synced)
            s.changed.wait(lock, has_work);
        else if (!s.changed.wait_for(lock, sync_pause, has_work) || s.waiting.empty()) {
            lock.unlock();
            s.file.sync();
            lock.lock();
            is_synced = true;
            continue;
        }
        if (s.waiting.empty()) break; // it stops
        const auto line = s.waiting.front();
        lock.unlock();
        const auto appended = s.file.append(line);
        lock.lock();
        if (appended) {
            s.waiting.pop_front();
            ++s.counts.written;
            s.failure.clear();
            is_synced = false;
            continue;
        }
        s.failure = appended.error().message();
        if (s.stopping) break;
        s.changed.wait_for(lock, s.retry_pause, [&s] { return s.stopping; });
    }
    s.done = true;
    s.changed.notify_all();
}

} // namespace sedge::cluster
