// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/task.hpp>
#include <sedge/otp/gen.hpp>
#include <sedge/process/process.hpp>

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

/// A server in C++ that Elixir takes for a GenServer.
///
///     struct counter {
///         int count = 0;
///         std::optional<term> handle_call(process&, const otp::gen_request& call) {
///             if (call.request.is_atom("next")) return term{++count};
///             return otp::unknown_request();
///         }
///         void handle_cast(process&, const term& request) { if (auto n = request.as<int>()) count = *n; }
///         term state() const { return term{count}; }
///     };
///     app.spawn("counter", otp::server(counter{}));
///
/// `GenServer.call({:counter, node}, :next)` then gives 1. A server is a class with some of these members; each may
/// return its value or a `task` of it, and waits then without taking the next message:
///
/// - `void init(process& self)` before anything else;
/// - `std::optional<term> handle_call(process& self, const gen_request& call)`: the answer, or nothing if `reply` gives
///   it later, from any process. Needed.
/// - `void handle_cast(process& self, const term& request)`; without it casts are dropped;
/// - `void handle_info(process& self, const term& message)` for all other messages; without it they are dropped;
/// - `term state() const`: what `:sys.get_state` and `:sys.get_status` show; without it the atom `undefined`.
///
/// To stop, a handler calls `self.exit(reason)`; an exception ends the process, as in any process. Requests of `sys`
/// are answered: get_state, get_status, suspend, resume, terminate (`GenServer.stop`), no_debug, statistics and log
/// (which are empty). Others get `{error, {unknown_system_msg, Request}}`: nothing hangs. While it is suspended a
/// server answers `sys` only, and other messages wait in its mailbox.
namespace sedge::otp {

/// A server with its types erased: what `server` makes of a class. Unset members are left out.
struct server_handlers {
    std::function<task<>(process& self)> init;
    std::function<task<std::optional<term>>(process& self, gen_request call)> call;
    std::function<task<>(process& self, term request)> cast;
    std::function<task<>(process& self, term message)> info;
    std::function<term()> state;
    std::string module = "sedge_server"; ///< What `:sys.get_status` names as the server's module.
};

/// Serves until a handler ends the process. `handlers` are kept meanwhile.
[[nodiscard]] task<> run_server(process& self, server_handlers handlers);

/// The answer `{error, unknown_request}`, for what a server does not know.
term unknown_request();

namespace detail {

/// Gives the value of `f`, a coroutine or a plain function, as a task.
template <class R, class F>
task<R> as_task(F f) {
    using returned = decltype(f());
    if constexpr (std::is_same_v<returned, task<R>>) {
        auto running = f();
        if constexpr (std::is_void_v<R>)
            co_await std::move(running);
        else
            co_return co_await std::move(running);
    } else if constexpr (std::is_void_v<R>) {
        f();
        co_return;
    } else {
        co_return f();
    }
}

template <class S>
server_handlers handlers_of(S& s) {
    server_handlers h;
    h.call = [&s](process& self, gen_request call) {
        return as_task<std::optional<term>>([&s, &self, call = std::move(call)] { return s.handle_call(self, call); });
    };
    if constexpr (requires(process & self) { s.init(self); })
        h.init = [&s](process& self) { return as_task<void>([&s, &self] { return s.init(self); }); };
    if constexpr (requires(process & self, const term& t) { s.handle_cast(self, t); })
        h.cast = [&s](process& self, term request) {
            return as_task<void>([&s, &self, request = std::move(request)] { return s.handle_cast(self, request); });
        };
    if constexpr (requires(process & self, const term& t) { s.handle_info(self, t); })
        h.info = [&s](process& self, term message) {
            return as_task<void>([&s, &self, message = std::move(message)] { return s.handle_info(self, message); });
        };
    if constexpr (requires {
                      { s.state() } -> std::convertible_to<term>;
                  })
        h.state = [&s] { return s.state(); };
    return h;
}

/// The server lives in this frame, and so as long as its process.
template <class S>
task<> serve(process& self, S server) {
    server_handlers handlers = handlers_of(server);
    auto running = run_server(self, std::move(handlers));
    co_await std::move(running);
}

} // namespace detail

/// A process body that serves with a copy of `initial`: a process that is started again starts from it again.
template <class S>
requires std::copy_constructible<S> process_body server(S initial) {
    return [initial = std::move(initial)](process& self) { return detail::serve<S>(self, initial); };
}

} // namespace sedge::otp
