// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/first_worker.hpp"

#include <sedge/process/node.hpp>
#include <sedge/wire/environment.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace sedge::otp {
namespace detail {

template <class T>
struct process_outcome {
    explicit process_outcome(environment& env) : over(env) {}
    event over;
    std::optional<T> value;
};

/// Lives in the body's frame: however the process ends, whoever waits for it goes on.
template <class T>
struct end_notice {
    std::shared_ptr<process_outcome<T>> into;
    explicit end_notice(std::shared_ptr<process_outcome<T>> o) : into(std::move(o)) {}
    end_notice(const end_notice&) = delete;
    ~end_notice() { into->over.set(); }
};

template <class T>
task<> run_into(process& self, std::shared_ptr<process_outcome<T>> into, std::function<task<T>(process&)> job) {
    end_notice<T> notice{into};
    auto running = job(self);
    into->value = co_await std::move(running);
}

/// Lives in the waiting frame: who waits no longer ends the process.
struct process_owner {
    node& on;
    pid process;
    process_owner(node& n, const pid& p) : on(n), process(p) {}
    process_owner(const process_owner&) = delete;
    ~process_owner() { on.exit(process, term{atom{"kill"}}); }
};

} // namespace detail

/// Runs `job` on a short-lived process of its own and gives what it returns; nothing if the process was ended from
/// outside. Destroying the task ends the process, and with it its monitors and aliases.
template <class T>
[[nodiscard]] task<std::optional<T>> in_process(node& on, std::string label, std::function<task<T>(process&)> job) {
    expect_first_worker();
    auto into = std::make_shared<detail::process_outcome<T>>(on.env());
    process_body body = [into, job = std::move(job)](process& self) { return detail::run_into<T>(self, into, job); };
    spawn_options options;
    options.label = std::move(label);
    detail::process_owner owner{on, on.spawn(std::move(body), std::move(options))};
    co_await into->over.wait();
    co_return std::move(into->value);
}

} // namespace sedge::otp
