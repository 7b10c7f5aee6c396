// SPDX-License-Identifier: Apache-2.0
//
// OTP's own tools against a node of ours: observer with its windows, etop, net_adm, and what any node asks of another
// by `Node`, `Process`, `erlang:system_info`. Where a tool reads values, their forms are those of a node of OTP.
#include "interop/with_otp.hpp"
#include "support/vectors.hpp"

#include <filesystem>
#include <fstream>

namespace sedge::test {
namespace {

using testing::HasSubstr;

/// The process that tools are to find, and the line at which it waits.
task<> wait_for_tools(process& self) {
    auto message = self.receive();
    (void)co_await std::move(message);
}
constexpr int line_of_the_wait = __LINE__ - 3;

/// Removed with everything in it.
class temporary_folder {
public:
    explicit temporary_folder(const std::string& name)
        : path_(std::filesystem::path{testing::TempDir()} / (name + "-" + std::to_string(getpid()))) {
        std::filesystem::create_directories(path_);
    }
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

class Tools : public WithOtp {
protected:
    sedge_side& us = start_sedge();
    pid nest = us.node.spawn(
        [](process& self) -> task<> {
            self.spawn(wait_for_tools, {.label = "ear", .name = "ear"_atom});
            auto message = self.receive();
            (void)co_await std::move(message);
        },
        {.label = "nest"});
    otp_node& otp = start_otp();

    void SetUp() override { otp.erl("S = 'sedge@127.0.0.1', Ear = rpc:call(S, erlang, whereis, [ear])"); }
    void TearDown() override {
        for (auto& node : theirs) EXPECT_EQ(node->complaints(), "");
    }
    /// Whether a process of ours has a label that begins so.
    bool runs(const std::string& label) {
        for (const auto& who : us.node.processes())
            if (auto info = us.node.info(who); info && info->label.starts_with(label)) return true;
        return false;
    }
    /// A node of OTP, to be compared with.
    otp_node& start_peer() {
        auto& peer = start_otp("peer@127.0.0.1");
        otp.erl("P = 'peer@127.0.0.1', pong = net_adm:ping(P), PEar = rpc:call(P, erlang, whereis, [rex])");
        // What a value is, without what it says: integers are 0, atoms are a, and so on.
        otp.erl(
            "Form = fun F(X) when is_integer(X) -> 0; F(X) when is_boolean(X) -> boolean; F(X) when is_atom(X) -> a; "
            "F(X) when is_tuple(X) -> list_to_tuple([F(E) || E <- tuple_to_list(X)]); F([]) -> []; "
            "F([{K, V} | T]) when is_atom(K) -> [{K, F(V)} | F(T)]; F(X) when is_list(X) -> []; "
            "F(X) when is_binary(X) -> <<>>; F(X) when is_map(X) -> maps:map(fun(_, V) -> F(V) end, X); "
            "F(X) when is_pid(X) -> pid end");
        return peer;
    }
};

TEST_F(Tools, ObserverShowsOurNodeOnEveryPage) {
    proves("Tools", "`observer`: every page of its window, and the window of a process", direction::to_us);
    auto display = start({"Xvfb", "-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp"});
    const std::string number = display->wait_for("\n");
    temporary_folder settings{"sedge-observer"};
    otp_options options;
    options.environment = {{"DISPLAY", ":" + number.substr(0, number.find('\n'))},
                           {"XDG_CONFIG_HOME", settings.path().string()}};
    auto& tool = start_otp("observer@127.0.0.1", options);
    ASSERT_THAT(tool.erl("{ok, M, B} = compile:file(\"" + in_project("tests/interop/observer_pages.erl").string() +
                             "\", [binary]), code:load_binary(M, \"observer_pages\", B)",
                         90s),
                HasSubstr("observer_pages"));
    ASSERT_EQ(tool.erl("S = 'sedge@127.0.0.1', net_adm:ping(S)"), "pong");
    ASSERT_EQ(tool.erl("observer_pages:open(S)", 90s), "ok");
    auto shows = [&](int page, const std::string& text) {
        EXPECT_EQ(tool.erl("observer_pages:shown(" + std::to_string(page) + ", \"" + text + "\")", 60s), "ok") << page;
        EXPECT_EQ(tool.erl("observer_wx:get_active_node()"), "'sedge@127.0.0.1'") << page;
    };
    shows(0, "Processes:");                                                   // System
    tool.erl("wxNotebook:setSelection(get(notebook), 1), timer:sleep(2500)"); // Load Charts: drawn, no texts
    shows(2, "total");                                                        // Memory Allocators: a table with one row
    shows(3, "sedge");                                                        // Applications
    tool.erl("timer:sleep(1000)");                                            // the tree of processes is drawn
    shows(4, "wait_for_tools/1");                                             // Processes
    EXPECT_EQ(tool.erl("observer_pages:use_processes()", 60s), "ok");
    shows(5, "tcp_inet");                                                     // Ports: the connections to other nodes
    shows(6, "General socket info");                                          // Sockets
    tool.erl("wxNotebook:setSelection(get(notebook), 7), timer:sleep(1000)"); // Table Viewer: nothing to show
    shows(8, "Start Trace");                                                  // Trace Overview
    shows(4, "ear");
    tool.erl("Ear = rpc:call(S, erlang, whereis, [ear])");
    EXPECT_EQ(
        tool.erl("observer_pages:process(Ear, \"tools_interop_test.cpp:" + std::to_string(line_of_the_wait) + "\")",
                 60s),
        "ok");
    EXPECT_EQ(tool.erl("observer_pages:close()", 60s), "ok");
    EXPECT_EQ(tool.program().output().find("crashed"), std::string::npos) << tool.program().output();
    EXPECT_EQ(tool.complaints(), "");
    EXPECT_TRUE(eventually([&] { return !runs("observer_backend") && !runs("appmon_info"); }));
}

TEST_F(Tools, EtopListsOurProcesses) {
    proves("Tools", "`etop` (`-tracing off`)", direction::to_us);
    otp.erl("spawn(fun() -> etop:start([{node, S}, {tracing, off}, {interval, 1}, {lines, 30}]) end)");
    auto printed = [&](const std::string& text) { return otp.program().output().find(text) != std::string::npos; };
    EXPECT_TRUE(eventually([&] { return printed("'tools_interop"); })) << otp.program().output(); // cut by its column
    EXPECT_TRUE(printed("Load:  cpu"));
    EXPECT_TRUE(printed(" ear ") && printed(" net_kernel ")) << otp.program().output();
    otp.erl("etop:stop()");
}

TEST_F(Tools, TracersAreToldAndDoNotWaitForEver) {
    proves("Tools", "`dbg`, `ttb`, and `etop` with tracing: told that there is nothing to trace", direction::to_us);
    const std::string sentence = "sedge@127.0.0.1 is a C++ node: there is nothing to trace";
    auto told = [&] { return otp.program().output().find(sentence) != std::string::npos; };
    EXPECT_EQ(otp.erl("dbg:tracer(process, {fun(_, X) -> X end, 0}), {dbg:n(S), element(1, dbg:p(all, c))}"),
              "{{ok,'sedge@127.0.0.1'},ok}");
    EXPECT_TRUE(eventually(told)) << otp.program().output();
    EXPECT_EQ(otp.erl("{ok, All} = dbg:p(all, clear), lists:keyfind(S, 2, All)"), "{matched,'sedge@127.0.0.1',0}");
    EXPECT_TRUE(runs("dbg:do_relay"));
    EXPECT_EQ(otp.erl("dbg:stop()"), "ok");
    EXPECT_TRUE(eventually([&] { return !runs("dbg:do_relay"); }));
    EXPECT_EQ(otp.erl("ttb:tracer(S)"), "{ok,[]}");
    EXPECT_EQ(otp.erl("etop:start([{node, S}])"), "exit:dbg_server_crash"); // as it is started by default
    EXPECT_TRUE(eventually([&] { return !runs("dbg:do_relay"); }));
}

TEST_F(Tools, CodeOfOthersIsNotRunAndTheLogSaysWhatToDo) {
    proves("Tools", "`Node.spawn` of a fun, remote shells: `undef`, and the log says why", direction::to_us);
    EXPECT_EQ(otp.erl("{_, M1} = spawn_monitor(S, fun() -> ok end), "
                      "receive {'DOWN', M1, _, _, {undef, [{erlang, apply, [_, []], _}]}} -> undef end"),
              "undef");
    EXPECT_EQ(otp.erl("{_, M2} = spawn_monitor(S, shell, start, []), "
                      "receive {'DOWN', M2, _, _, {undef, [{shell, start, [], _}]}} -> undef end"),
              "undef");
    EXPECT_EQ(otp.erl("{badrpc, {'EXIT', {undef, [{lists, sort, [[2, 1]], []}]}}} = "
                      "rpc:call(S, lists, sort, [[2, 1]]), undef"),
              "undef");
    EXPECT_EQ(otp.elixir(":rpc.call(:\"sedge@127.0.0.1\", :code, :ensure_loaded, [IEx])"), "{:error, :nofile}");
    EXPECT_THAT(log->text, HasSubstr("otp@127.0.0.1 called erlang:apply/2, which is not served here: undef; this is a "
                                     "C++ node, which runs no code of others"));
    EXPECT_THAT(log->text, HasSubstr("for a shell on this node: sedge shell --remote sedge@127.0.0.1"));
    EXPECT_THAT(log->text, HasSubstr("called lists:sort/1, which is not served here: undef"));
}

TEST_F(Tools, TheShellListsWhatIsRegisteredOnAllNodes) {
    proves("Tools", "`nregs()`, `net_kernel:node_info` in the shell", direction::to_us);
    EXPECT_EQ(otp.erl("c:nregs()"), "ok");
    EXPECT_TRUE(eventually([&] {
        const std::string all = otp.program().output();
        const auto at = all.find("Registered procs on node 'sedge@127.0.0.1'");
        return at != std::string::npos && all.find("sedge:ear/0", at) != std::string::npos;
    })) << otp.program().output();
    EXPECT_EQ(otp.erl("{ok, Facts} = net_kernel:node_info(S), proplists:get_value(state, Facts)"), "up");
}

TEST_F(Tools, WorldFindsOurNodeByItsPortMapper) {
    proves("Tools", "`net_adm:world` by `.hosts.erlang`", direction::to_us);
    temporary_folder folder{"sedge-world"};
    std::ofstream{folder.path() / ".hosts.erlang"} << "'127.0.0.1'.\n";
    ASSERT_EQ(otp.erl("[disconnect_node(N) || N <- nodes()], file:set_cwd(\"" + folder.path().string() + "\")"), "ok");
    EXPECT_EQ(otp.erl("lists:sort(net_adm:world())"), "['otp@127.0.0.1','sedge@127.0.0.1']");
    EXPECT_EQ(otp.erl("nodes()"), "['sedge@127.0.0.1']");
    EXPECT_EQ(otp.erl("{ok, Names} = net_adm:names(), lists:sort([N || {N, _} <- Names])"), "[\"otp\",\"sedge\"]");
}

TEST_F(Tools, NodeListTakesEveryOption) {
    proves("Tools", "`Node.list` with every option", direction::both);
    auto& cloak = start_sedge({.name = "cloak@127.0.0.1", .hidden = true});
    start_peer();
    for (const char* other : {"otp@127.0.0.1", "peer@127.0.0.1", "sedge@127.0.0.1"})
        ASSERT_TRUE(run(cloak.node.connect(atom{other})));
    ASSERT_TRUE(run(us.node.connect("peer@127.0.0.1"_atom)));
    auto listed = [&](const std::string& where, const std::string& option) {
        return otp.elixir("n = :rpc.call(:\"" + where + "\", Node, :list, [" + option + "]); Enum.sort(n)");
    };
    const std::string cloaked = ":\"cloak@127.0.0.1\"";
    const std::string caller = ":\"otp@127.0.0.1\"";
    for (const auto& [where, other] :
         {std::pair{"sedge@127.0.0.1", "peer@127.0.0.1"}, std::pair{"peer@127.0.0.1", "sedge@127.0.0.1"}}) {
        const std::string own = ":\"" + std::string{where} + "\"";
        const std::string visible = caller + ", :\"" + other + "\"";
        EXPECT_EQ(listed(where, ":visible"), "[" + visible + "]");
        EXPECT_EQ(listed(where, ":hidden"), "[" + cloaked + "]");
        EXPECT_EQ(listed(where, ":this"), "[" + own + "]");
        EXPECT_EQ(listed(where, ":connected"), "[" + cloaked + ", " + visible + "]");
        EXPECT_EQ(listed(where, "[:hidden, :visible]"), "[" + cloaked + ", " + visible + "]");
        EXPECT_EQ(listed(where, "[:hidden, :this]"), "[" + cloaked + ", " + own + "]");
        EXPECT_EQ(listed(where, "[]"), "[]");
        EXPECT_EQ(otp.elixir("k = :rpc.call(:\"" + std::string{where} +
                             "\", Node, :list, [:known]); "
                             "[" +
                             own + ", " + cloaked + ", " + visible + "] -- k"),
                  "[]");
        EXPECT_EQ(otp.erl("{badrpc, {'EXIT', {badarg, [{erlang, nodes, A, _} | _]}}} = rpc:call('" +
                          std::string{where} + "', erlang, nodes, [odd]), A"),
                  "[odd]");
    }
    EXPECT_EQ(otp.elixir("{Node.list(:hidden), Enum.sort(Node.list([:visible, :hidden]))}"),
              "{[" + cloaked + "], [" + cloaked + ", :\"peer@127.0.0.1\", :\"sedge@127.0.0.1\"]}");
}

TEST_F(Tools, SystemItemsHaveTheFormsOfOtp) {
    proves("Tools", "`system_info`, `statistics` and `memory` items that tools read", direction::to_us);
    start_peer();
    // Of each item that differs in its form: the item, ours, theirs.
    otp.erl("Differ = fun(F, Items) -> [{I, A, B} || I <- Items, A <- [rpc:call(S, erlang, F, [I])], "
            "B <- [rpc:call(P, erlang, F, [I])], Form(A) =/= Form(B)] end");
    EXPECT_EQ(otp.erl("Differ(system_info, [process_count, process_limit, port_count, port_limit, atom_count, "
                      "atom_limit, ets_limit, ets_count, dist_buf_busy_limit, schedulers, schedulers_online, "
                      "logical_processors, logical_processors_online, dirty_cpu_schedulers, "
                      "dirty_cpu_schedulers_online, dirty_io_schedulers, multi_scheduling, otp_release, version, "
                      "system_version, system_architecture, machine, wordsize, {wordsize, internal}, "
                      "{wordsize, external}, kernel_poll, smp_support, threads, thread_pool_size, creation, endian, "
                      "build_type, emu_flavor, os_type, scheduler_id, emu_type, compat_rel, heap_type, "
                      "message_queue_data, time_correction, time_offset, time_warp_mode, tolerant_timeofday, "
                      "debug_compiled, dynamic_trace, dynamic_trace_probes, port_parallelism, modified_timing_level, "
                      "cpu_quota, update_cpu_info, multi_scheduling_blockers, normal_multi_scheduling_blockers, "
                      "trace_control_word, scheduler_bind_type, c_compiler_used])"),
              "[]");
    EXPECT_EQ(otp.erl("Differ(statistics, [wall_clock, runtime, reductions, exact_reductions, run_queue, io, "
                      "garbage_collection, context_switches, total_run_queue_lengths, total_run_queue_lengths_all, "
                      "total_active_tasks, "
                      "total_active_tasks_all])"),
              "[]");
    EXPECT_EQ(otp.erl("[K || {K, _} <- rpc:call(S, erlang, memory, [])] -- [K || {K, _} <- erlang:memory()]"), "[]");
    EXPECT_EQ(otp.erl("[K || {K, _} <- erlang:memory()] -- [K || {K, _} <- rpc:call(S, erlang, memory, [])]"), "[]");
    EXPECT_EQ(otp.erl("Keys = fun(N) -> [K || {K, _} <- rpc:call(N, observer_backend, sys_info, [])] end, "
                      "Keys(S) =:= Keys(P)"),
              "true");
}

TEST_F(Tools, ProcessesOfAllWorkersAreShown) {
    proves("Tools", "processes of other workers: `process_info`, `etop`, schedulers", direction::to_us);
    sedge_options options;
    options.name = "wide@127.0.0.1";
    options.more = [](node_options& o) { o.workers = 2; };
    auto& wide = start_sedge(options);
    spawn_options there{.label = "far", .name = "far"_atom};
    there.worker = worker_choice::numbered(1);
    const pid far = wide.node.spawn(wait_for_tools, there);
    ASSERT_TRUE(eventually([&] { return wide.node.info(far)->waiting_at == "receive"; }));
    otp.erl("W = 'wide@127.0.0.1', Far = rpc:call(W, erlang, whereis, [far]), "
            "On = fun(I) -> rpc:call(W, erlang, process_info, [Far, I]) end");
    EXPECT_EQ(otp.erl("On(current_location)"),
              "{current_location,{'tools_interop_test.cpp',wait_for_tools,1,[{file,\"tools_interop_test.cpp\"},{line," +
                  std::to_string(line_of_the_wait) + "}]}}");
    EXPECT_EQ(otp.erl("link(Far), erlang:monitor(process, Far), timer:sleep(200), "
                      "[{links, [Self]}, {monitored_by, [Self]}, {registered_name, far}, {registered_name, far}] = "
                      "On([links, monitored_by, registered_name, registered_name]), Self =:= self()"),
              "true");
    EXPECT_EQ(otp.erl("rpc:call(W, erlang, system_info, [schedulers])"), "2");
    EXPECT_EQ(otp.erl("C = self(), spawn_link(W, observer_backend, etop_collect, [C]), "
                      "receive {_, I0} when element(1, I0) =:= etop_info -> "
                      "[N0 || {etop_proc_info, P0, _, _, N0, _, {_, wait_for_tools, 1}, 0} <- element(9, I0), "
                      "P0 =:= Far] end"),
              "[far]");
    EXPECT_EQ(otp.erl("unlink(Far), Far ! go, receive {'DOWN', _, process, Far, Y} -> {Y, On(status)} end"),
              "{normal,undefined}");
}

TEST_F(Tools, FunctionsThatReadHaveTheFormsOfOtp) {
    proves("Tools", "clocks, ports, `os`, `application`, `code` and `ets` by rpc", direction::to_us);
    start_peer();
    EXPECT_EQ(otp.erl("[{M, F, A, B} || {M, F, Args} <- [{erlang, timestamp, []}, {erlang, system_time, []}, "
                      "{erlang, system_time, [native]}, {erlang, system_time, [nanosecond]}, "
                      "{erlang, system_time, [100]}, {erlang, monotonic_time, []}, {erlang, monotonic_time, [second]}, "
                      "{erlang, time_offset, []}, {erlang, date, []}, {erlang, time, []}, {erlang, localtime, []}, "
                      "{erlang, universaltime, []}, {os, timestamp, []}, {os, system_time, []}, {os, type, []}, "
                      "{os, version, []}, {os, getpid, []}, {inet, gethostname, []}, {net_adm, localhost, []}, "
                      "{init, get_status, []}, {application, get_env, [kernel, odd]}, "
                      "{application, get_env, [kernel, odd, 7]}, {application, loaded_applications, []}, "
                      "{application, get_key, [odd, vsn]}, {application, get_application, [odd]}, "
                      "{code, which, [odd]}, {code, is_loaded, [odd]}, {code, ensure_loaded, [odd]}, "
                      "{erlang, module_loaded, [odd]}, {erlang, garbage_collect, []}, {erlang, group_leader, []}, "
                      "{ets, info, [odd]}, {ets, info, [odd, size]}, {ets, whereis, [odd]}, {erlang, loaded, []}], "
                      "A <- [rpc:call(S, M, F, Args)], B <- [rpc:call(P, M, F, Args)], Form(A) =/= Form(B)]"),
              "[]");
    EXPECT_EQ(otp.erl("[{M, F} || {M, F, Args} <- [{erlang, system_time, [week]}, {erlang, port_info, [odd]}, "
                      "{erlang, monotonic_time, [0]}, {erlang, garbage_collect, [odd]}, {erlang, module_loaded, [1]}], "
                      "A <- [rpc:call(S, M, F, Args)], B <- [rpc:call(P, M, F, Args)], A =/= B]"),
              "[]");
    EXPECT_EQ(otp.erl("Port = fun(N) -> {_, Q} = hd(rpc:call(N, erlang, system_info, [dist_ctrl])), Q end, "
                      "Info = fun(N) -> rpc:call(N, erlang, port_info, [Port(N)]) end, "
                      "{Form([{K, 1} || {K, _} <- Info(S)]) =:= Form([{K, 1} || {K, _} <- Info(P)]), "
                      "[K || {K, _} <- Info(S)] =:= [K || {K, _} <- Info(P)], "
                      "lists:member(Port(S), rpc:call(S, erlang, ports, []))}"),
              "{true,true,true}");
}

TEST_F(Tools, ProcessInfoHasEveryItemOfOtpInItsForm) {
    proves("Tools", "`process_info`: every item, and `Process.info`", direction::to_us);
    start_peer();
    otp.erl("Items = [registered_name, current_function, current_location, current_stacktrace, initial_call, status, "
            "message_queue_len, message_queue_data, trap_exit, error_handler, heap_size, stack_size, memory, "
            "garbage_collection, garbage_collection_info, group_leader, reductions, priority, trace, binary, "
            "sequential_trace_token, catchlevel, backtrace, last_calls, total_heap_size, suspending, min_heap_size, "
            "min_bin_vheap_size, max_heap_size, magic_ref, fullsweep_after, parent]");
    otp.erl("Of = fun(N, Pid, I) -> rpc:call(N, erlang, process_info, [Pid, I]) end");
    EXPECT_EQ(otp.erl("[{I, A, B} || I <- Items, A <- [Of(S, Ear, I)], B <- [Of(P, PEar, I)], Form(A) =/= Form(B)]"),
              "[]");
    for (const char* item : {"links", "monitors", "monitored_by", "messages", "dictionary"})
        EXPECT_EQ(otp.erl("is_list(element(2, Of(S, Ear, " + std::string{item} + ")))"), "true") << item;
    EXPECT_EQ(otp.erl("Of(S, Ear, current_location)"),
              "{current_location,{'tools_interop_test.cpp',wait_for_tools,1,[{file,\"tools_interop_test.cpp\"},{line," +
                  std::to_string(line_of_the_wait) + "}]}}");
    EXPECT_EQ(otp.erl("{badrpc, {'EXIT', {badarg, [{erlang, process_info, [_, odd], I2} | _]}}} = Of(S, Ear, odd), "
                      "{badrpc, {'EXIT', {badarg, [{erlang, process_info, [_, odd], I3} | _]}}} = Of(P, PEar, odd), "
                      "I2 =:= I3"),
              "true");
    otp.elixir("s = :\"sedge@127.0.0.1\"; p = :\"peer@127.0.0.1\"; ear = :rpc.call(s, Process, :whereis, [:ear]); "
               "rex = :rpc.call(p, Process, :whereis, [:rex])");
    EXPECT_EQ(otp.elixir("keys = fn n, pid -> Keyword.keys(:rpc.call(n, Process, :info, [pid])) end; "
                         "keys.(s, ear) == keys.(p, rex)"),
              "true");
    EXPECT_EQ(otp.elixir(":rpc.call(s, Process, :info, [ear, :current_function])"),
              "{:current_function, {:\"tools_interop_test.cpp\", :wait_for_tools, 1}}");
    EXPECT_EQ(otp.elixir("send(ear, :go); Process.sleep(300); {:rpc.call(s, Process, :info, [ear]), "
                         ":rpc.call(s, :erlang, :process_info, [ear]), :rpc.call(s, Process, :info, [ear, :links])}"),
              "{nil, :undefined, nil}");
}

} // namespace
} // namespace sedge::test
