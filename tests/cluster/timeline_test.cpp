// SPDX-License-Identifier: Apache-2.0
//
// What a timeline makes of the life of a small cluster, in virtual time.
#include "cluster/clusters.hpp"
#include "cluster/timeline/timeline_limits.hpp"

#include <sedge/cluster/timeline.hpp>
#include <sedge/otp/kernel.hpp>

#include <gmock/gmock.h>

#include <filesystem>

namespace sedge::test {
namespace {

using cluster::timeline;
using cluster::timeline_entry;
using testing::ElementsAre;

class Timelines : public Clusters {
protected:
    std::optional<timeline> history;
    std::vector<std::string> heard; ///< All events of a, kept or not.
    timeline::subscription listening;

    ~Timelines() override {
        listening.reset();
        history.reset();
        running.clear();
    }

    static std::string text_of(const timeline_entry& e) {
        std::string out = e.event;
        for (const auto* part : {&e.node, &e.topology, &e.reason})
            if (!part->empty()) out += " " + *part;
        return out;
    }
    /// A node, a unless told otherwise, whose topology wants these hosts, and its timeline.
    machine_node& watched(std::vector<std::string> hosts, const std::string& path = {}, char alive = 'a') {
        auto& made = boot(alive);
        running[alive] = std::make_unique<cluster::topologies>(*made);
        history.emplace(*made, *running[alive], path);
        listening = history->watch([this](const timeline_entry& e) { heard.push_back(text_of(e)); });
        add("t", std::move(hosts), alive);
        return made;
    }
    void add(const std::string& name, std::vector<std::string> hosts, char alive = 'a') {
        cluster::epmd_strategy options;
        options.hosts = std::move(hosts);
        auto added = running[alive]->add({name, make_strategy(std::move(options))});
        EXPECT_TRUE(added) << added.error().message();
    }
    std::vector<std::string> kept(std::uint64_t after = 0) {
        std::vector<std::string> out;
        for (const auto& e : history->since(after, 10'000)) out.push_back(text_of(e));
        return out;
    }
};

} // namespace

TEST_F(Timelines, LifeOfANodeIsToldInOrder) {
    watched({"b@10.0.0.2"});
    sim.run_for(10s);
    auto& b = boot('b');
    sim.run_for(10s);
    kill(b);
    sim.run_for(1s);
    const auto seen = kept();
    ASSERT_EQ(seen.size(), 6u) << testing::PrintToString(seen);
    EXPECT_EQ(seen[0], "sedge.topology.added t epmd");
    EXPECT_THAT(seen[1], testing::StartsWith("libcluster.connect_node.error b@10.0.0.2 t "));
    EXPECT_EQ(seen[2], "libcluster.connect_node.ok b@10.0.0.2 t");
    EXPECT_EQ(seen[3], "sedge.node.up b@10.0.0.2");
    EXPECT_EQ(seen[4], "sedge.node.down b@10.0.0.2 connection_closed");
    EXPECT_THAT(seen[5], testing::StartsWith("libcluster.connect_node.error b@10.0.0.2 t ")) << "news again";
    EXPECT_GT(history->counts().at("libcluster.connect_node.error"), 2u) << "each attempt counts";
    const auto told = std::ranges::count_if(heard, [](const auto& e) { return e.find("node.error") != e.npos; });
    EXPECT_EQ(static_cast<std::uint64_t>(told), history->counts().at("libcluster.connect_node.error"))
        << "and watchers hear of each";

    const auto entries = history->since(0, 10);
    EXPECT_LT(entries[1].at, entries[2].at);
    EXPECT_GT(entries[2].took, duration{});
    EXPECT_GT(entries[4].took, 5s) << "how long it was up";
    EXPECT_THAT(kept(3), ElementsAre(seen[3], seen[4], seen[5]));
    EXPECT_EQ(history->since(0, 2).back().number, 2u) << "the oldest first";
}

TEST_F(Timelines, NodeThatIsNoLongerWantedIsDisconnectedByItsTopology) {
    boot('b');
    watched({"b@10.0.0.2"});
    sim.run_for(5s);
    running['a']->remove("t");
    sim.run_for(1s);
    EXPECT_THAT(kept(3),
                ElementsAre("sedge.topology.removed t", "libcluster.disconnect_node.ok b@10.0.0.2 t no longer wanted",
                            "sedge.node.down b@10.0.0.2 disconnect"));
}

TEST_F(Timelines, ToolsThatComeAndGoLeaveNoTrace) {
    auto& a = watched({"d@10.0.0.4"});
    boot('d', "a secret of the tests", true);
    auto& c = boot('c', "a secret of the tests", true);
    sim.run_for(5s);
    const auto before = kept().size();
    ASSERT_TRUE(connect(c, 'a'));
    sim.run_for(1s);
    kill(c);
    sim.run_for(1s);
    EXPECT_EQ(kept().size(), before);
    EXPECT_THAT(heard, testing::Contains("sedge.node.up c@10.0.0.3")) << "watchers hear of it";
    EXPECT_THAT(kept(), testing::Contains("sedge.node.up d@10.0.0.4")) << "a hidden node that a topology wants";
    EXPECT_TRUE(a.node->is_connected(name_of('d')));
}

TEST_F(Timelines, PeerThatDialsUsIsUpAndNotConnectedByATopology) {
    watched({});
    auto& b = boot('b');
    ASSERT_TRUE(connect(b, 'a'));
    sim.run_for(1s);
    EXPECT_THAT(kept(1), ElementsAre("sedge.node.up b@10.0.0.2"));
}

TEST_F(Timelines, ProgramsNoteWhatIsTheirs) {
    watched({});
    EXPECT_TRUE(history->note("press.jammed", "plate 7"));
    EXPECT_THAT(kept(1), ElementsAre("press.jammed plate 7"));
    for (const auto* wrong : {"", "Press", "a b", ".a", "a.", "a..b", "a\n"}) EXPECT_FALSE(history->note(wrong));
    for (std::size_t i = 1; i < limits::timeline_names_max; ++i)
        EXPECT_TRUE(history->note("press." + std::to_string(i)));
    EXPECT_FALSE(history->note("press.one_too_many"));
    EXPECT_TRUE(history->note("press.jammed")) << "known ones go on";
    EXPECT_TRUE(history->note("sedge.ready"));
}

TEST_F(Timelines, MemoryKeepsTheNewestThousand) {
    watched({});
    for (int i = 0; i < 1500; ++i) history->note("press.jammed", std::to_string(i));
    EXPECT_EQ(kept().size(), limits::timeline_memory_max);
    EXPECT_EQ(kept().back(), "press.jammed 1499");
    EXPECT_EQ(history->last_number(), 1501u);
}

TEST_F(Timelines, NumbersAndHistoryGoOnAfterARestart) {
    char name[] = "/tmp/sedge-timeline-test-XXXXXX";
    const std::filesystem::path folder = mkdtemp(name);
    const auto path = (folder / "events").string();
    watched({}, path);
    history->note("press.jammed", "before");
    history.reset();
    EXPECT_EQ(cluster::read_timeline(path, 100).value().entries.size(), 2u) << "written when it ends";
    history.emplace(*(*Nodes::all.front()), *running['a'], path);
    history->note("press.jammed", "after");
    EXPECT_THAT(kept(), ElementsAre("sedge.topology.added t epmd", "press.jammed before", "press.jammed after"));
    EXPECT_EQ(history->last_number(), 3u);
    history.reset();
    EXPECT_EQ(cluster::read_timeline(path, 1).value().entries.front().number, 3u);
    std::filesystem::remove_all(folder);
}

TEST_F(Timelines, FileThatCannotBeWrittenIsToldAndStopsNothing) {
    auto& a = watched({"b@10.0.0.2"}, "/nowhere/events");
    boot('b');
    const auto told = [&] {
        return std::ranges::any_of(sim.log(sim.machine(a.address)), [](const auto& line) {
            return line.text.find("events cannot be written to disk: /nowhere/events") != std::string::npos;
        });
    };
    // Virtual time outruns the thread that writes.
    for (const auto end = std::chrono::steady_clock::now() + 30s; !told() && std::chrono::steady_clock::now() < end;)
        sim.run_for(2s);
    EXPECT_TRUE(told());
    EXPECT_TRUE(a.node->is_connected(name_of('b')));
    EXPECT_EQ(history->disk().written, 0u);
}

TEST_F(Timelines, GlobalNameThatGoesOverToAnotherPartIsTold) {
    auto& a = boot('a');
    auto& b = watched({}, {}, 'b');
    otp::kernel at_a{*a, {}};
    otp::kernel at_b{*b, {}};
    ASSERT_TRUE(at_a.start() && at_b.start());
    history->hear(at_b.global());
    const auto registered = [this](machine_node& at, otp::kernel& kernel) {
        const pid who = at->spawn(recorder(make_inbox()));
        auto done = sim.block_on(kernel.global().register_name(term{atom{"press"}}, who, sim.now() + 10s));
        EXPECT_TRUE(done && *done);
        return who;
    };
    const pid kept = registered(a, at_a);
    const pid lost = registered(b, at_b);
    ASSERT_TRUE(connect(b, 'a'));
    sim.run_for(10s);
    EXPECT_EQ(at_b.global().whereis_name(term{atom{"press"}}), kept);
    EXPECT_THAT(heard, testing::Contains("sedge.global.conflict a@10.0.0.1 press was " + to_string(lost) + ", is " +
                                         to_string(kept)));
    history.reset();
    sim.run_for(1s);
    at_a.stop();
    at_b.stop();
}

} // namespace sedge::test
