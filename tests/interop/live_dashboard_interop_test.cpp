// SPDX-License-Identifier: Apache-2.0
//
// What Phoenix LiveDashboard sends to a node, by rpc from a real Elixir node, release by release; Debian does not carry
// the program itself. The answers are used here as its pages use them.
#include "interop/with_otp.hpp"

namespace sedge::test {
namespace {

task<> wait_for_pages(process& self) {
    auto message = self.receive();
    (void)co_await std::move(message);
}

class LiveDashboard : public WithOtp {
protected:
    sedge_side& us = start_sedge();
    pid ear = us.node.spawn(wait_for_pages, {.label = "ear", .name = "ear"_atom});
    otp_node& otp = start_otp();

    void SetUp() override {
        otp.elixir("s = :\"sedge@127.0.0.1\"; m = Phoenix.LiveDashboard.SystemInfo; "
                   "ask = fn f, a -> :rpc.call(s, m, f, a) end; ear = :rpc.call(s, Process, :whereis, [:ear])");
    }
    void TearDown() override { EXPECT_EQ(otp.complaints(), ""); }
};

TEST_F(LiveDashboard, NoReleaseSendsItsCode) {
    proves("Tools", "LiveDashboard: the node is chosen without code being sent to it", direction::to_us);
    EXPECT_EQ(otp.elixir(":rpc.call(s, :code, :ensure_loaded, [m]) == {:module, m}"), "true");
    EXPECT_EQ(otp.elixir("ask.(:capabilities_callback, []).dashboard |> is_pid"), "true");
    // Since 0.5
    EXPECT_EQ(otp.elixir("match?({:file, _}, :rpc.call(s, :code, :is_loaded, [m]))"), "true");
    EXPECT_EQ(otp.elixir("c = ask.(:capabilities_callback, [[application: :os_mon, application: :sedge, module: m, "
                         "module: Ecto, process: :ear, process: :nose]]); "
                         "{c.dashboard_running?, c.applications, c.modules == [m], c.processes}"),
              "{true, [:os_mon, :sedge], true, [:ear]}");
}

TEST_F(LiveDashboard, HomePage) {
    proves("Tools", "LiveDashboard: home", direction::to_us);
    EXPECT_EQ(
        otp.elixir("%{system_info: i, system_limits: l, system_usage: u, environment: nil} = "
                   "ask.(:info_callback, [nil]); "
                   "{to_string(i.banner) =~ \"sedge\", is_binary(i.dashboard_version), l.processes > u.processes, "
                   "l.ports >= u.ports, l.atoms > u.atoms, u.uptime > 0}"),
        "{true, true, true, true, true, true}");
    EXPECT_EQ(otp.elixir("%{system_info: i, environment: e} = ask.(:info_callback, [[\"HOME\"], :my_app]); "
                         "{i.app_version, e, to_string(i.system_architecture) == \"\"}"),
              "{\"None\", [{\"HOME\", nil}], false}");
    EXPECT_EQ(
        otp.elixir("u = ask.(:usage_callback, []); {a, b} = u.io; m_ = u.memory; "
                   "{a > 0 and b > 0, m_.total == m_.process + m_.atom + m_.binary + m_.code + m_.ets + m_.other, "
                   "u.total_run_queue >= u.cpu_run_queue}"),
        "{true, true, true}");
    EXPECT_EQ(otp.elixir("{[t | _], max} = ask.(:memory_allocators_callback, [nil]); {[t2 | _], _} = "
                         "ask.(:memory_allocators_callback, [%{max | total: 1_000_000_000_000}]); "
                         "{t.name, t.block_size > 0, max.total >= t.carrier_size, t2.max_carrier_size}"),
              "{:total, true, true, 1000000000000}");
}

TEST_F(LiveDashboard, ProcessesPage) {
    proves("Tools", "LiveDashboard: processes, and one of them", direction::to_us);
    otp.elixir("f = fn {m_, f_, a} -> Exception.format_mfa(m_, f_, a) end");
    EXPECT_EQ(otp.elixir("{[e], 1} = ask.(:processes_callback, [\"ear\", :memory, :desc, 50]); "
                         "{Keyword.keys(e), e[:pid] == ear, e[:name_or_initial_call], f.(e[:current_function])}"),
              "{[:pid, :name_or_initial_call, :memory, :reductions, :message_queue_len, :current_function], true, "
              "\":ear\", \":\\\"live_dashboard_interop_test.cpp\\\".wait_for_pages/1\"}");
    EXPECT_EQ(otp.elixir("{l, n} = ask.(:processes_callback, [nil, :reductions, :desc, 3]); "
                         "r = Enum.map(l, & &1[:reductions]); {length(l), n > 3, r == Enum.sort(r, :desc)}"),
              "{3, true, true}");
    // Since 0.6: what was added since the last time
    EXPECT_EQ(otp.elixir("{_, _, before} = ask.(:processes_callback, [nil, :reductions_diff, :desc, 50, nil]); "
                         "{l, _, _} = ask.(:processes_callback, [\"ear\", :reductions_diff, :asc, 50, before]); "
                         "[e] = l; {e[:reductions_diff], e[:reductions], is_integer(e[:memory])}"),
              "{0, 0, true}");
    EXPECT_EQ(otp.elixir("{:ok, i} = ask.(:process_info_callback, [ear, [:registered_name, :status, :links]]); i"),
              "[registered_name: :ear, status: :waiting, links: []]");
    EXPECT_EQ(otp.elixir("{:ok, i} = ask.(:process_info_callback, [ear]); [leader] = [i[:group_leader]]; "
                         "{leader.__struct__ == Module.concat(m, ProcessDetails), leader.name_or_initial_call, "
                         "i[:ancestors], i[:monitored_by], f.(i[:initial_call])}"),
              "{true, \":user\", [], [], \":sedge.ear/0\"}");
    EXPECT_EQ(otp.elixir("dead = spawn(fn -> :ok end); {ask.(:process_info_callback, [dead]), "
                         "ask.(:process_info_callback, [dead, [:links]])}"),
              "{:error, :error}");
}

TEST_F(LiveDashboard, SocketsAndOtherPages) {
    proves("Tools", "LiveDashboard: sockets, applications, OS data; ports and ETS are empty", direction::to_us);
    EXPECT_EQ(otp.elixir("{[e], 1} = ask.(:sockets_callback, [nil, :send_oct, :desc, 50]); "
                         "{is_port(e[:port]), e[:state], e[:foreign_address] =~ \"127.0.0.1\", e[:send_oct] > 0, "
                         "node(e[:port]) == s}"),
              "{true, \"CONNECTED\", true, true, true}");
    EXPECT_EQ(otp.elixir("port = e[:port]; {:ok, a} = ask.(:socket_info_callback, [port]); "
                         "{:ok, b} = ask.(:socket_info_callback, [port, [:state, :type]]); "
                         "{a[:connected].name_or_initial_call, b}"),
              "{\":net_kernel\", [state: \"CONNECTED\", type: :stream]}");
    EXPECT_EQ(otp.elixir("{[a], 1} = ask.(:applications_info_callback, [\"sed\", :name, :asc, 10]); "
                         "{a[:name], a[:state], a[:tree?], is_binary(a[:version])}"),
              "{:sedge, :started, false, true}");
    EXPECT_EQ(
        otp.elixir("o = ask.(:os_mon_callback, []); [{path, kb, used} | _] = o.disk; "
                   "{is_integer(o.cpu_avg1), o.cpu_nprocs > 0, o.cpu_per_core, is_list(path), kb > 0, used in 0..100, "
                   "o.system_mem[:total_memory] > o.system_mem[:free_memory]}"),
        "{true, true, [], true, true, true, true}");
    EXPECT_EQ(otp.elixir("for f <- [:ports_callback, :ets_callback], do: ask.(f, [nil, :name, :asc, 50])"),
              "[{[], 0}, {[], 0}]");
    EXPECT_EQ(otp.elixir("[ask.(:port_info_callback, [port]), ask.(:ets_info_callback, [make_ref()]), "
                         "ask.(:app_tree_callback, [:sedge])]"),
              "[:error, :error, :error]");
}

} // namespace
} // namespace sedge::test
