// SPDX-License-Identifier: Apache-2.0
//
// The core of pg, driven by messages alone: no node, no time.
#include "dist/notation.hpp"
#include "dist/recorded.hpp"
#include "otp/pg/membership.hpp"

#include <sedge/dist/packet.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace sedge::otp {
namespace {

using namespace sedge::literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using pids = std::vector<pid>;

pid on(const char* node, std::uint32_t id) { return {atom{node}, id, 0, 7}; }

/// A core that runs as `a`, and what it wanted done, as text: `send TO MESSAGE`, `watch PID`, `joined GROUP [PID]`.
class Membership : public testing::Test {
protected:
    pid self = on("a", 1);
    pid p1 = on("a", 11);
    pid p2 = on("a", 12);
    pid scope_b = on("b", 1);
    pid q1 = on("b", 21);
    pid q2 = on("b", 22);
    std::vector<std::string> done;
    membership core{"pg"_atom};

    void SetUp() override {
        run([&](pg_effects& out) { core.start(self, {}, out); });
    }

    static std::string text(const pid& p) { return p.node.str() + std::to_string(p.id); }
    static std::string text(const pids& all) {
        std::string out;
        for (const auto& p : all) out += (out.empty() ? "" : " ") + text(p);
        return "[" + out + "]";
    }
    static std::string text(const pg_effect::send& e) {
        const auto* to = std::get_if<pid>(&e.to);
        return "send " + (to ? text(*to) : std::get<registered>(e.to).name.str()) + " " + short_text(e.message);
    }
    static std::string text(const pg_effect::watch& e) { return "watch " + text(e.who); }
    static std::string text(const pg_effect::unwatch& e) { return "unwatch " + text(e.who); }
    static std::string text(const pg_effect::changed& e) {
        return (e.joined ? "joined " : "left ") + short_text(e.group) + " " + text(e.members);
    }
    static std::string text(const pg_effect::left_out& e) { return "left out " + e.peer.str(); }
    /// Erlang's syntax, with `a11` for the pid 11 of a.
    static std::string short_text(const term& t) {
        std::string out = test::notation(t);
        for (auto at = out.find("#Pid<"); at != std::string::npos; at = out.find("#Pid<")) {
            const auto end = out.find('>', at);
            const auto dot = out.find('.', at);
            const std::string id = out.substr(dot + 1, out.find('.', dot + 1) - dot - 1);
            out = out.substr(0, at) + out.substr(at + 5, dot - at - 5) + id + out.substr(end + 1);
        }
        return out;
    }

    template <class Event>
    void run(Event event) {
        pg_effects effects;
        event(effects);
        for (const auto& effect : effects) done.push_back(std::visit([](const auto& e) { return text(e); }, effect));
    }
    std::vector<std::string> taken() { return std::exchange(done, {}); }

    void join(const term& group, const pids& who) {
        run([&](pg_effects& out) { core.join(group, who, out); });
    }
    std::size_t leave(const term& group, const pids& who) {
        std::size_t count = 0;
        run([&](pg_effects& out) { count = core.leave(group, who, out); });
        return count;
    }
    bool hear(const term& message) {
        bool known = false;
        run([&](pg_effects& out) { known = core.on_message(message, out); });
        return known;
    }
    void down(const pid& who) {
        run([&](pg_effects& out) { core.down(who, out); });
    }

    template <class... T>
    static term tuple(const T&... parts) {
        return term{std::tuple{parts...}};
    }
    static term discover(const pid& scope) { return tuple("discover"_atom, scope); }
    static term sync(const pid& scope, const std::vector<std::pair<term, pids>>& groups) {
        return tuple("$gen_cast"_atom, std::tuple{"sync"_atom, scope, groups});
    }
    static term joined(const pid& scope, const term& group, const term& who) {
        return tuple("join"_atom, scope, group, who);
    }
    static term left(const pid& scope, const term& who, const std::vector<term>& groups) {
        return tuple("leave"_atom, scope, who, groups);
    }
    void meet_b() {
        hear(discover(scope_b));
        hear(sync(scope_b, {}));
        taken();
    }
};

TEST_F(Membership, AsksEveryNodeThatComesUp) {
    run([&](pg_effects& out) { core.node_up("b"_atom, out); });
    EXPECT_THAT(taken(), ElementsAre("send pg {discover,a1}"));
}

TEST_F(Membership, AnswersDiscoverWithAllOfItsOwnAndAsksBackOnce) {
    join("g"_atom, {p1, p2, p1});
    taken();
    hear(discover(scope_b));
    EXPECT_THAT(taken(), ElementsAre("watch b1", "send b1 {'$gen_cast',{sync,a1,[{g,[a11,a12,a11]}]}}",
                                     "send b1 {discover,a1}"));
    hear(discover(scope_b));
    EXPECT_THAT(taken(), ElementsAre("send b1 {'$gen_cast',{sync,a1,[{g,[a11,a12,a11]}]}}"));
}

TEST_F(Membership, DiscoverOfALaterReleaseCounts) {
    EXPECT_TRUE(hear(tuple("discover"_atom, scope_b, 1)));
    EXPECT_THAT(core.peers(), ElementsAre(scope_b));
}

TEST_F(Membership, SyncIsAllThatThePeerHas) {
    join("g"_atom, {p1});
    hear(sync(scope_b, {{term{"g"_atom}, {q1}}, {term{1}, {q2, q2}}}));
    EXPECT_THAT(core.members("g"_atom), ElementsAre(p1, q1));
    EXPECT_THAT(core.members(term{1}), ElementsAre(q2, q2));
    EXPECT_THAT(core.members(term{1.0}), IsEmpty());
    taken();
    hear(sync(scope_b, {{term{1}, {q2, q1}}}));
    EXPECT_THAT(taken(), UnorderedElementsAre("left g [b21]", "left 1 [b22]", "joined 1 [b21]"));
    EXPECT_THAT(core.members("g"_atom), ElementsAre(p1));
    EXPECT_THAT(core.members(term{1}), UnorderedElementsAre(q1, q2));
    hear(sync(scope_b, {{term{1}, {q1, q2}}}));
    EXPECT_THAT(taken(), IsEmpty()) << "nothing new";
}

TEST_F(Membership, TellsOnlyThoseWhoHaveSeenAll) {
    join("g"_atom, {p1});
    hear(sync(scope_b, {})); // it knows us, but not our groups: a leave would crash a scope of OTP
    taken();
    EXPECT_EQ(leave("g"_atom, {p1}), 1u);
    EXPECT_THAT(taken(), ElementsAre("unwatch a11", "left g [a11]"));
    hear(discover(scope_b));
    taken();
    join("g"_atom, {p1});
    EXPECT_THAT(taken(), ElementsAre("watch a11", "joined g [a11]", "send b1 {join,a1,g,a11}"));
}

TEST_F(Membership, MemberLeavesAsOftenAsItJoined) {
    meet_b();
    join("g"_atom, {p1, p1});
    EXPECT_THAT(taken(), ElementsAre("watch a11", "joined g [a11 a11]", "send b1 {join,a1,g,[a11,a11]}"));
    EXPECT_EQ(leave("g"_atom, {p1}), 1u);
    EXPECT_THAT(core.local_members("g"_atom), ElementsAre(p1));
    EXPECT_EQ(leave("g"_atom, {p1, p1, p2}), 1u);
    EXPECT_THAT(taken(), ElementsAre("send b1 {leave,a1,a11,[g]}", "left g [a11]", "unwatch a11",
                                     "send b1 {leave,a1,a11,[g]}", "left g [a11]"));
    EXPECT_EQ(leave("g"_atom, {p1}), 0u);
    EXPECT_THAT(taken(), IsEmpty());
    EXPECT_THAT(core.groups(), IsEmpty());
}

TEST_F(Membership, EndOfAMemberLeavesItsGroupsEachOnceForEachJoin) {
    meet_b();
    join("g"_atom, {p1, p1});
    join("h"_atom, {p1, p2});
    taken();
    down(p1);
    EXPECT_THAT(taken(), ElementsAre("left g [a11]", "left g [a11]", "left h [a11]", "send b1 {leave,a1,a11,[g,g,h]}"));
    EXPECT_THAT(core.members("h"_atom), ElementsAre(p2));
    EXPECT_THAT(core.local_groups(), ElementsAre(term{"h"_atom}));
    down(p1);
    EXPECT_THAT(taken(), IsEmpty());
}

TEST_F(Membership, EndOfAPeerTakesItsMembersAway) {
    meet_b();
    join("g"_atom, {p1});
    hear(joined(scope_b, "g"_atom, term{pids{q1, q2}}));
    hear(joined(scope_b, "only"_atom, term{q1}));
    EXPECT_THAT(core.members("g"_atom), ElementsAre(p1, q1, q2));
    taken();
    down(scope_b);
    EXPECT_THAT(taken(), UnorderedElementsAre("left g [b21 b22]", "left only [b21]"));
    EXPECT_THAT(core.groups(), ElementsAre(term{"g"_atom}));
    EXPECT_THAT(core.peers(), IsEmpty());
    hear(left(scope_b, term{q1}, {"g"_atom})); // late
    hear(joined(scope_b, "g"_atom, term{q1}));
    EXPECT_THAT(core.members("g"_atom), ElementsAre(p1));
}

TEST_F(Membership, LaterScopeOfANodeReplacesTheOneBefore) {
    meet_b();
    hear(joined(scope_b, "g"_atom, term{q1}));
    taken();
    const pid again = on("b", 2);
    hear(discover(again));
    EXPECT_THAT(taken(), ElementsAre("unwatch b1", "left g [b21]", "watch b2", "send b2 {'$gen_cast',{sync,a1,[]}}",
                                     "send b2 {discover,a1}"));
    down(scope_b);
    EXPECT_THAT(core.peers(), ElementsAre(again));
}

TEST_F(Membership, NodeCountsForItsOwnProcessesOnly) {
    meet_b();
    const pid old_life{"b"_atom, 21, 0, 6};
    hear(joined(scope_b, "g"_atom, term{pids{p1, old_life, on("c", 3), q1}}));
    EXPECT_THAT(core.members("g"_atom), ElementsAre(q1));
    hear(left(scope_b, term{p1}, {"g"_atom}));
    EXPECT_FALSE(hear(discover(on("a", 99)))) << "in the name of this node";
    EXPECT_FALSE(hear(joined(self, "g"_atom, term{q2})));
    EXPECT_THAT(core.members("g"_atom), ElementsAre(q1));
}

TEST_F(Membership, LeaveOfWhatIsNotThereChangesNothing) {
    meet_b();
    join("g"_atom, {p1});
    hear(joined(scope_b, "g"_atom, term{q1}));
    taken();
    hear(left(scope_b, term{pids{q2, p1}}, {"g"_atom, "nothing"_atom, "g"_atom}));
    EXPECT_THAT(taken(), IsEmpty());
    hear(left(scope_b, term{pids{q1, q2}}, {"g"_atom, "g"_atom}));
    EXPECT_THAT(taken(), ElementsAre("left g [b21]"));
}

TEST_F(Membership, MessagesThatMakeNoSenseAreDropped) {
    const term nonsense[] = {
        term{"hello"_atom},
        tuple("discover"_atom),
        tuple("discover"_atom, "b"_atom),
        tuple("join"_atom, scope_b, "g"_atom),
        tuple("$gen_cast"_atom, std::tuple{"sync"_atom, scope_b}),
        tuple("$gen_cast"_atom, 1),
        tuple("nodeup"_atom, "b"_atom),
    };
    for (const auto& message : nonsense) EXPECT_FALSE(hear(message)) << test::notation(message);
    hear(joined(scope_b, "g"_atom, term{q1}));
    EXPECT_THAT(taken(), IsEmpty()) << "a peer that has not been met";
    hear(tuple("$gen_cast"_atom, std::tuple{"sync"_atom, scope_b, std::vector{term{1}, tuple("g"_atom, 1)}}));
    hear(tuple("$gen_cast"_atom, std::tuple{"sync"_atom, scope_b, "groups"_atom}));
    hear(joined(scope_b, "g"_atom, term{"nobody"_atom}));
    hear(joined(scope_b, "g"_atom, term{std::vector{term{1}, term{q1}}}));
    hear(joined(scope_b, "empty"_atom, term{pids{}}));
    hear(tuple("leave"_atom, scope_b, q2, "g"_atom));
    EXPECT_THAT(core.groups(), ElementsAre(term{"g"_atom}));
    EXPECT_THAT(core.members("g"_atom), ElementsAre(q1));
}

TEST_F(Membership, AnyTermIsAGroup) {
    const std::vector<term> names{term{1},
                                  term{1.0},
                                  term{"text"},
                                  term{"g"_atom},
                                  tuple("user"_atom, 7),
                                  term{std::map<std::string, int>{{"a", 1}, {"b", 2}, {"c", 3}}},
                                  term{p1},
                                  term{pids{}}};
    for (const auto& name : names) join(name, {p1});
    EXPECT_THAT(core.groups(), testing::UnorderedElementsAreArray(names));
    // The same map, with its pairs in another order.
    byte_buffer bytes;
    encoder out{bytes};
    out.map(3);
    for (auto [key, value] : {std::pair{"c", 3}, {"a", 1}, {"b", 2}}) {
        out.string(key);
        out.integer(value);
    }
    EXPECT_THAT(core.members(term::adopt(std::move(bytes))), ElementsAre(p1));
}

TEST_F(Membership, RestartKeepsTheMembersOfThisNode) {
    join("g"_atom, {p1, p2});
    meet_b();
    hear(joined(scope_b, "g"_atom, term{q1}));
    taken();
    run([&](pg_effects& out) { core.stop(out); });
    EXPECT_THAT(taken(), ElementsAre("left g [b21]"));
    join("h"_atom, {p1});
    EXPECT_FALSE(hear(discover(scope_b)));
    taken();
    run([&](pg_effects& out) { core.start(on("a", 5), {"b"_atom}, out); });
    EXPECT_THAT(taken(), ElementsAre("watch a11", "watch a12", "send pg {discover,a5}"));
    hear(discover(scope_b));
    EXPECT_THAT(taken(), ElementsAre("watch b1", "send b1 {'$gen_cast',{sync,a5,[{g,[a11,a12]},{h,[a11]}]}}",
                                     "send b1 {discover,a5}"));
}

// -- limits -------------------------------------------------------------------------------------------------------

class BoundedMembership : public Membership {
protected:
    static constexpr membership_limits most{10, 50, 100};
    BoundedMembership() { core = membership{"pg"_atom, most}; }
    std::vector<pid> many(std::uint32_t count, std::uint32_t first = 100) {
        std::vector<pid> all;
        for (std::uint32_t i = 0; i < count; ++i) all.push_back(on("b", first + i));
        return all;
    }
};

TEST_F(BoundedMembership, PeerHasNoMoreMembersThanAllowed) {
    meet_b();
    hear(joined(scope_b, "g"_atom, term{many(9)}));
    hear(joined(scope_b, "h"_atom, term{q1}));
    EXPECT_EQ(core.memberships_of("b"_atom), 10u);
    taken();
    hear(joined(scope_b, "i"_atom, term{q2}));
    hear(joined(scope_b, "i"_atom, term{q2}));
    EXPECT_THAT(taken(), ElementsAre("left out b"));
    EXPECT_EQ(core.memberships_of("b"_atom), 10u);
    EXPECT_THAT(core.members("i"_atom), IsEmpty());
    join("i"_atom, {p1}); // for this node there is no bound
    EXPECT_THAT(core.members("i"_atom), ElementsAre(p1));
}

TEST_F(BoundedMembership, PeerThatHasShrunkIsAskedForEverything) {
    meet_b();
    hear(sync(scope_b, {{term{"g"_atom}, many(11)}}));
    EXPECT_EQ(core.memberships_of("b"_atom), 10u);
    taken();
    hear(left(scope_b, term{many(5)}, {"g"_atom})); // the first of the list, the newest, was left out
    EXPECT_THAT(taken(), ElementsAre("left g [b101 b102 b103 b104]"));
    hear(left(scope_b, term{many(1, 105)}, {"g"_atom}));
    EXPECT_THAT(taken(), ElementsAre("left g [b105]", "send b1 {discover,a1}"));
    hear(left(scope_b, term{many(1, 106)}, {"g"_atom}));
    EXPECT_THAT(taken(), ElementsAre("left g [b106]"));
}

TEST_F(BoundedMembership, NamesOfGroupsAreBounded) {
    meet_b();
    const term long_name{std::string(45, 'x')}; // with its head: 50 bytes
    const term too_long{std::string(46, 'x')};
    ASSERT_EQ(long_name.bytes().size(), 50u);
    hear(joined(scope_b, long_name, term{q1}));
    hear(joined(scope_b, too_long, term{q1}));
    EXPECT_THAT(core.groups(), ElementsAre(long_name));
    hear(joined(scope_b, term{std::string(44, 'y')}, term{q1})); // 99 bytes together
    hear(joined(scope_b, term{std::string(1, 'z')}, term{q1}));
    EXPECT_EQ(core.groups().size(), 2u);
    hear(joined(scope_b, long_name, term{q2}));
    EXPECT_THAT(core.members(long_name), UnorderedElementsAre(q1, q2)) << "the name counts once";
    hear(left(scope_b, term{q1}, {term{std::string(44, 'y')}}));
    hear(joined(scope_b, term{std::string(45, 'y')}, term{q1})); // 100 bytes together
    EXPECT_EQ(core.groups().size(), 2u);
}

TEST_F(BoundedMembership, LeaveOfManyFromManyCostsNoMoreThanItCouldTakeAway) {
    meet_b();
    hear(joined(scope_b, "last"_atom, term{q1}));
    std::vector<term> groups(100, term{"nothing"_atom});
    groups.push_back(term{"last"_atom});
    hear(left(scope_b, term{pids{q1}}, groups));
    EXPECT_THAT(core.members("last"_atom), ElementsAre(q1)) << "beyond what this peer can have";
}

TEST_F(Membership, TenThousandMembersComeAndGo) {
    meet_b();
    pids all;
    for (std::uint32_t i = 0; i < 10'000; ++i) all.push_back(on("b", 1000 + i));
    for (const auto& who : all) hear(joined(scope_b, "g"_atom, term{who}));
    EXPECT_EQ(core.members("g"_atom).size(), 10'000u);
    for (const auto& who : all) hear(left(scope_b, term{who}, {"g"_atom}));
    EXPECT_THAT(core.groups(), IsEmpty());
    pids own;
    for (std::uint32_t i = 0; i < 10'000; ++i) own.push_back(on("a", 1000 + i));
    join("g"_atom, own);
    hear(sync(scope_b, {{term{"g"_atom}, all}}));
    EXPECT_EQ(core.members("g"_atom).size(), 20'000u);
    for (const auto& who : own) down(who);
    EXPECT_EQ(core.members("g"_atom), all);
}

// -- recorded -----------------------------------------------------------------------------------------------------

/// Two OTP nodes, a and b, whose members came, met, and left: we take b's place, and must say what b said.
TEST(RecordedGroups, WeSayWhatOtpSaid) {
    const auto stream = test::recorded("services/pg");
    const dist::flags chosen{test::number_of(*stream.find("send_name"), "flags")};
    dist::packet_decoder decoders[2]{dist::packet_decoder{chosen}, dist::packet_decoder{chosen}};
    const atom b{"b@127.0.0.1"};
    const std::uint32_t creation = 1591140354;
    const pid self{b, 75, 0, creation};
    const pid before{b, 88, 0, creation};

    membership core{"pg"_atom};
    pg_effects effects;
    core.start(self, {}, effects);
    core.join("before"_atom, std::vector{before, before}, effects);
    effects.clear();
    core.node_up("a@127.0.0.1"_atom, effects);
    std::vector<std::string> theirs;
    for (const auto& item : stream.frames) {
        const auto& frame = item.as_object();
        if (!frame.contains("control")) continue;
        const bool to_b = test::from_initiator(frame);
        const auto message = decoders[to_b ? 0 : 1].feed(stream.bytes(frame).subspan(4), time_point{}).value();
        ASSERT_TRUE(message);
        if (!message->payload) continue;
        const term payload = *message->payload;
        const auto sender = membership::sender_of(payload);
        if (!sender || sender->id != 75) continue; // another scope, or rex
        if (to_b) {
            EXPECT_TRUE(core.on_message(payload, effects));
        } else {
            theirs.push_back(test::notation(payload));
        }
    }
    core.join("g3"_atom, std::vector{pid{b, 93, 0, creation}}, effects);

    std::vector<std::string> ours;
    std::size_t watched = 0;
    for (const auto& effect : effects) {
        if (const auto* out = std::get_if<pg_effect::send>(&effect)) ours.push_back(test::notation(out->message));
        if (const auto* watch = std::get_if<pg_effect::watch>(&effect)) watched += watch->who.node == b ? 0 : 1;
    }
    EXPECT_EQ(ours, theirs);
    EXPECT_EQ(watched, 1u);
    const pid still_there{"a@127.0.0.1"_atom, 88, 0, 1591140353};
    EXPECT_THAT(core.members("before"_atom), ElementsAre(before, before, still_there));
    EXPECT_THAT(core.groups(),
                UnorderedElementsAre(term{"before"_atom}, term{"g3"_atom}, term{std::tuple{"g"_atom, 2}}));
}

} // namespace
} // namespace sedge::otp
