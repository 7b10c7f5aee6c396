// SPDX-License-Identifier: Apache-2.0
//
// The clocks of the modules erlang and os. `native` is the nanosecond. Monotonic time counts from a point of its own on
// each node, as in OTP; with time_offset it is system time.
#include "otp/builtins.hpp"
#include "otp/terms.hpp"

#include <sedge/process/process.hpp>
#include <sedge/wire/environment.hpp>

#include <array>
#include <chrono>
#include <ctime>
#include <utility>

namespace sedge::otp {
namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t second_in_native = 1'000'000'000;

/// How many of the unit make a second: an atom, also of those before OTP 20, or a number up to that
/// of nanoseconds.
std::optional<std::int64_t> per_second(const term& unit) {
    static constexpr std::array<std::pair<std::string_view, std::int64_t>, 10> units{
        {{"second", 1},
         {"millisecond", 1'000},
         {"microsecond", 1'000'000},
         {"nanosecond", second_in_native},
         {"native", second_in_native},
         {"perf_counter", second_in_native},
         {"seconds", 1},
         {"milli_seconds", 1'000},
         {"micro_seconds", 1'000'000},
         {"nano_seconds", second_in_native}}};
    for (const auto& [name, count] : units)
        if (unit.is_atom(name)) return count;
    auto number = unit.as<std::int64_t>();
    return number && *number > 0 && *number <= second_in_native ? number : std::nullopt;
}

/// Rounded down, also before the beginning of the count.
std::int64_t convert(std::int64_t native, std::int64_t into_per_second) {
    std::int64_t seconds = native / second_in_native;
    std::int64_t rest = native % second_in_native;
    if (rest < 0) {
        rest += second_in_native;
        --seconds;
    }
    return seconds * into_per_second + rest * into_per_second / second_in_native;
}

std::int64_t system_time(environment& env) {
    return std::chrono::duration_cast<nanoseconds>(env.wall_clock().time_since_epoch()).count();
}
std::int64_t monotonic_time(environment& env) {
    return std::chrono::duration_cast<nanoseconds>(env.now().time_since_epoch()).count();
}
std::int64_t time_offset(environment& env) { return system_time(env) - monotonic_time(env); }

term date_of(const std::tm& t) { return tuple(t.tm_year + 1900, t.tm_mon + 1, t.tm_mday); }
term time_of(const std::tm& t) { return tuple(t.tm_hour, t.tm_min, t.tm_sec); }
term both(const std::tm& t) { return tuple(date_of(t), time_of(t)); }

/// What `form` makes of the time as `broken_down` (localtime_r, gmtime_r) tells it.
handler calendar(std::tm* (*broken_down)(const std::time_t*, std::tm*), term (*form)(const std::tm&)) {
    return [broken_down, form](call_context& c, builtin_arguments) {
        const auto now = std::chrono::system_clock::to_time_t(c.self.env().wall_clock());
        std::tm parts{};
        broken_down(&now, &parts);
        return outcome::value(form(parts));
    };
}

} // namespace

term timestamp(environment& env) {
    const auto micros = system_time(env) / 1'000;
    return tuple(micros / 1'000'000'000'000, micros / 1'000'000 % 1'000'000, micros % 1'000'000);
}

void add_time_builtins(function_table& table) {
    auto clock = [&table](std::string_view module, std::string_view function, std::int64_t (*read)(environment&)) {
        handler run = [read](call_context& c, builtin_arguments arguments) {
            const auto unit = arguments.empty() ? std::optional{second_in_native} : per_second(arguments[0]);
            if (!unit) return failure("badarg", c, arguments);
            return outcome::value(term{convert(read(c.self.env()), *unit)});
        };
        for (int arity : {0, 1}) table.add_raw(module, function, arity, run, access::info);
    };
    clock("erlang", "system_time", system_time);
    clock("os", "system_time", system_time);
    clock("erlang", "monotonic_time", monotonic_time);
    clock("erlang", "time_offset", time_offset);
    handler stamp = [](call_context& c, builtin_arguments) { return outcome::value(timestamp(c.self.env())); };
    for (const char* module : {"erlang", "os"}) table.add_raw(module, "timestamp", 0, stamp, access::info);
    auto add = [&table](std::string_view function, handler run) {
        table.add_raw("erlang", function, 0, std::move(run), access::info);
    };
    add("localtime", calendar(localtime_r, both));
    add("universaltime", calendar(gmtime_r, both));
    add("date", calendar(localtime_r, date_of));
    add("time", calendar(localtime_r, time_of));
}

} // namespace sedge::otp
