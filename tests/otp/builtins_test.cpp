// SPDX-License-Identifier: Apache-2.0
#include "otp/kernels.hpp"
#include "support/vectors.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

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
