// SPDX-License-Identifier: Apache-2.0
//
// What `:observer` and `etop` of OTP 25 ask of a node: functions of the module observer_backend, which a BEAM has in
// runtime_tools. Some are called by rpc; others are spawned here, linked to the tool, and send it their answer:
//
//   etop_collect(Collector)     {Self, EtopInfo}
//   procs_info(Collector)       {procs_info, Self, [EtopProcInfo]}, at most 10,000 processes in each
//   fetch_stats(Collector, Ms)  {stats, 1, SchedulerWallTime, Io, Memory} every Ms, until a message comes
//
//   EtopInfo      {etop_info, Now, Processes, WallClock, SchedulerWallTime, RunQueue, Areas, Memory, [EtopProcInfo]}
//   EtopProcInfo  {etop_proc_info, Pid, Memory, Reductions, NameOrInitialCall, Runtime, CurrentFunction, QueueLength}
//
// They answer only processes of the node that asked, so that nobody has us send to others. Connections are shown as
// ports; of sockets and tables of the BEAM's kind there are none.

#include "otp/builtins.hpp"
#include "otp/system_facts.hpp"
#include "otp/terms.hpp"

#include <sedge/wire/environment.hpp>

#include <algorithm>

namespace sedge::otp {
namespace {

constexpr const char* followed_version = "1.19"; // of runtime_tools, in OTP 25
constexpr std::size_t processes_per_message = 10'000;
constexpr milliseconds period_min{100};  // observer asks for 1 to 4 samples a second
constexpr std::size_t samplers_max = 64; // of all tools together: each looks at every process for each sample

term item_value(node& here, const process_info& info, std::string_view item) {
    return term{process_item(here, info, item)->element(1)};
}

/// The processes but for this one, as EtopProcInfo.
std::vector<term> processes_for_etop(process& self) {
    node& here = self.node();
    std::vector<term> all;
    for (const auto& info : info_of_all(here)) {
        if (info.self == self.self()) continue;
        bool named = !info.registered_name.empty();
        all.push_back(tuple(atom{"etop_proc_info"}, info.self, info.memory_bytes, info.messages_handled,
                            named ? term{info.registered_name} : item_value(here, info, "initial_call"), 0,
                            item_value(here, info, "current_function"), info.message_queue_len));
    }
    return all;
}

term memory_pairs(node& here, const system_facts& facts, std::span<const std::string_view> wanted) {
    auto kinds = facts.memory(here);
    std::vector<term> pairs;
    for (auto name : wanted)
        for (const auto& kind : kinds)
            if (kind.name == name) pairs.push_back(tuple(atom{kind.name}, kind.bytes));
    return term_list(pairs);
}

/// The process that gets the answer, if it is one of the caller's node.
std::optional<pid> collector_of(call_context& c, const term& argument) {
    auto collector = argument.as<pid>();
    return collector && collector->node == c.caller.node ? collector : std::nullopt;
}

outcome etop_collect(call_context& c, builtin_arguments arguments, const system_facts& facts) {
    static constexpr std::string_view memory[] = {"total", "processes", "ets", "atom", "code", "binary"};
    auto collector = collector_of(c, arguments[0]);
    if (!collector) return failure("badarg", c, arguments);
    node& here = c.self.node();
    auto processes = processes_for_etop(c.self);
    term info = tuple(atom{"etop_info"}, timestamp(c.self.env()), processes.size(), atom{"undefined"},
                      facts.scheduler_wall_time(here), totals_of(here).runnable, nil(),
                      memory_pairs(here, facts, memory), term_list(processes));
    c.self.send(*collector, tuple(c.self.self(), info));
    return outcome::value(term{atom{"ok"}});
}

outcome procs_info(call_context& c, builtin_arguments arguments) {
    auto collector = collector_of(c, arguments[0]);
    if (!collector) return failure("badarg", c, arguments);
    auto processes = processes_for_etop(c.self);
    std::span<const term> left = processes;
    do { // also if there are none
        auto part = left.first(std::min(left.size(), processes_per_message));
        c.self.send(*collector, tuple(atom{"procs_info"}, c.self.self(), term_list(part)));
        left = left.subspan(part.size());
    } while (!left.empty());
    return outcome::value(term{atom{"ok"}});
}

term all_memory(node& here, const system_facts& facts) {
    std::vector<term> pairs;
    for (const auto& kind : facts.memory(here)) pairs.push_back(tuple(atom{kind.name}, kind.bytes));
    return term_list(pairs);
}

/// One of those that sample, as long as it lives.
struct sampler {
    explicit sampler(std::shared_ptr<std::size_t> all) : count(std::move(all)) { ++*count; }
    ~sampler() { --*count; }
    sampler(const sampler&) = delete;
    std::shared_ptr<std::size_t> count;
};

task<outcome> fetch_stats(call_context& c, std::vector<term> arguments, std::shared_ptr<const system_facts> facts,
                          std::shared_ptr<std::size_t> samplers) {
    auto collector = collector_of(c, arguments[0]);
    auto period = arguments[1].as<std::uint32_t>();
    if (!collector || !period) co_return failure("badarg", c, arguments);
    if (*samplers >= samplers_max) co_return failure("system_limit", c, arguments);
    const sampler counted{samplers};
    node& here = c.self.node();
    c.self.monitor(*collector); // a message, too, when it is gone
    for (;;) {
        auto due = c.self.env().now() + std::max(milliseconds{*period}, period_min);
        auto waiting = c.self.receive_if({}, due);
        if (co_await std::move(waiting)) co_return outcome::value(term{atom{"ok"}});
        c.self.send(*collector, tuple(atom{"stats"}, 1, facts->scheduler_wall_time(here), facts->io(here),
                                      all_memory(here, *facts)));
    }
}

/// A list of pairs for the page "System". Without a value of its own, an item is `undefined`: shown as not available.
outcome sys_info(call_context& c, const system_facts& facts) {
    node& here = c.self.node();
    auto traffic = here.traffic();
    std::vector<term> pairs{
        tuple(atom{"uptime"}, facts.uptime(here).count()),
        tuple(atom{"run_queue"}, totals_of(here).runnable),
        tuple(atom{"io_input"}, traffic.bytes_in),
        tuple(atom{"io_output"}, traffic.bytes_out),
    };
    auto add = [&](std::string_view name, const term& item) {
        pairs.push_back(tuple(atom{name}, facts.item(here, item).value_or(term{atom{"undefined"}})));
    };
    auto add_named = [&](std::string_view name) { add(name, term{atom{name}}); };
    for (const char* name : {"logical_processors", "logical_processors_online", "logical_processors_available",
                             "schedulers", "schedulers_online"})
        add_named(name);
    add("schedulers_available", term{atom{"schedulers"}});
    for (const char* name :
         {"otp_release", "version", "system_architecture", "kernel_poll", "smp_support", "threads", "thread_pool_size"})
        add_named(name);
    add("wordsize_internal", tuple(atom{"wordsize"}, atom{"internal"}));
    add("wordsize_external", tuple(atom{"wordsize"}, atom{"external"}));
    pairs.push_back(tuple(atom{"alloc_info"}, facts.allocators(here)));
    for (const char* name : {"process_count", "atom_limit", "atom_count", "process_limit", "process_count", // as in OTP
                             "port_limit", "port_count", "ets_limit", "ets_count", "dist_buf_busy_limit"})
        add_named(name);
    for (const auto& kind : facts.memory(here)) pairs.push_back(tuple(atom{kind.name}, kind.bytes));
    return outcome::value(term_list(pairs));
}

outcome table_list(call_context& c, builtin_arguments arguments) {
    if (arguments[0].is_atom("ets")) return outcome::value(nil());
    if (!arguments[0].is_atom("mnesia")) return failure("function_clause", c, arguments);
    return outcome::thrown(
        tuple(atom{"error"}, erlang_string("Mnesia is not running on: " + c.self.node().name().str())));
}

term address(const wire::ip_address& a) {
    auto bytes = a.bytes();
    if (a.is_v4()) return tuple(int{bytes[12]}, int{bytes[13]}, int{bytes[14]}, int{bytes[15]});
    auto word = [&bytes](std::size_t i) { return bytes[2 * i] << 8 | bytes[2 * i + 1]; };
    return tuple(word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7));
}

outcome port_list(call_context& c) {
    node& here = c.self.node();
    pid owner = here.whereis(atom{"net_kernel"}).value_or(here.group_leader());
    std::vector<term> ports;
    for (const auto& peer : here.peer_details()) {
        std::vector<term> statistics{tuple(atom{"recv_oct"}, peer.bytes_in), tuple(atom{"send_oct"}, peer.bytes_out)};
        std::vector<term> inet{tuple(atom{"statistics"}, term_list(statistics)),
                               tuple(atom{"remote_address"}, address(peer.address.address)),
                               tuple(atom{"remote_port"}, peer.address.port), tuple(atom{"options"}, nil())};
        std::vector<term> pairs{
            tuple(atom{"port_id"}, port_of(here, peer)),
            tuple(atom{"name"}, erlang_string("tcp_inet")),
            tuple(atom{"links"}, nil()),
            tuple(atom{"id"}, peer.connection),
            tuple(atom{"connected"}, owner),
            tuple(atom{"input"}, peer.bytes_in),
            tuple(atom{"output"}, peer.bytes_out),
            tuple(atom{"os_pid"}, atom{"undefined"}),
            tuple(atom{"monitors"}, nil()),
            tuple(atom{"monitored_by"}, nil()),
            tuple(atom{"parallelism"}, false),
            tuple(atom{"locking"}, atom{"false"}),
            tuple(atom{"queue_size"}, 0),
            tuple(atom{"memory"}, 0),
            tuple(atom{"inet"}, term_list(inet)),
        };
        ports.push_back(term_list(pairs));
    }
    return outcome::value(term_list(ports));
}

} // namespace

void add_observer_backend(function_table& table, std::shared_ptr<const system_facts> facts) {
    auto add = [&table](std::string_view function, int arity, handler run, access level = access::info) {
        table.add_raw("observer_backend", function, arity, std::move(run), level);
    };
    add("vsn", 0, [](call_context&, builtin_arguments) {
        return outcome::value(tuple(atom{"ok"}, erlang_string(followed_version)));
    });
    add("sys_info", 0, [facts](call_context& c, builtin_arguments) { return sys_info(c, *facts); });
    add("get_port_list", 0, [](call_context& c, builtin_arguments) { return port_list(c); });
    handler nothing = [](call_context&, builtin_arguments) { return outcome::value(nil()); };
    add("get_socket_list", 0, nothing); // those of the module socket
    add("socket_info", 0, nothing);
    add("get_table_list", 2, table_list);
    add(
        "etop_collect", 1, [facts](call_context& c, builtin_arguments a) { return etop_collect(c, a, *facts); },
        access::report);
    add("procs_info", 1, procs_info, access::report);
    task_handler sample = [facts, samplers = std::make_shared<std::size_t>(0)](call_context& c, std::vector<term> a) {
        return fetch_stats(c, std::move(a), facts, samplers);
    };
    table.add_raw("observer_backend", "fetch_stats", 2, std::move(sample), access::report);
}

} // namespace sedge::otp
