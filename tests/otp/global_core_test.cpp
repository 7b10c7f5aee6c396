// SPDX-License-Identifier: Apache-2.0
//
// The core of `global`: what it says in the recorded exchanges of two OTP nodes, in the place of one of them, and what
// single messages do.
#include "dist/notation.hpp"
#include "dist/recorded.hpp"
#include "otp/global/conflicts.hpp"
#include "otp/global/core.hpp"
#include "otp/global/names.hpp"
#include "otp/global/pairing.hpp"
#include "otp/global/partitions.hpp"

#include <sedge/dist/packet.hpp>
#include <sedge/otp/gen.hpp>
#include <sedge/wire/framing.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace sedge::test {
namespace {

using namespace std::chrono_literals;
using namespace sedge::literals;
using namespace sedge::otp::registry;
using otp::conflict_method;
using otp::loss_reports;

const atom a = "a@127.0.0.1"_atom;
const atom b = "b@127.0.0.1"_atom;
const atom c = "c@127.0.0.1"_atom;

// -- recorded ------------------------------------------------------------------------------------------------------

dist::flags chosen_in(const recorded_stream& stream) {
    const dist::flags i{number_of(*stream.find("send_name"), "flags")};
    const dist::flags other{number_of(*stream.find("send_challenge"), "flags")};
    return i.expanded().common_with(other.expanded());
}

/// What one side of a recorded connection sent to the name global_name_server, in order.
std::vector<term> said(const recorded_stream& stream, bool by_initiator) {
    dist::packet_decoder decoder{chosen_in(stream)};
    std::vector<term> all;
    for (const auto& value : stream.frames) {
        const auto& frame = value.as_object();
        if (from_initiator(frame) != by_initiator || text_of(frame, "kind").starts_with("send_")) continue;
        auto whole = stream.bytes(frame);
        if (whole.size() <= 4) continue; // a tick
        auto message = decoder.feed(whole.subspan(4), time_point{});
        if (!message || !*message || !(*message)->payload) continue;
        const auto* to = std::get_if<dist::control::reg_send>(&(*message)->control);
        if (to && to->to == "global_name_server") all.push_back(*(*message)->payload);
    }
    return all;
}

/// The first cast with that tag; its content.
term_view cast_in(const std::vector<term>& all, std::string_view tag) {
    for (const auto& message : all)
        if (message.element(0).is_atom("$gen_cast") && message.element(1).element(0).is_atom(tag))
            return message.element(1);
    throw std::runtime_error{"no " + std::string{tag} + " was recorded"};
}

/// A core that stands where one of the recorded nodes stood: same name, locker, tag and names.
class replayed {
public:
    replayed(const recorded_stream& stream, bool as_initiator)
        : ours_(said(stream, as_initiator)), theirs_(said(stream, !as_initiator)) {
        auto greeting = cast_in(ours_, "init_connect");
        me_ = *greeting.element(2).as<atom>();
        peer_ = *cast_in(theirs_, "init_connect").element(2).as<atom>();
        s_.emplace(me_, *greeting.element(3).element(3).as<pid>(), loss_reports::always,
                   *greeting.element(1).element(1).as<std::int64_t>(), 1);
        auto names = read_names(cast_in(ours_, "exchange").element(2));
        for (auto& entry : *names) s_->names.insert(std::move(entry));
    }

    /// Hears what the other one said, until both have finished.
    void run() {
        peer_up(*s_, peer_);
        settle_effects();
        for (const auto& message : theirs_) {
            on_message(*s_, peer_, message, {});
            settle_effects();
            if (s_->known.contains(peer_)) return;
        }
    }

    /// The same from there on to the end of the recording; and one message more.
    void run_on() {
        for (const auto& message : theirs_) {
            auto call = otp::as_call(message);
            bool is_new = call || message.element(1).element(0).is_atom("new_nodes");
            if (is_new) hear(peer_, message);
        }
    }
    void hear(const atom& from, const term& message) {
        on_message(*s_, from, message, {});
        settle_effects();
    }
    [[nodiscard]] const std::vector<atom>& introduced_to() const { return introduced_to_; }
    /// What our locker casts before it gives back the lock, and to whom.
    [[nodiscard]] const std::optional<effect::release_lock>& released() const { return released_; }

    /// What we said as a server, and what the recorded node said, as text.
    [[nodiscard]] const std::vector<std::string>& said_here() const { return said_; }
    [[nodiscard]] std::vector<std::string> said_there() const {
        std::vector<std::string> all;
        for (const auto& message : ours_) {
            bool is_servers = message.element(0).is_atom("init_connect_ack");
            if (message.element(0).is_atom("$gen_cast"))
                is_servers = !message.element(1).element(0).is_atom("lock_set");
            if (is_servers) all.push_back(text_of_message(message));
        }
        return all;
    }
    state& core() { return *s_; }

private:
    /// In init_connect the map differs: nobody reads OTP's.
    static std::string text_of_message(const term& message) {
        auto text = notation(message.view());
        auto from = text.find("no_longer_a_pid,#{");
        if (from == std::string::npos) return text;
        return text.substr(0, from) + text.substr(text.find("},#Pid", from));
    }

    void settle_effects() {
        while (!s_->out.empty()) {
            auto all = std::exchange(s_->out, {});
            for (const auto& one : all) {
                if (const auto* cast = std::get_if<effect::cast>(&one))
                    said_.push_back(text_of_message(term{std::pair{"$gen_cast"_atom, cast->message}}));
                if (const auto* plain = std::get_if<effect::plain>(&one))
                    said_.push_back(text_of_message(plain->message));
                if (const auto* passed = std::get_if<effect::pass_to_locker>(&one)) set_lock(passed->message);
                if (const auto* open = std::get_if<effect::resolve>(&one)) decide(*open);
                if (const auto* other = std::get_if<effect::introduce>(&one)) introduced_to_.push_back(other->node);
                if (const auto* over = std::get_if<effect::release_lock>(&one)) {
                    released_ = *over;
                    s_->locks.release_all_of(s_->locker);
                }
            }
        }
    }

    /// The part of the locker.
    void set_lock(const term& lock_set) {
        auto other = read_lock_set(lock_set);
        std::vector<pid> both{s_->locker, other->locker};
        std::sort(both.begin(), both.end());
        s_->locks.set({global_resource(), term{both}}, s_->locker);
        lock_is_set(*s_, peer_, s_->pairings.at(peer_).my_tag, term{both}, {});
    }

    void decide(const effect::resolve& open) {
        std::vector<verdict> each;
        for (const auto& [his, mine] : open.conflicts) {
            auto kept = settle(*method_of(mine.method), mine.name, his.who, mine.who).kept;
            each.push_back(!kept ? verdict::none : *kept == mine.who ? verdict::mine : verdict::his);
        }
        conflicts_resolved(*s_, open.node, open.tag, each, {});
    }

    std::vector<term> ours_;
    std::vector<term> theirs_;
    atom me_;
    atom peer_;
    std::optional<state> s_;
    std::vector<std::string> said_;
    std::vector<atom> introduced_to_;
    std::optional<effect::release_lock> released_;
};

/// In no order: a node may hear of its own lock before or after what the other one says.
std::vector<std::string> sorted(std::vector<std::string> all) {
    std::sort(all.begin(), all.end());
    return all;
}

/// The elements of the list of names have no order, either.
bool has_same_letters(std::string one, std::string other) {
    std::sort(one.begin(), one.end());
    std::sort(other.begin(), other.end());
    return one == other;
}

/// In whatever order: both sides say much at the same time.
void expect_same_words(replayed& node) {
    const auto here = sorted(node.said_here());
    const auto there = sorted(node.said_there());
    ASSERT_EQ(here.size(), there.size()) << testing::PrintToString(here) << testing::PrintToString(there);
    for (std::size_t i = 0; i < here.size(); ++i)
        EXPECT_TRUE(has_same_letters(here[i], there[i])) << here[i] << "\n" << there[i];
}

class GlobalRecorded : public testing::TestWithParam<std::string> {};

TEST_P(GlobalRecorded, SaysWhatOtpSaid) {
    auto stream = recorded(GetParam());
    for (bool as_initiator : {true, false}) {
        SCOPED_TRACE(as_initiator);
        replayed node{stream, as_initiator};
        node.run();
        expect_same_words(node);
        EXPECT_EQ(node.core().known.size(), 1u);
    }
}
INSTANTIATE_TEST_SUITE_P(Streams, GlobalRecorded, testing::Values("global/two-nodes", "global/conflict"),
                         [](const auto& of) { return of.param == "global/conflict" ? "Conflict" : "TwoNodes"; });

/// c meets a, which is with b. In the place of a: what b is told of c.
TEST(GlobalRecordedOfThree, NewMemberIsToldToTheOthersAsByOtp) {
    replayed node{recorded("global/three-nodes-c-to-a"), false};
    node.core().known[b] = protocol_version;
    node.run();
    expect_same_words(node);
    ASSERT_TRUE(node.released());
    EXPECT_EQ(node.released()->first_tell, std::vector{b});
    const auto all = said(recorded("global/three-nodes-a-to-b"), true);
    EXPECT_EQ(notation(node.released()->message.view()), notation(cast_in(all, "new_nodes")));
}

/// In the place of b, which hears of c by a, and then says in_sync.
TEST(GlobalRecordedOfThree, NewMemberIsMetAsByOtp) {
    replayed node{recorded("global/three-nodes-a-to-b"), false};
    node.run();
    node.run_on();
    EXPECT_EQ(node.core().known_nodes(), (std::vector{a, c}));
    EXPECT_EQ(node.introduced_to(), std::vector{c});
    EXPECT_NE(node.core().names.find(term{"nc"_atom}), nullptr);
    introduced(node.core(), c, true, {});
    const auto between = recorded("global/three-nodes-c-to-b");
    const auto greeting = said(between, true);
    ASSERT_EQ(greeting.size(), 1u);
    node.hear(c, greeting.front());
    EXPECT_TRUE(node.core().synced.contains(c));
    EXPECT_TRUE(node.core().waiting_to_know.empty());
    std::string ours = node.said_here().back(); // the last element is read by nobody in OTP
    ours.replace(ours.rfind("sedge"), 5, "true");
    EXPECT_EQ(ours, notation(said(between, false).front().view()));
}

// -- single messages -----------------------------------------------------------------------------------------------

class GlobalCore : public testing::Test {
protected:
    const pid locker{a, 10, 0, 1};
    const pid at_b{b, 20, 0, 1};
    const pid at_c{c, 30, 0, 1};
    state s{a, locker, loss_reports::one_end, 1, 17};

    /// A call of a process of another node; the answer as text.
    std::string call(const pid& from, const term& request) {
        s.out.clear();
        on_message(s, from.node, term{std::tuple{"$gen_call"_atom, std::pair{from, 1}, request}}, {});
        for (const auto& one : s.out)
            if (const auto* answer = std::get_if<effect::answer>(&one)) return notation(answer->value.view());
        return "";
    }
    static term lock_request(std::string_view what, const term& resource, const term& requester) {
        return term{std::pair{atom{what}, std::pair{resource, requester}}};
    }
    static term register_request(int name, const pid& who) {
        return term{std::tuple{"register"_atom, name, who, fun_of(conflict_method::random_exit)}};
    }
    /// The reports of what was lost, when they are due.
    std::vector<std::string> reports(time_point now = time_point{1min}) {
        report_losses(s, now);
        return plain_messages();
    }
    void become_known(const atom& node, bool is_sedge) {
        s.known[node] = 8;
        if (is_sedge) s.sedge_peers.insert(node);
    }
    /// The plain messages that are to be sent, as `NODE <- MESSAGE`.
    std::vector<std::string> plain_messages() {
        std::vector<std::string> all;
        for (const auto& one : s.out)
            if (const auto* plain = std::get_if<effect::plain>(&one))
                all.push_back(plain->to.str() + " <- " + notation(plain->message.view()));
        s.out.clear();
        return all;
    }

    std::vector<std::string> casts() {
        std::vector<std::string> all;
        for (const auto& one : s.out)
            if (const auto* cast = std::get_if<effect::cast>(&one))
                all.push_back(cast->to.str() + " <- " + notation(cast->message.view()));
        s.out.clear();
        return all;
    }
};

TEST_F(GlobalCore, LockIsSharedByProcessesOfOneRequester) {
    auto set = [&](const pid& from, int requester) { return call(from, lock_request("set_lock", 1, requester)); };
    EXPECT_EQ(set(at_b, 7), "true");
    EXPECT_EQ(set(at_b, 7), "true");
    EXPECT_EQ(set(at_c, 8), "false");
    EXPECT_EQ(set(at_c, 7), "true");
    EXPECT_EQ(call(at_b, lock_request("del_lock", 1, 7)), "true");
    EXPECT_EQ(set(at_b, 8), "false");
    process_down(s, at_c);
    EXPECT_EQ(set(at_b, 8), "true");
}

/// Seen in a simulated cluster: b had heard of us by a member that put it out just then, and could not be reached at
/// that moment. Two seconds later it was connected, and registered a name here over the heads of our own part.
TEST_F(GlobalCore, LockOfAllNamesIsForThoseWhoAreKnownOrPairWithUs) {
    auto lock_names = [&](const pid& who) { return call(who, lock_request("set_lock", global_resource(), term{who})); };
    on_in_sync(s, b, true, {}); // it counts us in; nobody has told us of it
    EXPECT_EQ(lock_names(at_b), "false");
    EXPECT_EQ(call(at_b, lock_request("set_lock", "another"_atom, term{at_b})), "true");
    become_known(b, true);
    EXPECT_EQ(lock_names(at_b), "true");
    EXPECT_EQ(call(at_b, lock_request("del_lock", global_resource(), term{at_b})), "true");
    forget(s, b);
    EXPECT_EQ(lock_names(at_b), "false");

    peer_up(s, c);
    EXPECT_EQ(lock_names(at_c), "false");
    on_greeting(s, c, {8, term{1}, at_c, true});
    EXPECT_EQ(lock_names(at_c), "true") << "its locker locks both parts";
}

TEST_F(GlobalCore, NameIsTakenOnlyFromTheHolderOfTheLock) {
    become_known(b, true);
    EXPECT_EQ(call(at_b, lock_request("set_lock", global_resource(), term{at_b})), "true");
    EXPECT_EQ(call(at_c, register_request(1, at_c)), "yes"); // as OTP answers; it is gone again
    EXPECT_EQ(s.names.find(1), nullptr);
    EXPECT_EQ(call(at_b, register_request(1, at_b)), "yes");
    EXPECT_NE(s.names.find(1), nullptr);
}

TEST_F(GlobalCore, RegistrationThatComesAfterItsNodeWasLostIsDropped) {
    become_known(b, true);
    EXPECT_EQ(call(at_b, lock_request("set_lock", global_resource(), term{at_b})), "true");
    process_down(s, at_b);
    EXPECT_EQ(call(at_b, register_request(1, at_b)), "yes");
    EXPECT_EQ(s.names.find(1), nullptr);
}

TEST_F(GlobalCore, ProcessIsWatchedOnceWhateverItHolds) {
    become_known(b, true);
    EXPECT_EQ(call(at_b, lock_request("set_lock", global_resource(), term{at_b})), "true");
    EXPECT_EQ(call(at_b, register_request(1, at_b)), "yes");
    EXPECT_EQ(s.watched.take().watch, std::vector{at_b});
    EXPECT_EQ(call(at_b, lock_request("del_lock", global_resource(), term{at_b})), "true");
    EXPECT_TRUE(s.watched.take().unwatch.empty());
    EXPECT_EQ(call(at_b, term{std::pair{"unregister"_atom, 1}}), "ok");
    EXPECT_EQ(s.watched.take().unwatch, std::vector{at_b});
}

TEST_F(GlobalCore, QueriesAreAnsweredAsByOtp) {
    become_known(b, false);
    EXPECT_EQ(call(at_b, term{"get_known"_atom}), "['b@127.0.0.1']");
    EXPECT_EQ(call(at_b, term{"get_synced"_atom}), "[]");
    EXPECT_EQ(call(at_b, term{"get_protocol_version"_atom}), "8");
    EXPECT_EQ(call(at_b, term{"get_names_ext"_atom}), "[]");
    EXPECT_EQ(call(at_b, term{"no_such_question"_atom}), "");
}

TEST_F(GlobalCore, LossIsReportedByTheSmallerOfTwoNodesOfSedge) {
    become_known(b, true);
    become_known(c, false);
    peer_lost(s, b, {});
    EXPECT_TRUE(reports(time_point{19ms}).empty()) << "others lose it, too, and find that out first";
    EXPECT_EQ(next_deadline(s), time_point{20ms});
    EXPECT_EQ(reports(time_point{20ms}),
              std::vector<std::string>{"c@127.0.0.1 <- {lost_connection,'a@127.0.0.1',17,1,'b@127.0.0.1'}"});
    peer_lost(s, c, {}); // one of OTP, which reports itself
    EXPECT_TRUE(reports().empty());
}

TEST_F(GlobalCore, LossIsReportedBeforeTheLostNodeIsGreetedAgain) {
    become_known(b, true);
    become_known(c, true);
    peer_lost(s, b, time_point{1s});
    peer_up(s, b);
    EXPECT_EQ(reports(time_point{1s}).size(), 1u);
}

TEST_F(GlobalCore, ReportIsPassedOnOnceAndFollowed) {
    become_known(b, true);
    become_known(c, true);
    term report{std::tuple{"lost_connection"_atom, b, 99, 5, c}};
    on_message(s, b, report, {});
    EXPECT_EQ(plain_messages(),
              (std::vector<std::string>{"c@127.0.0.1 <- {lost_connection,'b@127.0.0.1',99,5,'c@127.0.0.1'}",
                                        "c@127.0.0.1 <- {remove_connection,'a@127.0.0.1'}"}));
    EXPECT_FALSE(s.known.contains(c));
    on_message(s, c, report, {});
    EXPECT_TRUE(plain_messages().empty());
    peer_lost(s, c, {}); // what we asked for is no news
    EXPECT_TRUE(plain_messages().empty());
}

TEST_F(GlobalCore, EndOfANodeIsToldOnceHoweverManyReportIt) {
    const std::vector<atom> others{"d@127.0.0.1"_atom, "e@127.0.0.1"_atom};
    become_known(b, true);
    become_known(c, true);
    for (const auto& other : others) become_known(other, true);
    const auto passed_on = [&](const atom& reporter, const atom& lost, time_point now) {
        on_message(s, reporter, term{std::tuple{"lost_connection"_atom, reporter, 99, 5, lost}}, now);
        return plain_messages().size();
    };
    peer_lost(s, c, {});
    EXPECT_EQ(passed_on(b, c, time_point{10ms}), 0u);
    EXPECT_EQ(reports(time_point{20ms}).size(), 3u) << "its own report";
    EXPECT_EQ(passed_on(others[0], c, time_point{2s}), 0u);
    EXPECT_EQ(passed_on(others[1], c, time_point{11s}), 2u) << "by now it may be about another connection";

    const atom older = "Z@127.0.0.1"_atom; // whose loss others report, since its name is smaller than ours
    become_known(older, true);
    peer_lost(s, older, time_point{20s});
    EXPECT_TRUE(reports().empty());
    EXPECT_EQ(passed_on(b, older, time_point{20s}), 2u);
    EXPECT_EQ(passed_on(others[0], older, time_point{20s}), 0u);
    become_known(older, true);
    EXPECT_EQ(passed_on(others[1], older, time_point{21s}), 4u) << "whoever sees it tells it, too, and puts it out";
}

TEST_F(GlobalCore, WhoeverIsPutOutBeforeItIsConnectedMayComeLater) {
    become_known(b, true);
    become_known(c, true); // heard of, and not connected yet
    on_message(s, b, term{std::tuple{"lost_connection"_atom, b, 99, 5, c}}, {});
    EXPECT_TRUE(s.removing.contains(c));
    peer_up(s, c);
    s.out.clear();
    remove_overdue(s, time_point{} + 1min);
    EXPECT_TRUE(s.out.empty()) << "a fresh connection is cut";
}

TEST_F(GlobalCore, WhoeverIsPutOutAndHeardOfAgainAndCannotBeReachedIsReported) {
    become_known(b, true);
    become_known(c, true);
    on_message(s, b, term{std::tuple{"lost_connection"_atom, b, 99, 5, c}}, {});
    on_new_nodes(s, {}, {{c, 8}}, term{0}.view()); // it has come back to b
    s.out.clear();
    introduced(s, c, false, {});
    EXPECT_EQ(reports(), std::vector<std::string>{"b@127.0.0.1 <- {lost_connection,'a@127.0.0.1',17,1,'c@127.0.0.1'}"});
}

TEST_F(GlobalCore, WhoeverIsPutOutAndHeardOfAgainAndThenDisconnectedIsReported) {
    become_known(b, true);
    become_known(c, true);
    on_message(s, b, term{std::tuple{"lost_connection"_atom, b, 99, 5, c}}, {});
    on_new_nodes(s, {}, {{c, 8}}, term{0}.view());
    s.out.clear();
    peer_lost(s, c, {}); // the connection that was to be closed
    EXPECT_EQ(reports().size(), 1u);
    EXPECT_FALSE(s.known.contains(c));
}

TEST_F(GlobalCore, LossOfANodeThatWasNeverMetIsReportedIfOthersKnowItAsOneOfSedge) {
    become_known(b, true);
    const term requester{locker};
    for (bool is_sedge : {false, true}) {
        const auto kinds = is_sedge ? std::vector{c} : std::vector<atom>{};
        const term heard = make_new_nodes(b, {}, {{c, 8}}, 8, requester, kinds);
        on_message(s, b, term{std::pair{"$gen_cast"_atom, heard}}, {});
        s.out.clear();
        introduced(s, c, false, {});
        EXPECT_EQ(reports().size(), is_sedge ? 1u : 0u);
    }
}

TEST_F(GlobalCore, NodeOfOtpIsToldInSyncWhenItHasSaidSo) {
    become_known(b, true);
    become_known(c, false);
    introduced(s, b, true, {});
    EXPECT_EQ(casts(), std::vector<std::string>{"b@127.0.0.1 <- {in_sync,'a@127.0.0.1',sedge}"});
    introduced(s, c, true, {});
    EXPECT_TRUE(casts().empty());
    on_in_sync(s, c, false, {});
    EXPECT_EQ(casts(), std::vector<std::string>{"c@127.0.0.1 <- {in_sync,'a@127.0.0.1',sedge}"});
    introduced(s, c, true, {}); // in the other order
    EXPECT_EQ(casts(), std::vector<std::string>{"c@127.0.0.1 <- {in_sync,'a@127.0.0.1',sedge}"});
}

TEST_F(GlobalCore, NodeOfOtpThatKnewUsBeforeTheConnectionIsToldInSyncLater) {
    become_known(c, false);
    introduced(s, c, true, {});
    EXPECT_EQ(next_deadline(s), time_point{} + s.timing.introduction);
    give_up_overdue(s, time_point{} + s.timing.introduction);
    EXPECT_EQ(casts(), std::vector<std::string>{"c@127.0.0.1 <- {in_sync,'a@127.0.0.1',sedge}"});
    EXPECT_TRUE(s.known.contains(c));
    EXPECT_EQ(next_deadline(s), std::nullopt);
}

TEST_F(GlobalCore, NodeOfOtpThatHasForgottenUsGetsItsPairing) {
    become_known(c, false);
    peer_up(s, c);
    introduced(s, c, true, {});
    on_greeting(s, c, {.version = 8, .tag = term{5}, .locker = at_c, .is_sedge = false});
    EXPECT_TRUE(casts().empty());
    give_up_overdue(s, time_point{} + s.timing.introduction);
    EXPECT_FALSE(s.known.contains(c));
    EXPECT_TRUE(s.is_pending(c));
    const auto said = casts();
    ASSERT_EQ(said.size(), 1u);
    EXPECT_TRUE(said.front().starts_with("c@127.0.0.1 <- {init_connect,")) << said.front();
}

TEST_F(GlobalCore, WhoeverLeftBeforeItsIntroductionEndedIsNotToldInSync) {
    become_known(b, true);
    become_known(c, false);
    introduced(s, c, true, {});
    forget(s, b);
    forget(s, c);
    introduced(s, b, true, {});
    give_up_overdue(s, time_point{} + 1min);
    EXPECT_TRUE(casts().empty());
}

TEST_F(GlobalCore, RequestToBeRemovedClosesTheConnection) {
    become_known(b, true);
    on_message(s, b, term{std::pair{"remove_connection"_atom, b}}, {});
    bool is_closed = false;
    for (const auto& one : s.out) is_closed = is_closed || std::holds_alternative<effect::disconnect>(one);
    EXPECT_TRUE(is_closed);
    EXPECT_TRUE(s.known.empty());
}

TEST_F(GlobalCore, MalformedMessagesAreDropped) {
    become_known(b, true);
    for (const term& message :
         {term{1}, term{std::pair{"$gen_cast"_atom, 1}},
          term{std::pair{"$gen_cast"_atom, std::tuple{"in_sync"_atom, b}}},
          term{std::pair{"$gen_cast"_atom, std::tuple{"init_connect"_atom, 8, b, 1}}},
          term{std::pair{"$gen_cast"_atom, std::tuple{"new_nodes"_atom, b, 1, 2, 3, 4}}},
          term{std::pair{"$gen_cast"_atom, std::tuple{"resolved"_atom, b, 1, 2, 3, 4, 5}}},
          term{std::tuple{"lost_connection"_atom, 1, 2, 3, 4}}, term{std::tuple{"init_connect_ack"_atom, c, 1, 2}}}) {
        on_message(s, b, message, {});
        EXPECT_TRUE(s.out.empty()) << notation(message.view());
    }
}

TEST_F(GlobalCore, SecondGreetingStartsThePairingAnew) {
    peer_up(s, b);
    on_greeting(s, b, {8, term{100}, at_b, true});
    auto first = candidate_of(s, b)->my_tag;
    s.out.clear();
    on_greeting(s, b, {8, term{101}, at_b, true});
    EXPECT_EQ(candidate_of(s, b), std::nullopt); // until he greets again
    EXPECT_NE(s.pairings.at(b).my_tag, first);
    auto sent = plain_messages();
    EXPECT_NE(std::find(sent.begin(), sent.end(), "b@127.0.0.1 <- {cancel_connect,'a@127.0.0.1',101}"), sent.end());
}

TEST_F(GlobalCore, PeerThatStandsStillIsLeftAloneForLongerEachTime) {
    peer_up(s, b);
    time_point now{};
    std::vector<duration> pauses;
    for (int i = 0; i < 3; ++i) {
        on_greeting(s, b, {8, term{i}, at_b, true});
        lock_not_answered(s, b, s.pairings.at(b).my_tag, now);
        on_greeting(s, b, {8, term{i}, at_b, true});
        pauses.push_back(*next_pause_end(s, now) - now);
        EXPECT_TRUE(candidates(s, now).empty());
        now += pauses.back();
        EXPECT_EQ(candidates(s, now).size(), 1u);
        on_cancel(s, b, term{s.pairings.at(b).my_tag});
    }
    EXPECT_EQ(pauses, (std::vector<duration>{5s, 10s, 20s}));
}

TEST(GlobalNames, ProcessWhoseNameBecameAnothersIsRememberedForTheKillThatFollows) {
    watch_list watched;
    name_table names{watched};
    const pid loser{a, 1, 0, 1};
    const pid winner{b, 1, 0, 1};
    const pid stranger{a, 2, 0, 1};
    const term method = fun_of(conflict_method::random_exit);
    ASSERT_TRUE(names.insert({term{"name"_atom}, loser, method}));
    ASSERT_TRUE(names.insert({term{"name"_atom}, winner, method}));
    EXPECT_TRUE(names.names_of(loser).empty());
    EXPECT_TRUE(names.is_or_was_named(loser));
    EXPECT_TRUE(names.is_or_was_named(winner));
    EXPECT_FALSE(names.is_or_was_named(stranger));
}

} // namespace
} // namespace sedge::test
