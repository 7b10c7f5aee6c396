// SPDX-License-Identifier: Apache-2.0
//
// PubSub with an Elixir process that speaks the protocol of Phoenix.PubSub's adapter PG2, which Debian does not carry.
#include "interop/with_otp.hpp"

#include <sedge/otp/pg.hpp>
#include <sedge/otp/pubsub.hpp>

#include <algorithm>

namespace sedge::test {
namespace {

/// What Phoenix's adapter does with what it gets: it names the topic, the message and the module that is to dispatch
/// it.
const char* const adapter = "defmodule Adapter do use GenServer; "
                            "def init({name, to}), do: {:pg.join(Phoenix.PubSub, name, self()), to}; "
                            "def handle_info({:forward_to_local, topic, message, dispatcher}, to), "
                            "do: (send(to, {:dispatch, topic, message, dispatcher}); {:noreply, to}); "
                            "def handle_info(other, to), do: (send(to, {:unknown, other}); {:noreply, to}) end; "
                            "GenServer.start(Adapter, {MyApp.PubSub.Adapter, self()}, name: MyApp.PubSub.Adapter); :ok";
const char* const next = "receive do m -> m after 5000 -> :none end";
const char* const nothing = "receive do m -> m after 300 -> :none end";

class PhoenixPubSub : public WithOtp {
protected:
    sedge_side& us = start_sedge();
    otp_node& otp = start_otp();
    otp::pubsub pubsub{us.node, us.kernel.pg(), "MyApp.PubSub"};
    std::vector<std::string> heard;
    pid ear = us.node.spawn([this](process& self) -> task<> {
        for (;;) {
            term message = co_await self.receive();
            heard.push_back(to_elixir(message));
        }
    });

    void SetUp() override {
        ASSERT_TRUE(pubsub.start());
        ASSERT_EQ(otp.elixir("{:ok, _} = :pg.start(Phoenix.PubSub); :ok"), ":ok");
        ASSERT_EQ(otp.elixir(adapter), ":ok");
        ASSERT_TRUE(run(us.node.connect(atom{otp.name()})));
        ASSERT_TRUE(eventually([&] { return pubsub.nodes() == std::vector{atom{otp.name()}}; }));
        ASSERT_TRUE(eventually(
            [&] { return otp.elixir("length(:pg.get_members(Phoenix.PubSub, MyApp.PubSub.Adapter))") == "2"; }));
    }
    void TearDown() override {
        EXPECT_EQ(otp.elixir(nothing), ":none");
        EXPECT_EQ(otp.complaints(), "");
        pubsub.stop();
    }
    /// As the adapter broadcasts: to the members on other nodes.
    void broadcast_from_elixir(const std::string& topic, const std::string& message, const std::string& dispatcher) {
        otp.elixir("for pid <- :pg.get_members(Phoenix.PubSub, MyApp.PubSub.Adapter), node(pid) != node(), do: "
                   "send(pid, {:forward_to_local, \"" +
                   topic + "\", " + message + ", " + dispatcher + "})");
    }
    bool hears(std::size_t count) {
        return eventually([&] { return heard.size() >= count; });
    }
};

TEST_F(PhoenixPubSub, BroadcastsOfOursComeToElixir) {
    proves("Groups", "Phoenix.PubSub: broadcast, `broadcast_from`, direct broadcast", direction::from_us);
    pubsub.broadcast("rooms:1", std::tuple{"said"_atom, "hé"});
    EXPECT_EQ(otp.elixir(next), "{:dispatch, \"rooms:1\", {:said, \"hé\"}, Phoenix.PubSub}");
    pubsub.broadcast_from(ear, "rooms:1", term{1});
    EXPECT_EQ(otp.elixir(next), "{:dispatch, \"rooms:1\", 1, Phoenix.PubSub}");
    pubsub.send_with(atom{"Elixir.Phoenix.Channel.Server"});
    pubsub.direct_broadcast(atom{otp.name()}, "rooms:2", term{2});
    EXPECT_EQ(otp.elixir(next), "{:dispatch, \"rooms:2\", 2, Phoenix.Channel.Server}");
    pubsub.local_broadcast("rooms:1", term{3}); // is not told to others
}

TEST_F(PhoenixPubSub, BroadcastsOfElixirComeToSubscribersOfOurs) {
    proves("Groups", "Phoenix.PubSub: broadcast, `broadcast_from`, direct broadcast", direction::to_us);
    ASSERT_TRUE(pubsub.subscribe(ear, "rooms:1"));
    broadcast_from_elixir("rooms:1", "%{temperature: 21.5}", "Phoenix.PubSub");
    broadcast_from_elixir("rooms:2", ":not_subscribed", "Phoenix.PubSub");
    broadcast_from_elixir("rooms:1", "{:second, [1]}", "Phoenix.PubSub");
    ASSERT_TRUE(hears(2));
    EXPECT_THAT(heard, testing::ElementsAre("%{temperature: 21.5}", "{:second, [1]}"));
    otp.elixir("send({MyApp.PubSub.Adapter, :\"sedge@127.0.0.1\"}, "
               "{:forward_to_local, \"rooms:1\", :direct, Phoenix.PubSub})");
    ASSERT_TRUE(hears(3));
    EXPECT_EQ(heard[2], ":direct");
    EXPECT_TRUE(pubsub.unsubscribe(ear, "rooms:1"));
    broadcast_from_elixir("rooms:1", ":too_late", "Phoenix.PubSub");
    run_for(300ms);
    EXPECT_EQ(heard.size(), 3u);
}

TEST_F(PhoenixPubSub, DispatcherNamedByElixirIsUsed) {
    proves("Groups", "Phoenix.PubSub: the dispatcher that a broadcast names", direction::to_us);
    pubsub.dispatch_by(atom{"Elixir.Phoenix.Channel.Server"},
                       [](node& at, std::span<const pid> subscribers, const term& message) {
                           for (const auto& who : subscribers) at.send(who, term{std::tuple{"channel"_atom, message}});
                       });
    ASSERT_TRUE(pubsub.subscribe(ear, "rooms:1"));
    broadcast_from_elixir("rooms:1", "1", "Phoenix.Channel.Server");
    broadcast_from_elixir("rooms:1", "2", "MyApp.UnknownDispatcher");
    ASSERT_TRUE(hears(2));
    EXPECT_THAT(heard, testing::ElementsAre("{:channel, 1}", "2"));
}

TEST_F(PhoenixPubSub, ThousandBroadcastsBothWaysArriveInOrder) {
    proves("Groups", "Phoenix.PubSub: 1,000 broadcasts arrive in order", direction::both);
    ASSERT_TRUE(pubsub.subscribe(ear, "t"));
    otp.ask_elixir("for i <- 1..1000, pid <- :pg.get_members(Phoenix.PubSub, MyApp.PubSub.Adapter), "
                   "node(pid) != node(), do: send(pid, {:forward_to_local, \"t\", i, Phoenix.PubSub}); :sent");
    ASSERT_TRUE(hears(1000));
    EXPECT_EQ(otp.answer(), ":sent");
    for (std::size_t i = 0; i < 1000; ++i) ASSERT_EQ(heard[i], std::to_string(i + 1));
    for (int i = 1; i <= 1000; ++i) pubsub.broadcast("other", term{i});
    EXPECT_EQ(otp.elixir("for i <- 1..1000, do: (receive do {:dispatch, \"other\", ^i, _} -> i after 5000 -> "
                         "exit(i) end); :all"),
              ":all");
}

/// A whole PubSub in Elixir, with a pool: what the modules of Phoenix.PubSub do with a message.
const char* const whole_pubsub =
    "defmodule Phoenix.PubSub do def dispatch(entries, _from, message), "
    "do: Enum.each(entries, fn {pid, _} -> send(pid, message) end) end; "
    "defmodule Phoenix.Channel.Server do def dispatch(entries, _from, message), "
    "do: Enum.each(entries, fn {pid, _} -> send(pid, {:channel, message}) end) end; "
    "defmodule Worker do use GenServer; "
    "def init(group), do: {:pg.join(Phoenix.PubSub, group, self()), []}; "
    "def handle_info({:forward_to_local, topic, message, dispatcher}, state), "
    "do: (Registry.dispatch(MyApp.PubSub, topic, {dispatcher, :dispatch, [:none, message]}); {:noreply, state}) end; "
    "defmodule Whole do "
    "def start(groups), do: (:pg.start(Phoenix.PubSub); {:ok, _} = Registry.start_link(keys: :duplicate, name: "
    "MyApp.PubSub); for g <- groups, do: {:ok, _} = GenServer.start(Worker, g, name: g)); "
    "def broadcast(groups, topic, message, dispatcher), do: "
    "for pid <- :pg.get_members(Phoenix.PubSub, Enum.at(groups, :erlang.phash2(self(), length(groups)))), "
    "node(pid) != node(), do: send(pid, {:forward_to_local, topic, message, dispatcher}); "
    "def direct(groups, node, topic, message), do: "
    "send({Enum.at(groups, :erlang.phash2(self(), length(groups))), node}, "
    "{:forward_to_local, topic, message, Phoenix.PubSub}) end; :ok";
const char* const pool =
    "[MyApp.PubSub.Adapter, :\"Elixir.MyApp.PubSub.Adapter_2\", :\"Elixir.MyApp.PubSub.Adapter_3\"]";

class PhoenixPool : public WithOtp {
protected:
    sedge_side& us = start_sedge();
    otp_node& otp = start_otp();
    std::vector<std::string> heard;
    pid ear = us.node.spawn([this](process& self) -> task<> {
        for (;;) {
            term message = co_await self.receive();
            heard.push_back(to_elixir(message));
        }
    });
};

TEST_F(PhoenixPool, IsServedByOneThatGrows) {
    proves("Groups", "Phoenix.PubSub: a pool (`pool_size: 3`) on the other side", direction::both);
    otp::pubsub pubsub{us.node, us.kernel.pg(), "MyApp.PubSub"};
    ASSERT_TRUE(pubsub.start());
    ASSERT_TRUE(pubsub.subscribe(ear, "t"));
    ASSERT_EQ(otp.elixir(whole_pubsub), ":ok");
    otp.elixir("Whole.start(" + std::string{pool} + ")");
    ASSERT_TRUE(run(us.node.connect(atom{otp.name()})));
    ASSERT_TRUE(eventually([&] {
        return otp.elixir("for g <- " + std::string{pool} + ", do: length(:pg.get_members(Phoenix.PubSub, g))") ==
               "[2, 2, 2]";
    }));
    // Each of many processes takes one of the three groups; and each sends directly too.
    otp.elixir("for i <- 1..30, do: spawn(fn -> Whole.broadcast(" + std::string{pool} +
               ", \"t\", i, Phoenix.PubSub); Whole.direct(" + std::string{pool} +
               ", :\"sedge@127.0.0.1\", \"t\", 100 + i) end)");
    EXPECT_TRUE(eventually([&] { return heard.size() >= 60; }));
    run_for(200ms);
    std::ranges::sort(heard);
    EXPECT_EQ(heard.size(), 60u);
    EXPECT_EQ(std::unique(heard.begin(), heard.end()), heard.end());

    EXPECT_EQ(otp.elixir("{:ok, _} = Registry.register(MyApp.PubSub, \"t\", nil); :ok"), ":ok");
    pubsub.broadcast("t", term{"once"_atom});
    pubsub.direct_broadcast(atom{otp.name()}, "t", term{"direct"_atom});
    EXPECT_EQ(otp.elixir(next), ":once");
    EXPECT_EQ(otp.elixir(next), ":direct");
    EXPECT_EQ(otp.elixir(nothing), ":none");
    EXPECT_EQ(otp.complaints(), "");
}

TEST_F(PhoenixPool, DispatcherNamedByUsIsUsedThere) {
    proves("Groups", "Phoenix.PubSub: the dispatcher that a broadcast names", direction::from_us);
    otp::pubsub pubsub{us.node, us.kernel.pg(), "MyApp.PubSub"};
    ASSERT_TRUE(pubsub.start());
    ASSERT_EQ(otp.elixir(whole_pubsub), ":ok");
    otp.elixir("Whole.start([MyApp.PubSub.Adapter])");
    EXPECT_EQ(otp.elixir("{:ok, _} = Registry.register(MyApp.PubSub, \"t\", nil); :ok"), ":ok");
    ASSERT_TRUE(run(us.node.connect(atom{otp.name()})));
    ASSERT_TRUE(eventually([&] { return !pubsub.nodes().empty(); }));
    pubsub.send_with(atom{"Elixir.Phoenix.Channel.Server"});
    pubsub.broadcast("t", term{1});
    pubsub.send_with(atom{"Elixir.Phoenix.PubSub"});
    pubsub.broadcast("t", term{2});
    EXPECT_EQ(otp.elixir(next), "{:channel, 1}");
    EXPECT_EQ(otp.elixir(next), "2");
    EXPECT_EQ(otp.complaints(), "");
}

} // namespace
} // namespace sedge::test
