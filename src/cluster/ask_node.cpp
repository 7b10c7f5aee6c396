// SPDX-License-Identifier: Apache-2.0
//
// Questions to a node that is connected, by functions that every node of OTP has; sedge has those asked here, too.
//
//   erlang:system_info(otp_release)       "25"
//   erlang:function_exported(sedge_doctor, examine, 1)   true on sedge only
//   net_kernel:get_net_ticktime()         60, or {ongoing_change_to, 60}
//   os:system_time(millisecond)
//   erlang:term_to_binary(Large)          comes back as large as it went: both directions with one question
//
// The large message is the last question: where packets of full size are lost, nothing behind it on the connection
// arrives either.
#include "cluster/ask_node.hpp"

#include <sedge/base/log.hpp>
#include <sedge/cluster/examination.hpp>
#include <sedge/cluster/limits.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/process/node.hpp>
#include <sedge/term/convert.hpp>
#include <sedge/term/convert_containers.hpp>
#include <sedge/wire/environment.hpp>

namespace sedge::cluster {
namespace {

using kind = otp::remote_outcome::kind;

struct call {
    std::string_view module;
    std::string_view function;
    std::vector<term> arguments;
    duration patience = limits::diagnosis_step_time;
};

task<otp::remote_outcome> ask(node& here, atom on, call what) {
    auto calling = otp::erpc_call(here, on, atom{what.module}, atom{what.function}, std::move(what.arguments),
                                  here.env().now() + what.patience);
    auto outcome = co_await std::move(calling);
    co_return outcome;
}

task<std::optional<term>> value_of(node& here, atom on, call what) {
    auto asking = ask(here, std::move(on), std::move(what));
    auto outcome = co_await std::move(asking);
    if (outcome.what != kind::value) co_return std::nullopt;
    co_return std::optional{std::move(outcome.body)};
}

task<bool> is_sedge(node& here, atom peer) {
    call exported{"erlang", "function_exported", {term{atom{"sedge_doctor"}}, term{atom{"examine"}}, term{1}}};
    auto asking = value_of(here, std::move(peer), std::move(exported));
    auto answer = co_await std::move(asking);
    co_return answer && answer->is_atom("true");
}

task<std::string> release_of(node& here, atom peer) {
    auto testing = is_sedge(here, peer);
    const bool sedge = co_await std::move(testing);
    if (sedge) co_return std::string{"sedge"};
    call release{"erlang", "system_info", {term{atom{"otp_release"}}}};
    auto asking = value_of(here, std::move(peer), std::move(release));
    auto answer = co_await std::move(asking);
    const auto text = answer ? answer->as<charlist>() : std::nullopt;
    co_return text ? "OTP " + printable(text->text.substr(0, 16)) : std::string{};
}

std::optional<seconds> tick_time_in(const term& value) {
    if (const auto number = value.as<std::int64_t>()) return seconds{*number};
    const auto view = value.view();
    if (view.kind() != term_kind::tuple || view.arity() != 2) return std::nullopt;
    const auto number = view.element(1).as<std::int64_t>();
    return number ? std::optional{seconds{*number}} : std::nullopt;
}

milliseconds clock_of(environment& env) {
    return std::chrono::duration_cast<milliseconds>(env.wall_clock().time_since_epoch());
}

task<> ask_clock(node& here, atom peer, answers* into) {
    const auto begin = here.env().now();
    const auto before = clock_of(here.env());
    auto asking = value_of(here, std::move(peer), {"os", "system_time", {term{atom{"millisecond"}}}});
    auto answer = co_await std::move(asking);
    const auto number = answer ? answer->as<std::int64_t>() : std::nullopt;
    if (!number) co_return;
    const auto took = std::chrono::duration_cast<milliseconds>(here.env().now() - begin);
    into->clock_ahead = milliseconds{*number} - (before + took / 2);
    into->clock_doubt = took / 2 + milliseconds{1};
}

task<> ask_large(node& here, atom peer, answers* into) {
    const auto begin = here.env().now();
    const byte_buffer large(limits::diagnosis_large_bytes, std::uint8_t{'x'});
    auto asking = ask(here, std::move(peer), {"erlang", "term_to_binary", {term{large}}});
    auto outcome = co_await std::move(asking);
    attempt tried{std::nullopt, here.env().now() - begin};
    const bool lost = outcome.what == kind::timed_out || outcome.what == kind::no_connection;
    if (outcome.what != kind::value && !lost) co_return; // it may not call that
    if (lost) tried.failure = error{errc::timed_out};
    into->large = tried;
}

/// Findings as `sedge_doctor:examine` sends them. What is malformed is left out.
std::vector<finding> findings_in(const term& value) {
    std::vector<finding> out;
    const auto view = value.view();
    if (!view.is_list()) return out;
    for (const auto each : view.elements()) {
        if (out.size() == limits::diagnosis_findings_max) break;
        const auto text = [&each](std::string_view key) {
            const auto at = each.kind() == term_kind::map ? each.find_atom(key) : std::nullopt;
            return at ? at->as<std::string>().value_or("") : std::string{};
        };
        finding f{text("step"), verdict::unknown, {}, text("evidence")};
        for (auto v : {verdict::ok, verdict::warning, verdict::problem})
            if (text("verdict") == to_string(v)) f.what = v;
        const auto id = text("cause");
        for (const auto& known : explanations())
            if (!id.empty() && known.id == id) f.why = known.what;
        if (!f.step.empty()) out.push_back(std::move(f));
    }
    return out;
}

} // namespace

task<answers> ask_node(node& here, atom peer) {
    answers out;
    auto asking = release_of(here, peer);
    auto release = co_await std::move(asking);
    out.release = std::move(release);
    auto tick = value_of(here, peer, {"net_kernel", "get_net_ticktime", {}});
    const auto tick_answer = co_await std::move(tick);
    if (tick_answer) out.tick_time = tick_time_in(*tick_answer);
    auto clock = ask_clock(here, peer, &out);
    co_await std::move(clock);
    auto large = ask_large(here, std::move(peer), &out);
    co_await std::move(large);
    co_return out;
}

// -- what another node sees ----------------------------------------------------------------------------------------

namespace {

/// Ends a sentence that begins with the node.
error not_told(const otp::remote_outcome& outcome) {
    if (outcome.what == kind::timed_out || outcome.what == kind::no_connection)
        return {errc::timed_out, "does not tell"};
    if (outcome.body.view().is_atom("not_permitted")) return {errc::invalid_argument, "does not allow it"};
    return {errc::invalid_argument, "has no functions that tell: neither those of OTP (inet:getaddr) nor the one of a "
                                    "sedge::application (sedge_doctor:examine)"};
}

task<result<std::vector<finding>>> ask_sedge(node& here, atom on, std::string about) {
    call examine{"sedge_doctor", "examine", {term{about}}, seconds{30}};
    auto asking = ask(here, std::move(on), std::move(examine));
    const auto outcome = co_await std::move(asking);
    if (outcome.what == kind::value) co_return findings_in(outcome.body);
    co_return not_told(outcome);
}

finding of(std::string step, verdict what, std::optional<cause> why, std::string evidence) {
    return {std::move(step), what, why, std::move(evidence)};
}

/// The reason in `{error, Reason}`.
std::string reason_in(const term& value) {
    const auto view = value.view();
    if (view.kind() != term_kind::tuple || view.arity() != 2 || !view.element(0).is_atom("error")) return {};
    return std::string{view.element(1).atom_text().value_or("unknown")};
}

// As a person at its shell would: inet:getaddr, erl_epmd:port_please, gen_tcp:connect, net_kernel:connect_node.
task<result<std::vector<finding>>> ask_otp(node& here, atom on, node_name about) {
    std::vector<finding> out;
    const charlist host{about.host};
    auto resolving = ask(here, on, {"inet", "getaddr", {term{host}, term{atom{"inet"}}}});
    const auto address = co_await std::move(resolving);
    if (address.what != kind::value) co_return not_told(address);
    if (const auto view = address.body.view(); view.kind() != term_kind::tuple || view.arity() != 2)
        co_return error{errc::invalid_argument, "does not tell"};
    if (const auto why = reason_in(address.body); !why.empty()) {
        out.push_back(of("host", verdict::problem, cause::unknown_host, about.host + ": " + printable(why)));
        co_return out;
    }
    out.push_back(of("host", verdict::ok, {}, about.host + " is known there"));
    const auto ip = term{address.body.element(1)};

    auto looking = value_of(here, on, {"erl_epmd", "port_please", {term{charlist{about.alive}}, ip}});
    auto port = co_await std::move(looking);
    const auto view = port ? port->view() : term_view{};
    const bool has_port =
        port && view.kind() == term_kind::tuple && view.arity() == 3 && view.element(0).is_atom("port");
    if (!has_port) {
        const bool unregistered = port && view.is_atom("noport");
        out.push_back(of("port mapper", verdict::problem,
                         unregistered ? cause::name_not_registered : cause::no_port_mapper,
                         unregistered ? "the port mapper on " + about.host + " does not know the name"
                                      : "the port mapper on " + about.host + " does not answer " + on.str()));
        co_return out;
    }
    const auto number = view.element(1).as<std::int64_t>().value_or(0);
    out.push_back(of("port mapper", verdict::ok, {}, "answers: port " + std::to_string(number)));

    call connect{"net_kernel", "connect_node", {term{about.full}}, seconds{10}};
    auto connecting = value_of(here, on, std::move(connect));
    auto connected = co_await std::move(connecting);
    if (connected && connected->is_atom("true")) {
        out.push_back(of("handshake", verdict::ok, {}, "the two are connected"));
        co_return out;
    }
    const std::vector<term> options{term{atom{"binary"}}, term{std::tuple{atom{"active"}, false}}};
    call reach{"gen_tcp", "connect", {ip, term{number}, term{options}, term{3000}}, seconds{5}};
    auto reaching = value_of(here, on, std::move(reach));
    auto reached = co_await std::move(reaching);
    const auto why = reached ? reason_in(*reached) : std::string{"timeout"};
    if (why.empty())
        out.push_back(of("handshake", verdict::problem, cause::closed,
                         on.str() + " reaches the port, and the handshake fails: its log may say why, and compare the "
                                    "cookies"));
    else
        out.push_back(of("port", verdict::problem,
                         why == "timeout" || why == "etimedout" ? cause::port_silent
                         : why == "econnrefused"                ? cause::port_refused
                                                                : cause::no_route,
                         "port " + std::to_string(number) + ": " + printable(why)));
    co_return out;
}

} // namespace

task<result<std::vector<finding>>> ask_about(node& here, atom on, std::string about) {
    auto testing = is_sedge(here, on);
    const bool sedge = co_await std::move(testing);
    if (sedge) {
        auto asking = ask_sedge(here, std::move(on), std::move(about));
        auto all = co_await std::move(asking);
        co_return all;
    }
    auto name = node_name::parse(about);
    if (!name) co_return name.error();
    auto asking = ask_otp(here, std::move(on), *std::move(name));
    auto all = co_await std::move(asking);
    co_return all;
}

} // namespace sedge::cluster
