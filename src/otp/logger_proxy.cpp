// SPDX-License-Identifier: Apache-2.0
//
// A process whose group leader lives on this node sends its log events here as well:
// {log, Level, Format, Args, Meta} or {log, Level, StringOrReport, Meta}, to the name logger_proxy. There is no answer.

#include "otp/kernel_state.hpp"
#include "otp/terms.hpp"

#include <sedge/otp/io_lib.hpp>
#include <sedge/wire/environment.hpp>

namespace sedge::otp {
namespace {

constexpr std::size_t event_characters_max = 4096; ///< Of one log line; a crash report can hold a whole state.

log_level level_of(const term_view& level) {
    for (std::string_view name : {"emergency", "alert", "critical", "error"})
        if (level.is_atom(name)) return log_level::error;
    if (level.is_atom("warning")) return log_level::warning;
    if (level.is_atom("debug")) return log_level::debug;
    return log_level::info;
}

std::string text_of(const term& event) {
    text_options options;
    options.bytes_max = event_characters_max;
    std::optional<std::string> text;
    if (event.arity() == 5) text = format(event.element(2), event.element(3), options);
    else text = characters(event.element(2));
    if (!text) text = to_erlang(event.element(2), options);
    if (text->size() > event_characters_max) text->resize(event_characters_max);
    return *text;
}

} // namespace

task<> run_logger_proxy(process& self, std::shared_ptr<kernel_state> state) {
    for (;;) {
        term event = co_await self.receive();
        if (!state->options.log_remote_events) continue;
        if (!is_tagged(event, "log", 4) && !is_tagged(event, "log", 5)) continue;
        self.env().log(level_of(event.element(1)), "[sedge:remote] " + printable(text_of(event)));
    }
}

} // namespace sedge::otp
