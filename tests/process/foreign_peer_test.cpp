// SPDX-License-Identifier: Apache-2.0
//
// A node of ours and a peer of which the test decides what it announces and every message that it sends: signals that
// cross on the wire, ends of connections at bad moments, peers that can do less than others.
#include "process/node_impl.hpp"
#include "process/nodes.hpp"

#include <sedge/dist/error.hpp>

using namespace sedge;
using namespace sedge::test;
namespace ctl = sedge::dist::control;

namespace {

using lines = std::vector<std::string>;

/// Nobody else dials the node under the peer's name.
struct no_rival final : dist::dial_decisions {
    bool may_send_name() override { return true; }
    bool is_still_wanted() override { return true; }
};

class ForeignPeer : public Nodes, public dist::connection_events {
protected:
    machine_node& a = boot_quiet();
    dist::challenge_guard guard;
    no_rival decisions;
    std::unique_ptr<dist::connection> link;
    std::vector<dist::incoming> told; ///< What our node has sent.
    std::uint32_t creation = 9;
    std::uint32_t last_word = 0;

    ~ForeignPeer() override { link.reset(); }

    /// It says nothing of its own but ticks.
    machine_node& boot_quiet() {
        adjust = [](node_options& o) { o.detection.reset(); };
        return boot('a');
    }
    environment& there() { return sim.machine("10.0.0.9"); }
    static atom name() { return "other@10.0.0.9"_atom; }
    pid theirs(std::uint32_t id) const { return {name(), id, 0, creation}; }
    reference fresh_reference() {
        reference r;
        r.node = name();
        r.creation = creation;
        r.size = 3;
        r.words[0] = ++last_word;
        return r;
    }

    void connect_as(dist::flags announced, const std::string& as = "other@10.0.0.9") {
        dist::dial_options options;
        options.self = {*node_name::parse(as), creation, announced};
        options.peer = *node_name::parse(name_of('a').text());
        options.secret = *dist::cookie::from_text("a secret of the tests");
        options.candidates = {{*wire::ip_address::parse(a.address), a->listening_at().port}};
        options.deadline = there().now() + 5s;
        auto made = sim.block_on(dist::dial(there(), guard, decisions, std::move(options)));
        ASSERT_TRUE(made) << made.error().message();
        told.clear();
        link = std::make_unique<dist::connection>(there(), *std::move(made), *this);
        link->start();
        settle();
    }
    void settle() { sim.run_for(100ms); }

    void on_message(dist::connection&, dist::incoming&& message) override { told.push_back(std::move(message)); }
    void on_down(dist::connection& which, const error&) override {
        if (link.get() == &which) link.reset();
    }

    /// Names of what our node has sent since the last call.
    lines operations() {
        settle();
        lines names;
        for (const auto& m : std::exchange(told, {})) names.emplace_back(dist::operation_name(m.control));
        return names;
    }
    /// The newest message of that kind.
    template <class Kind>
    Kind last() {
        settle();
        for (auto i = told.rbegin(); i != told.rend(); ++i)
            if (auto* found = std::get_if<Kind>(&i->control)) return *found;
        ADD_FAILURE() << "our node has sent no such message";
        return {};
    }
    void say(const dist::control_message& what, const term* payload = nullptr) { (void)link->send(what, payload); }

    process* at_work = nullptr; ///< Acts as `worker` between two of its messages.
    inbox heard = make_inbox(); ///< What it got.
    pid worker = a->spawn([this](process& self) -> task<> {
        at_work = &self;
        self.trap_exit(true);
        for (;;) {
            term message = co_await self.receive();
            heard->push_back(to_erlang(message));
        }
    });
};

} // namespace

TEST_F(ForeignPeer, LinksAndUnlinksThatCrossLeaveNothing) {
    connect_as(dist::announced(false));
    // Both link; ours unlinks while their own unlink is under way.
    at_work->link(theirs(1));
    say(ctl::link{theirs(1), worker});
    EXPECT_EQ(operations(), (lines{"LINK"}));
    at_work->unlink(theirs(1));
    say(ctl::unlink_id{7, theirs(1), worker});
    EXPECT_EQ(operations(), (lines{"UNLINK_ID", "UNLINK_ID_ACK"}));
    // Their link was sent before they knew of our unlink: it must not come back to life.
    say(ctl::link{theirs(1), worker});
    settle();
    EXPECT_TRUE(a->info(worker)->links.empty());
    say(ctl::unlink_id_ack{1, theirs(1), worker});
    settle();
    EXPECT_TRUE(a->info(worker)->links.empty());
    // From here on a link is a link again.
    say(ctl::link{theirs(1), worker});
    settle();
    EXPECT_EQ(a->info(worker)->links, std::vector{theirs(1)});
    const term reason{"bye"_atom};
    say(ctl::exit{theirs(1), worker}, &reason);
    settle();
    ASSERT_EQ(heard->size(), 1u);
    EXPECT_TRUE(heard->front().ends_with(",bye}")) << heard->front();
}

TEST_F(ForeignPeer, AcknowledgementsInAnyOrderEndOnlyTheirOwnUnlink) {
    connect_as(dist::announced(false));
    at_work->link(theirs(1));
    at_work->unlink(theirs(1));
    const auto first = last<ctl::unlink_id>().id;
    at_work->link(theirs(1));
    at_work->unlink(theirs(1));
    const auto second = last<ctl::unlink_id>().id;
    ASSERT_NE(first, second);
    at_work->link(theirs(1));
    say(ctl::unlink_id_ack{*second, theirs(1), worker});
    say(ctl::unlink_id_ack{*first, theirs(1), worker});
    say(ctl::unlink_id_ack{99, theirs(1), worker});
    settle();
    EXPECT_EQ(a->info(worker)->links, std::vector{theirs(1)}) << "the last word was to link";
    // Unlinks of theirs, with ids as they like, are acknowledged with the same.
    told.clear();
    for (const std::uint64_t id : {std::uint64_t{5}, std::uint64_t{3}, ~std::uint64_t{0}, std::uint64_t{3}})
        say(ctl::unlink_id{id, theirs(1), worker});
    settle();
    std::vector<std::uint64_t> ids;
    for (const auto& m : told)
        if (const auto* ack = std::get_if<ctl::unlink_id_ack>(&m.control)) ids.push_back(ack->id);
    EXPECT_EQ(ids, (std::vector<std::uint64_t>{5, 3, ~std::uint64_t{0}, 3}));
}

TEST_F(ForeignPeer, EndedProcessStillAcknowledgesAnUnlink) {
    connect_as(dist::announced(false));
    a->exit(worker, term{"kill"_atom});
    settle();
    say(ctl::unlink_id{4, theirs(1), worker});
    EXPECT_EQ(last<ctl::unlink_id_ack>().id, 4u);
}

TEST_F(ForeignPeer, EachMonitorGivesOneDownHoweverTheConnectionEnds) {
    connect_as(dist::announced(false));
    const auto fired = at_work->monitor(theirs(1));
    const auto given_up = at_work->monitor(theirs(1));
    at_work->monitor(theirs(2));
    settle();
    const term reason{"bye"_atom};
    say(ctl::monitor_p_exit{theirs(1), worker, fired}, &reason);
    say(ctl::monitor_p_exit{theirs(1), worker, fired}, &reason); // again, which no node does
    settle();
    EXPECT_EQ(heard->size(), 1u);
    // A demonitor and their DOWN cross, and the connection is lost behind them.
    say(ctl::monitor_p_exit{theirs(1), worker, given_up}, &reason);
    at_work->demonitor(given_up);
    link->close(error{errc::stopped});
    settle();
    ASSERT_EQ(heard->size(), 2u) << testing::PrintToString(*heard);
    EXPECT_TRUE((*heard)[1].ends_with(",noconnection}")) << (*heard)[1];
    connect_as(dist::announced(false));
    say(ctl::monitor_p_exit{theirs(2), worker, fresh_reference()}, &reason);
    settle();
    EXPECT_EQ(heard->size(), 2u);
}

TEST_F(ForeignPeer, OpenSpawnRequestsAreAnsweredWhenTheConnectionIsLost) {
    connect_as(dist::announced(false));
    at_work->spawn_request(name(), "m"_atom, "f"_atom, {}, {.link = true});
    const auto abandoned = at_work->spawn_request(name(), "m"_atom, "f"_atom, {});
    at_work->demonitor(abandoned);
    EXPECT_EQ(operations(), (lines{"SPAWN_REQUEST", "SPAWN_REQUEST"}));
    link->close(error{errc::stopped});
    settle();
    ASSERT_EQ(heard->size(), 1u) << testing::PrintToString(*heard);
    EXPECT_TRUE(heard->front().starts_with("{spawn_reply,")) << heard->front();
    EXPECT_TRUE(heard->front().ends_with(",error,noconnection}")) << heard->front();
}

TEST_F(ForeignPeer, SpawnedProcessHearsOfAParentThatHasEndedBeforeTheAnswer) {
    connect_as(dist::announced(false));
    at_work->spawn_request(name(), "m"_atom, "f"_atom, {}, {.link = true});
    const auto request = last<ctl::spawn_request>();
    a->exit(worker, term{"kill"_atom});
    settle();
    told.clear();
    say(ctl::spawn_reply{request.id, worker, ctl::spawn_reply::link_made | ctl::spawn_reply::monitor_made, theirs(5)});
    settle();
    ASSERT_EQ(told.size(), 2u);
    const auto* demonitor = std::get_if<ctl::demonitor_p>(&told[0].control);
    ASSERT_NE(demonitor, nullptr);
    EXPECT_EQ(demonitor->ref, request.id);
    const auto* exit = std::get_if<ctl::exit>(&told[1].control);
    ASSERT_NE(exit, nullptr);
    EXPECT_EQ(exit->to, theirs(5));
    EXPECT_EQ(exit->from, worker);
    EXPECT_EQ(to_erlang(*told[1].payload), "killed");
}

TEST_F(ForeignPeer, NodeThatSpawnsNothingIsNotAsked) {
    connect_as(dist::announced(true).without(dist::capability::spawn).without(dist::capability::alias));
    at_work->spawn_request(name(), "m"_atom, "f"_atom, {}, {.link = true});
    settle();
    ASSERT_EQ(heard->size(), 1u);
    EXPECT_TRUE(heard->front().ends_with(",error,notsup}")) << heard->front();
    EXPECT_TRUE(a->is_connected(name()));
}

TEST_F(ForeignPeer, MonitorThatThePeerCannotTakeStillFiresWithTheConnection) {
    connect_as(dist::announced(true).without(dist::capability::dist_monitor_name));
    at_work->monitor(registered{"server"_atom, name()});
    EXPECT_TRUE(operations().empty());
    link->close(error{errc::stopped});
    settle();
    EXPECT_EQ(heard->size(), 1u);
}

TEST_F(ForeignPeer, SpeaksInOldFormsToOneThatKnowsOnlyThose) {
    const auto old = dist::announced(true)
                         .without(dist::capability::exit_payload)
                         .without(dist::capability::unlink_id)
                         .without(dist::capability::send_sender)
                         .without(dist::capability::fragments)
                         .without(dist::capability::dist_hdr_atom_cache);
    connect_as(old);
    a->send(theirs(1), term{"plain"_atom});
    at_work->link(theirs(1));
    at_work->unlink(theirs(1));
    settle();
    EXPECT_EQ(operations(), (lines{"SEND_SENDER", "LINK", "UNLINK_ID"}));
    // An unlink without a number is not acknowledged, and must not be waited for.
    say(ctl::link{theirs(1), worker});
    settle();
    EXPECT_EQ(a->info(worker)->links, std::vector{theirs(1)});
    at_work->unlink(theirs(1));
    operations();
    at_work->link(theirs(1));
    at_work->exit(theirs(2), term{"why"_atom});
    EXPECT_EQ(operations(), (lines{"LINK", "PAYLOAD_EXIT2"}));
    EXPECT_TRUE(a->is_connected(name()));
}

TEST_F(ForeignPeer, LinksThatOursUndoAreNotCountedForEver) {
    connect_as(dist::announced(false));
    for (std::size_t i = 0; i < limits::signals_per_peer_max + 2; ++i) {
        say(ctl::link{theirs(1), worker});
        at_work->link(theirs(1)); // known already, or not yet: the same
        at_work->unlink(theirs(1));
        if (i % 1000 == 0) sim.run_for(20ms);
        told.clear();
    }
    settle();
    EXPECT_TRUE(a->is_connected(name()));
}

TEST_F(ForeignPeer, WatchersOfNodesAreToldOfABadPacketInAWord) {
    const std::string long_name = std::string(200, 'p') + "@10.0.0.9";
    const std::string other_name = std::string(200, 'q') + "@10.0.0.8";
    settle();
    at_work->monitor_nodes(true, {.reason = true});
    connect_as(dist::announced(false), long_name);
    say(ctl::link{pid{atom{other_name}, 1, 0, 3}, worker}); // the sentence about it is longer than an atom may be
    settle();
    ASSERT_EQ(heard->size(), 2u);
    EXPECT_EQ((*heard)[1], "{nodedown,'" + long_name + "',[{nodedown_reason,bad_packet}]}");
    EXPECT_NE(a.events.back().find(other_name), std::string::npos) << "the event says all of it: " << a.events.back();
}

TEST_F(ForeignPeer, WatchersOfNodesChooseWhatTheyAreToldAndAsOften) {
    settle();
    at_work->monitor_nodes(true);
    at_work->monitor_nodes(true);
    at_work->monitor_nodes(true, {.type = true, .reason = true, .as_map = true});
    at_work->monitor_nodes(true, {.nodes = node_monitor_options::kind::hidden});
    at_work->monitor_nodes(true, {.connection_id = true});
    connect_as(dist::announced(false));
    const auto number = std::to_string(a->peer_details().at(0).connection);
    std::sort(heard->begin(), heard->end());
    EXPECT_EQ(*heard, (lines{"{nodeup,'other@10.0.0.9',#{connection_id => " + number + "}}",
                             "{nodeup,'other@10.0.0.9',#{node_type => visible}}", "{nodeup,'other@10.0.0.9'}",
                             "{nodeup,'other@10.0.0.9'}"}));
    heard->clear();
    at_work->monitor_nodes(false);
    at_work->monitor_nodes(false, {.connection_id = true});
    link->close(error{errc::stopped});
    settle();
    EXPECT_EQ(*heard,
              (lines{"{nodedown,'other@10.0.0.9',#{node_type => visible,nodedown_reason => connection_closed}}"}));
}

TEST_F(ForeignPeer, NewIncarnationOfItIsAnotherNodeForWhatKnewTheOldOne) {
    connect_as(dist::announced(false));
    const pid old = theirs(1);
    at_work->monitor(old);
    at_work->link(old);
    settle();
    creation = 10; // it comes back while the old connection is still up here
    auto before = std::exchange(link, nullptr);
    connect_as(dist::announced(false));
    settle();
    EXPECT_EQ(heard->size(), 2u) << testing::PrintToString(*heard);
    for (const auto& text : *heard) EXPECT_NE(text.find("noconnection"), std::string::npos) << text;
    heard->clear();
    at_work->monitor(old);
    at_work->send(old, term{"lost"_atom});
    settle();
    EXPECT_TRUE(operations().empty());
    ASSERT_EQ(heard->size(), 1u);
    EXPECT_TRUE(heard->front().ends_with(",noproc}")) << heard->front();
}
