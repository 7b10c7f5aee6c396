// SPDX-License-Identifier: Apache-2.0
#include "otp/kernels.hpp"
#include "support/vectors.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace sedge::test {
namespace {

class Builtins : public Kernels {
protected:
    Builtins() {
        options_of_b.builtins.memory_bytes = [] { return std::size_t{10} << 20; };
        options_of_b.builtins.names = []() -> task<result<std::vector<std::pair<std::string, std::uint16_t>>>> {
            std::vector<std::pair<std::string, std::uint16_t>> names{{"b", 4242}};
            co_return names;
        };
    }
    static std::string badarg_of(const std::string& function, const std::string& arguments) {
        return "{badrpc,{'EXIT',{badarg,[{erlang," + function + "," + arguments +
               ",[{error_info,#{module => erl_erts_errors}}]}]}}}";
    }
    pid spawn_named(const char* name) {
        return b->spawn([](process& self) -> task<> { co_await self.receive(); }, {.label = "ear", .name = atom{name}});
    }
};

TEST_F(Builtins, NodesOfEveryKind) {
    auto& h = boot('h', "a secret of the tests", true);
    ASSERT_TRUE(connect(h, 'b'));
    EXPECT_EQ(rpc("erlang", "nodes"), "['a@10.0.0.1']");
    EXPECT_EQ(rpc("Elixir.Node", "list"), "['a@10.0.0.1']");
    EXPECT_EQ(rpc("erlang", "nodes", atom{"hidden"}), "['h@10.0.0.8']");
    EXPECT_EQ(rpc("erlang", "nodes", atom{"connected"}), "['a@10.0.0.1','h@10.0.0.8']");
    EXPECT_EQ(rpc("Elixir.Node", "list", atom{"this"}), "['b@10.0.0.2']");
    EXPECT_EQ(rpc("erlang", "nodes", atom{"known"}), "['b@10.0.0.2','a@10.0.0.1','h@10.0.0.8']");
    EXPECT_EQ(rpc("erlang", "nodes", std::vector<atom>{atom{"this"}, atom{"visible"}}), "['a@10.0.0.1','b@10.0.0.2']");
    EXPECT_EQ(rpc("erlang", "nodes", atom{"foo"}), badarg_of("nodes", "[foo]"));
}

TEST_F(Builtins, NodeSaysWhoItIsAndWhoseAPidIs) {
    EXPECT_EQ(rpc("erlang", "node"), "'b@10.0.0.2'");
    EXPECT_EQ(rpc("Elixir.Node", "self"), "'b@10.0.0.2'");
    EXPECT_EQ(rpc("erlang", "node", pid{atom{"x@y"}, 1, 2, 3}), "x@y");
    EXPECT_EQ(rpc("erlang", "node", 7), badarg_of("node", "[7]"));
}

TEST_F(Builtins, PingGoesThroughTheCalledNode) {
    EXPECT_EQ(rpc("net_adm", "ping", a->name()), "pong");
    EXPECT_EQ(rpc("Elixir.Node", "ping", atom{"x@10.0.0.99"}), "pang");
    EXPECT_EQ(rpc("net_adm", "ping", 1), "{badrpc,{'EXIT',{function_clause,[{net_adm,ping,[1],[]}]}}}");
}

TEST_F(Builtins, NamesComeFromThePortMapper) {
    EXPECT_EQ(rpc("net_adm", "names"), R"({ok,[{"b",4242}]})");
    auto here = sim.block_on(otp::erpc_call(*a, a->name(), atom{"net_adm"}, atom{"names"}, {}, in(5s)));
    EXPECT_EQ(to_erlang(here.body), "{error,address}");
}

TEST_F(Builtins, ProcessesAreFoundByNameAndPid) {
    pid ear = spawn_named("ear");
    EXPECT_EQ(ask("erlang", "whereis", atom{"ear"}).body.as<pid>(), ear);
    EXPECT_EQ(rpc("erlang", "whereis", atom{"nose"}), "undefined");
    EXPECT_EQ(rpc("Elixir.Process", "whereis", atom{"nose"}), "nil");
    EXPECT_EQ(rpc("erlang", "whereis", 1), badarg_of("whereis", "[1]"));
    EXPECT_EQ(rpc("erlang", "is_process_alive", ear), "true");
    auto found = *ask("erlang", "processes").body.as<std::vector<pid>>();
    EXPECT_NE(std::find(found.begin(), found.end(), ear), found.end());
    auto names = *ask("erlang", "registered").body.as<std::vector<atom>>();
    EXPECT_NE(std::find(names.begin(), names.end(), atom{"ear"}), names.end());
    std::string text = "<0." + std::to_string(ear.id) + "." + std::to_string(ear.serial) + ">";
    EXPECT_EQ(ask("erlang", "list_to_pid", charlist{text}).body.as<pid>(), ear);
    EXPECT_EQ(rpc("erlang", "list_to_pid", charlist{"<x>"}), badarg_of("list_to_pid", "[\"<x>\"]"));
    b->exit(ear, term{atom{"kill"}});
    settle();
    EXPECT_EQ(rpc("erlang", "is_process_alive", ear), "false");
    EXPECT_EQ(rpc("erlang", "process_info", ear), "undefined");
    EXPECT_EQ(rpc("Elixir.Process", "info", ear), "nil");
}

TEST_F(Builtins, ProcessInfoListsWhatOtpListsInItsOrder) {
    auto summary = ask("erlang", "process_info", spawn_named("ear")).body;
    std::string keys;
    for (auto pair : summary.view().elements()) keys += std::string{*pair.element(0).atom_text()} + " ";
    EXPECT_EQ(keys, "registered_name current_function initial_call status message_queue_len links dictionary trap_exit "
                    "error_handler priority group_leader total_heap_size heap_size stack_size reductions "
                    "garbage_collection suspending ");
    auto unnamed =
        ask("erlang", "process_info", b->spawn([](process& self) -> task<> { co_await self.receive(); })).body;
    EXPECT_TRUE((*unnamed.view().elements().begin()).element(0).is_atom("current_function"));
}

TEST_F(Builtins, ProcessInfoItemsHaveTheirForms) {
    pid ear = spawn_named("ear");
    pid plain = b->spawn([](process& self) -> task<> { co_await self.receive(); });
    auto item = [&](const pid& p, const char* name) { return rpc("erlang", "process_info", p, atom{name}); };
    EXPECT_EQ(item(ear, "registered_name"), "{registered_name,ear}");
    EXPECT_EQ(item(plain, "registered_name"), "[]");
    EXPECT_EQ(rpc("Elixir.Process", "info", plain, atom{"registered_name"}), "{registered_name,[]}");
    EXPECT_EQ(item(ear, "initial_call"), "{initial_call,{sedge,ear,0}}");
    EXPECT_EQ(item(ear, "status"), "{status,waiting}");
    EXPECT_EQ(item(ear, "message_queue_len"), "{message_queue_len,0}");
    EXPECT_EQ(item(ear, "priority"), "{priority,normal}");
    EXPECT_EQ(item(ear, "messages"), "{messages,[]}");
    EXPECT_EQ(item(ear, "parent"), "{parent,undefined}");
    EXPECT_EQ(rpc("erlang", "process_info", ear, std::vector<atom>{atom{"status"}, atom{"trap_exit"}}),
              "[{status,waiting},{trap_exit,false}]");
    auto bad = ask("erlang", "process_info", ear, atom{"shoe_size"});
    EXPECT_TRUE(bad.body.is_atom("badarg"));
    EXPECT_TRUE(ask("erlang", "process_info", a->spawn([](process& self) -> task<> {
                    co_await self.receive();
                })).body.is_atom("badarg"));
}

TEST_F(Builtins, ProcessInfoKnowsEveryItemOfOtp25) {
    pid ear = spawn_named("ear");
    for (const char* name : {"registered_name",
                             "current_function",
                             "current_location",
                             "current_stacktrace",
                             "initial_call",
                             "status",
                             "messages",
                             "message_queue_len",
                             "message_queue_data",
                             "links",
                             "monitors",
                             "monitored_by",
                             "dictionary",
                             "trap_exit",
                             "error_handler",
                             "heap_size",
                             "stack_size",
                             "memory",
                             "garbage_collection",
                             "garbage_collection_info",
                             "group_leader",
                             "reductions",
                             "priority",
                             "trace",
                             "binary",
                             "sequential_trace_token",
                             "catchlevel",
                             "backtrace",
                             "last_calls",
                             "total_heap_size",
                             "suspending",
                             "min_heap_size",
                             "min_bin_vheap_size",
                             "max_heap_size",
                             "magic_ref",
                             "fullsweep_after",
                             "parent"})
        EXPECT_TRUE(rpc("erlang", "process_info", ear, atom{name}).starts_with(std::string{"{"} + name + ",")) << name;
}

/// Waits at a place that the test knows by name and line.
task<> wait_in_the_test(process& self) {
    auto message = self.receive();
    (void)co_await std::move(message);
}
constexpr int line_of_the_wait = __LINE__ - 3;

TEST_F(Builtins, TheCurrentFunctionIsThePlaceInTheSource) {
    pid waits = b->spawn(wait_in_the_test);
    settle();
    auto item = [&](const char* name) { return rpc("erlang", "process_info", waits, atom{name}); };
    const std::string function = "'builtins_test.cpp',wait_in_the_test,1";
    const std::string location =
        "{" + function + ",[{file,\"builtins_test.cpp\"},{line," + std::to_string(line_of_the_wait) + "}]}";
    EXPECT_EQ(item("current_function"), "{current_function,{" + function + "}}");
    EXPECT_EQ(item("current_location"), "{current_location," + location + "}");
    EXPECT_EQ(item("current_stacktrace"), "{current_stacktrace,[" + location + "]}");
    EXPECT_EQ(item("backtrace"),
              "{backtrace,<<\"builtins_test.cpp:" + std::to_string(line_of_the_wait) + " (wait_in_the_test/1)\\n\">>}");
    b->send(waits, term{atom{"one"}});
}

TEST_F(Builtins, AProcessThatAsksAboutItselfRuns) {
    on_a([this](process& self) -> task<> {
        std::vector<term> arguments{term{self.self()}, term{atom{"status"}}};
        otp::call_context context{self, self.self(), term{}, atom{"erlang"}, atom{"process_info"}};
        auto entry = at_a->functions().find(atom{"erlang"}, atom{"process_info"}, 2);
        auto told = std::get<otp::handler>(entry->run)(context, arguments);
        EXPECT_EQ(to_erlang(told.body), "{status,running}");
        co_return;
    });
}

TEST_F(Builtins, ProcessInfoShowsRelations) {
    pid ear = spawn_named("ear");
    pid friend_of_it = b->spawn([ear](process& self) -> task<> {
        self.link(ear);
        self.monitor(ear);
        co_await self.receive();
    });
    settle();
    auto links = ask("erlang", "process_info", ear, atom{"links"}).body;
    EXPECT_EQ(links.element(1).as<std::vector<pid>>(), std::vector<pid>{friend_of_it});
    auto watchers = ask("erlang", "process_info", ear, atom{"monitored_by"}).body;
    EXPECT_EQ(watchers.element(1).as<std::vector<pid>>(), std::vector<pid>{friend_of_it});
    auto watched = ask("erlang", "process_info", friend_of_it, atom{"monitors"}).body;
    using monitors = std::vector<std::pair<atom, pid>>;
    EXPECT_EQ(watched.element(1).as<monitors>(), (monitors{{atom{"process"}, ear}}));
}

TEST_F(Builtins, SystemTellsWhatHasAMeaningHere) {
    auto info = [&](const char* item) { return rpc("erlang", "system_info", atom{item}); };
    EXPECT_EQ(info("otp_release"), "\"25\"");
    EXPECT_EQ(info("schedulers"), "1");
    EXPECT_EQ(info("wordsize"), "8");
    EXPECT_EQ(info("creation"), std::to_string(b->creation()));
    EXPECT_EQ(info("port_count"), "1");
    EXPECT_EQ(info("foo"), badarg_of("system_info", "[foo]"));
    EXPECT_EQ(rpc("application", "which_applications").substr(0, 14), "[{sedge,\"C++ n");
}

TEST_F(Builtins, MemoryAddsUp) {
    auto total = *ask("erlang", "memory", atom{"total"}).body.as<std::size_t>();
    auto processes = *ask("erlang", "memory", atom{"processes"}).body.as<std::size_t>();
    auto system = *ask("erlang", "memory", atom{"system"}).body.as<std::size_t>();
    EXPECT_EQ(total, std::size_t{10} << 20);
    EXPECT_EQ(total, processes + system);
    EXPECT_EQ(ask("erlang", "memory").body.view().length(), 9u);
    EXPECT_EQ(rpc("erlang", "memory", std::vector<atom>{atom{"atom"}, atom{"ets"}}), "[{atom,0},{ets,0}]");
    EXPECT_EQ(rpc("erlang", "memory", atom{"x"}), badarg_of("memory", "[x]"));
}

TEST_F(Builtins, StatisticsCountSinceLastAsked) {
    ask("erlang", "statistics", atom{"wall_clock"});
    sim.run_for(10s);
    auto since = ask("erlang", "statistics", atom{"wall_clock"}).body;
    EXPECT_GE(*since.element(1).as<int>(), 10'000);
    EXPECT_LT(*since.element(1).as<int>(), 12'000);
    EXPECT_GE(*since.element(0).as<int>(), *since.element(1).as<int>());
    EXPECT_EQ(rpc("erlang", "statistics", atom{"run_queue"}), "0");
    EXPECT_EQ(rpc("erlang", "statistics", atom{"foo"}), badarg_of("statistics", "[foo]"));
}

TEST_F(Builtins, SchedulersAreTheWorkers) {
    adjust = [](node_options& o) { o.workers = 3; };
    auto& wide = boot('w');
    otp::kernel at_w{*wide};
    ASSERT_TRUE(at_w.start());
    ASSERT_TRUE(connect(a, 'w'));
    auto of_w = [&](std::string_view function, const char* item) {
        const std::vector<term> list{term{atom{item}}};
        return to_erlang(
            sim.block_on(otp::erpc_call(*a, wide->name(), atom{"erlang"}, atom{function}, list, in(60s))).body);
    };
    EXPECT_EQ(of_w("system_info", "schedulers"), "3");
    EXPECT_EQ(of_w("system_info", "schedulers_online"), "3");
    EXPECT_EQ(of_w("system_info", "scheduler_bindings"), "{unbound,unbound,unbound}");
    EXPECT_EQ(of_w("system_info", "multi_scheduling"), "enabled");
    EXPECT_EQ(of_w("statistics", "run_queue_lengths"), "[0,0,0]");
    EXPECT_EQ(of_w("statistics", "active_tasks"), "[1,0,0]");
    EXPECT_EQ(of_w("statistics", "scheduler_wall_time").substr(0, 4), "[{1,");
    EXPECT_NE(of_w("statistics", "scheduler_wall_time").find(",{3,"), std::string::npos);
}

TEST_F(Builtins, ClocksTellTheTimeInEveryUnit) {
    auto clock = [&](const char* function, const auto&... unit) {
        return *ask("erlang", function, unit...).body.template as<std::int64_t>();
    };
    const auto nano = clock("system_time");
    for (const auto& [unit, in_a_second] : {std::pair{"second", 1},
                                            {"millisecond", 1'000},
                                            {"microsecond", 1'000'000},
                                            {"nanosecond", 1'000'000'000},
                                            {"native", 1'000'000'000}}) {
        const auto tolerated = in_a_second; // time passes between the calls
        EXPECT_NEAR(static_cast<double>(clock("system_time", atom{unit})),
                    static_cast<double>(nano) * in_a_second / 1e9, tolerated)
            << unit;
    }
    EXPECT_NEAR(static_cast<double>(clock("system_time", 50)), static_cast<double>(nano) / 2e7, 50);
    EXPECT_EQ(rpc("erlang", "system_time", atom{"week"}), badarg_of("system_time", "[week]"));
    EXPECT_EQ(rpc("erlang", "system_time", 0), badarg_of("system_time", "[0]"));
    const auto before = clock("monotonic_time", atom{"second"});
    sim.run_for(10s);
    EXPECT_NEAR(static_cast<double>(clock("monotonic_time", atom{"second"}) - before), 10, 2);
    EXPECT_NEAR(static_cast<double>(clock("monotonic_time") + clock("time_offset")),
                static_cast<double>(clock("system_time")), 1e9);
    using stamp = std::tuple<std::int64_t, std::int64_t, std::int64_t>;
    const auto [mega, seconds, micro] = *ask("os", "timestamp").body.as<stamp>();
    EXPECT_NEAR(static_cast<double>(mega * 1'000'000 + seconds), static_cast<double>(clock("system_time", 1)), 2);
    EXPECT_LT(micro, 1'000'000);
    EXPECT_EQ(ask("erlang", "universaltime").body.arity(), 2u);
    EXPECT_EQ(ask("erlang", "date").body.arity(), 3u);
}

TEST_F(Builtins, ConnectionsAreShownAsPorts) {
    auto list = ask("erlang", "ports").body;
    ASSERT_EQ(list.view().length(), 1u);
    const term port{*list.view().elements().begin()};
    EXPECT_EQ(to_erlang(ask("erlang", "port_info", port, atom{"name"}).body), "{name,\"tcp_inet\"}");
    EXPECT_EQ(to_erlang(ask("erlang", "port_info", port, atom{"registered_name"}).body), "[]");
    EXPECT_EQ(ask("erlang", "port_info", port).body.view().length(), 7u);
    EXPECT_NE(rpc("erlang", "port_info", port, atom{"odd"}).find("badarg"), std::string::npos);
    auto control = ask("erlang", "system_info", atom{"dist_ctrl"}).body;
    EXPECT_EQ(to_erlang(control), "[{'a@10.0.0.1'," + to_erlang(port) + "}]");
    const sedge::port gone{b->name(), 12345, b->creation()};
    EXPECT_EQ(rpc("erlang", "port_info", gone), "undefined");
    EXPECT_EQ(rpc("erlang", "port_info", gone, atom{"id"}), "undefined");
}

TEST_F(Builtins, WhatABeamWithoutTheseWouldSayOfApplicationsTablesAndCode) {
    EXPECT_EQ(rpc("application", "loaded_applications"), rpc("application", "which_applications"));
    EXPECT_EQ(rpc("application", "get_key", atom{"sedge"}, atom{"description"}),
              "{ok,\"C++ nodes in an Erlang cluster\"}");
    EXPECT_EQ(rpc("application", "get_key", atom{"kernel"}, atom{"vsn"}), "undefined");
    EXPECT_EQ(rpc("application", "get_env", atom{"kernel"}, atom{"x"}), "undefined");
    EXPECT_EQ(rpc("application", "get_env", atom{"kernel"}, atom{"x"}, 7), "7");
    EXPECT_EQ(rpc("ets", "all"), "[]");
    EXPECT_EQ(rpc("ets", "info", atom{"x"}), "undefined");
    EXPECT_EQ(rpc("code", "which", atom{"lists"}), "non_existing");
    EXPECT_EQ(rpc("code", "which", atom{"erlang"}), "preloaded");
    EXPECT_EQ(rpc("erlang", "module_loaded", atom{"lists"}), "false");
    EXPECT_NE(rpc("code", "all_loaded").find("{observer_backend,preloaded}"), std::string::npos);
    EXPECT_EQ(rpc("os", "type"), "{unix,linux}");
    EXPECT_EQ(rpc("os", "getpid"), "\"" + std::to_string(getpid()) + "\"");
    EXPECT_EQ(rpc("inet", "gethostname"), "{ok," + rpc("net_adm", "localhost") + "}");
    EXPECT_EQ(rpc("erlang", "garbage_collect"), "true");
    EXPECT_EQ(rpc("erlang", "garbage_collect", spawn_named("ear")), "true");
    EXPECT_EQ(rpc("erlang", "garbage_collect", 1), badarg_of("garbage_collect", "[1]"));
}

TEST_F(Builtins, FunctionsThatAreNotServedAreToldInTheLogOnce) {
    for (int i = 0; i < 2; ++i) {
        rpc("lists", "sort", std::vector<term>{});
        rpc("erlang", "apply", atom{"fun"}, std::vector<term>{});
    }
    on_a([this](process& self) -> task<> {
        self.spawn_request(b->name(), atom{"shell"}, atom{"start"}, {});
        co_await self.sleep(1s);
    });
    const std::string story = sim.story();
    const auto told = [&story](const std::string& line) {
        const auto first = story.find(line);
        return first != std::string::npos && story.find(line, first + 1) == std::string::npos;
    };
    EXPECT_TRUE(told("a@10.0.0.1 called lists:sort/1, which is not served here: undef")) << story;
    EXPECT_TRUE(told("erlang:apply/2, which is not served here: undef; this is a C++ node, which runs no code"));
    EXPECT_TRUE(told("shell:start/0, which is not served here: undef; for a shell on this node: sedge shell --remote "
                     "b@10.0.0.2"));
}

TEST_F(Builtins, TermsTravelAsBinaries) {
    auto external = ask("erlang", "term_to_binary", std::tuple{1, atom{"x"}}).body;
    EXPECT_EQ(rpc("erlang", "binary_to_term", external), "{1,x}");
    EXPECT_EQ(rpc("erlang", "binary_to_term", byte_buffer{1}), badarg_of("binary_to_term", "[<<1>>]"));
    EXPECT_EQ(rpc("Elixir.Kernel", "inspect", std::tuple{atom{"ok"}, "x"}), R"(<<"{:ok, \"x\"}">>)");
    EXPECT_EQ(rpc("io_lib", "format", charlist{"~w-~s"}, std::vector<term>{term{1}, term{"z"}}), "\"1-z\"");
    EXPECT_EQ(rpc("io_lib", "format", charlist{"~q"}, std::vector<term>{}),
              "{badrpc,{'EXIT',{badarg,[{io_lib,format,[\"~q\",[]],[]}]}}}");
}

TEST_F(Builtins, ThereIsNoCodeToLoad) {
    EXPECT_EQ(rpc("code", "ensure_loaded", atom{"Elixir.IEx"}), "{error,nofile}");
    EXPECT_EQ(rpc("code", "is_loaded", atom{"lists"}), "false");
    EXPECT_EQ(rpc("erlang", "function_exported", atom{"erlang"}, atom{"node"}, 0), "true");
    EXPECT_EQ(rpc("erlang", "function_exported", atom{"erlang"}, atom{"halt"}, 0), "false");
}

/// The rows of the guide's table: `| `module` | `function/arity`, ... |`, in the order of the table.
std::string rows_of_the_guide() {
    std::ifstream page{in_project("docs/guide/served.md")};
    std::string rows;
    for (std::string line; std::getline(page, line);)
        if (line.starts_with("| `")) rows += line + "\n";
    return rows;
}

TEST_F(Builtins, EveryFunctionStandsInTheGuideAndNoOther) {
    std::ostringstream rows;
    atom module;
    for (const auto& f : at_a->functions().names()) {
        const bool is_first = f.module != module;
        if (is_first) rows << (module == atom{} ? "" : " |\n") << "| `" << f.module.text() << "` | ";
        if (!is_first) rows << ", ";
        module = f.module;
        const auto arity = f.arity == otp::function_table::any_arity ? "N" : std::to_string(f.arity);
        rows << '`' << f.function.text() << '/' << arity << '`';
    }
    rows << " |\n";
    EXPECT_EQ(rows_of_the_guide(), rows.str());
}

} // namespace
} // namespace sedge::test
