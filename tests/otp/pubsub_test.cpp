// SPDX-License-Identifier: Apache-2.0
//
// PubSub between nodes of ours, in virtual time.
#include "otp/kernels.hpp"

#include <sedge/otp/pg.hpp>
#include <sedge/otp/pubsub.hpp>

#include <gmock/gmock.h>

namespace sedge::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PubSub : public Kernels {
protected:
    std::optional<otp::pubsub> here;
    std::optional<otp::pubsub> there;
    inbox heard_here = make_inbox();
    inbox heard_there = make_inbox();
    pid ear_here;
    pid ear_there;

    void SetUp() override {
        Kernels::SetUp();
        here.emplace(*a, at_a->pg(), "MyApp.PubSub");
        there.emplace(*b, at_b->pg(), "MyApp.PubSub");
        ASSERT_TRUE(here->start());
        ASSERT_TRUE(there->start());
        ear_here = a->spawn(recorder(heard_here));
        ear_there = b->spawn(recorder(heard_there));
        settle();
    }
    void TearDown() override {
        here.reset();
        there.reset();
        Kernels::TearDown();
    }
    void subscribe_both(std::string_view topic) {
        ASSERT_TRUE(here->subscribe(ear_here, topic));
        ASSERT_TRUE(there->subscribe(ear_there, topic));
    }
};

TEST_F(PubSub, BroadcastReachesSubscribersOfTheTopicOnAllNodes) {
    subscribe_both("rooms:1");
    EXPECT_THAT(here->nodes(), ElementsAre(name_of('b')));
    here->broadcast("rooms:1", std::tuple{"said"_atom, "hello"});
    here->broadcast("rooms:2", term{"not this"});
    settle();
    EXPECT_THAT(*heard_here, ElementsAre("{said,<<\"hello\">>}"));
    EXPECT_THAT(*heard_there, ElementsAre("{said,<<\"hello\">>}"));
}

TEST_F(PubSub, BroadcastFromLeavesTheSenderOut) {
    subscribe_both("t");
    here->broadcast_from(ear_here, "t", term{1});
    here->local_broadcast_from(ear_here, "t", term{2});
    settle();
    EXPECT_THAT(*heard_here, IsEmpty());
    EXPECT_THAT(*heard_there, ElementsAre("1"));
}

TEST_F(PubSub, LocalAndDirectBroadcastsStayOnOneNode) {
    subscribe_both("t");
    here->local_broadcast("t", term{1});
    here->direct_broadcast(name_of('b'), "t", term{2});
    here->direct_broadcast(name_of('a'), "t", term{3});
    settle();
    EXPECT_THAT(*heard_here, ElementsAre("1", "3"));
    EXPECT_THAT(*heard_there, ElementsAre("2"));
}

TEST_F(PubSub, SubscribedTwiceHearsTwiceUntilItUnsubscribes) {
    ASSERT_TRUE(there->subscribe(ear_there, "t"));
    ASSERT_TRUE(there->subscribe(ear_there, "t"));
    ASSERT_TRUE(there->subscribe(ear_there, "u"));
    here->broadcast("t", term{1});
    settle();
    EXPECT_THAT(*heard_there, ElementsAre("1", "1"));
    EXPECT_TRUE(there->unsubscribe(ear_there, "t"));
    EXPECT_FALSE(there->unsubscribe(ear_there, "t"));
    here->broadcast("t", term{2});
    here->broadcast("u", term{3});
    settle();
    EXPECT_THAT(*heard_there, ElementsAre("1", "1", "3"));
}

TEST_F(PubSub, SubscriptionsEndWithTheProcess) {
    ASSERT_TRUE(here->subscribe(ear_here, "t"));
    ASSERT_TRUE(here->subscribe(ear_here, "u"));
    a->exit(ear_here, term{"done"_atom});
    settle();
    EXPECT_THAT(here->subscribers("t"), IsEmpty());
    EXPECT_THAT(here->subscribers("u"), IsEmpty());
    EXPECT_EQ(here->subscribe(ear_there, "t").error(), errc::invalid_argument) << "a process of another node";
}

TEST_F(PubSub, OrderOfBroadcastsIsKept) {
    subscribe_both("t");
    std::vector<std::string> expected;
    for (int i = 0; i < 1000; ++i) {
        here->broadcast("t", term{i});
        expected.push_back(std::to_string(i));
    }
    settle();
    EXPECT_EQ(*heard_there, expected);
}

TEST_F(PubSub, DispatcherOfTheProgramDelivers) {
    const atom fast{"Elixir.MyApp.Fast"};
    there->dispatch_by(fast, [](node& at, std::span<const pid> subscribers, const term& message) {
        for (const auto& who : subscribers) at.send(who, term{std::tuple{"fast"_atom, message}});
    });
    subscribe_both("t");
    here->send_with(fast);
    here->broadcast("t", term{1});
    settle();
    EXPECT_THAT(*heard_here, ElementsAre("1")) << "nothing is said there about that module";
    EXPECT_THAT(*heard_there, ElementsAre("{fast,1}"));
}

TEST_F(PubSub, ProcessThatIsKilledComesBack) {
    subscribe_both("t");
    const atom name{"Elixir.MyApp.PubSub.Adapter"};
    const pid before = *b->whereis(name);
    b->exit(before, term{"kill"_atom});
    settle();
    EXPECT_NE(*b->whereis(name), before);
    here->broadcast("t", term{1});
    settle();
    EXPECT_THAT(*heard_there, ElementsAre("1"));
    b->exit(ear_there, term{"done"_atom});
    settle();
    EXPECT_THAT(there->subscribers("t"), IsEmpty()) << "it watches subscribers as before";
}

TEST_F(PubSub, PoolGrowsToTheGreatestOneThatIsSeen) {
    there.reset();
    settle();
    there.emplace(*b, at_b->pg(), "MyApp.PubSub", otp::pubsub_options{3});
    ASSERT_TRUE(there->start());
    ASSERT_TRUE(here->subscribe(ear_here, "t"));
    settle();
    auto tell = [&](const char* name, int number) {
        b->send(registered{atom{name}, name_of('a')},
                term{std::tuple{"forward_to_local"_atom, "t", number, "Elixir.Phoenix.PubSub"_atom}});
        settle();
    };
    tell("Elixir.MyApp.PubSub.Adapter", 1);
    tell("Elixir.MyApp.PubSub.Adapter_3", 3);
    EXPECT_THAT(*heard_here, ElementsAre("1", "3"));
    auto members_here = [&](const char* group) {
        return at_a->pg().find(atom{"Elixir.Phoenix.PubSub"})->local_members(atom{group}).size();
    };
    EXPECT_EQ(members_here("Elixir.MyApp.PubSub.Adapter_2"), 1u);
    // The processes that were added come back, too.
    a->exit(*a->whereis(atom{"Elixir.MyApp.PubSub.Adapter_2"}), term{"kill"_atom});
    settle();
    tell("Elixir.MyApp.PubSub.Adapter_2", 2);
    EXPECT_THAT(*heard_here, ElementsAre("1", "3", "2"));
    // Names of other groups mean nothing.
    auto scope = *at_b->pg().find(atom{"Elixir.Phoenix.PubSub"});
    for (const char* other :
         {"Elixir.MyApp.PubSub.Adapter_65", "Elixir.MyApp.PubSub.Adapter_x", "Elixir.MyApp.PubSub.Adapter_1",
          "Elixir.MyApp.PubSub.Adapter4", "Elixir.Other.Adapter_9"})
        ASSERT_TRUE(scope.join(atom{other}, ear_there));
    settle();
    EXPECT_FALSE(a->whereis(atom{"Elixir.MyApp.PubSub.Adapter_4"}));
    here->stop();
    settle();
    EXPECT_EQ(members_here("Elixir.MyApp.PubSub.Adapter_3"), 0u);
    EXPECT_FALSE(a->whereis(atom{"Elixir.MyApp.PubSub.Adapter_3"}));
}

TEST_F(PubSub, PoolHasAGroupForEachOfItsProcesses) {
    there.reset();
    settle();
    EXPECT_THAT(here->nodes(), IsEmpty());
    there.emplace(*b, at_b->pg(), "MyApp.PubSub", otp::pubsub_options{3});
    ASSERT_TRUE(there->start());
    ASSERT_TRUE(there->subscribe(ear_there, "t"));
    settle();
    const auto groups = at_a->pg().find(atom{"Elixir.Phoenix.PubSub"})->groups();
    EXPECT_EQ(groups.size(), 3u);
    for (const char* name :
         {"Elixir.MyApp.PubSub.Adapter", "Elixir.MyApp.PubSub.Adapter_2", "Elixir.MyApp.PubSub.Adapter_3"})
        a->send(registered{atom{name}, name_of('b')},
                term{std::tuple{"forward_to_local"_atom, "t", atom{name}, "Elixir.Phoenix.PubSub"_atom}});
    here->broadcast("t", term{"once"});
    settle();
    EXPECT_EQ(heard_there->size(), 4u) << "each process of the pool, and a broadcast once";
}

TEST_F(PubSub, WhatMakesNoSenseIsDropped) {
    subscribe_both("t");
    auto send = [&](const term& message) {
        a->send(registered{atom{"Elixir.MyApp.PubSub.Adapter"}, name_of('b')}, message);
    };
    send(term{"hello"});
    send(term{std::tuple{"forward_to_local"_atom, "topic"_atom, 1, "Elixir.Phoenix.PubSub"_atom}});
    send(term{std::tuple{"forward_to_local"_atom, "t", 1, "not a module"}});
    send(term{std::tuple{"forward_to_local"_atom, "t", 1}});
    const std::tuple suspend{"system"_atom, std::tuple{1, 2}, "suspend"_atom}; // would need a right of its own
    send(term{std::tuple{"forward_to_local"_atom, "t", suspend, "Elixir.Phoenix.PubSub"_atom}});
    send(term{std::tuple{"DOWN"_atom, a->make_reference(), "process"_atom, ear_there, 1, 1}});
    settle();
    EXPECT_THAT(*heard_there, IsEmpty());
    EXPECT_EQ(there->subscribers("t").size(), 1u);
}

TEST_F(PubSub, NamesAndPoolsThatCannotBeAreRefused) {
    otp::pubsub taken{*a, at_a->pg(), "MyApp.PubSub"};
    EXPECT_EQ(taken.start().error(), errc::invalid_argument);
    otp::pubsub none{*a, at_a->pg(), "Other", otp::pubsub_options{0}};
    EXPECT_EQ(none.start().error(), errc::invalid_argument);
    otp::pubsub large{*a, at_a->pg(), "Other", otp::pubsub_options{limits::pubsub_pool_size_max + 1}};
    EXPECT_EQ(large.start().error(), errc::limit_exceeded);
    otp::pubsub largest{*a, at_a->pg(), "Other", otp::pubsub_options{limits::pubsub_pool_size_max}};
    EXPECT_TRUE(largest.start());
    otp::pubsub wrong{*a, at_a->pg(), std::string(300, 'x')};
    EXPECT_EQ(wrong.start().error(), errc::invalid_argument);
}

} // namespace
} // namespace sedge::test
