// SPDX-License-Identifier: Apache-2.0
//
// What belongs to worker 0, called from the thread of another worker.
#include "otp/globals.hpp"

#include <sedge/otp/pg.hpp>
#include <sedge/otp/pubsub.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/wire/system.hpp>

namespace sedge::test {
namespace {

class FirstWorker : public Globals {
protected:
    /// Runs `job` on the thread of a further loop, as the body of a process on worker 1 would.
    static void elsewhere(const std::function<void()>& job) {
        wire::system_environment env;
        auto loop = env.add_loop();
        loop->call(job, 10s);
    }
    static void run_elsewhere(const std::function<task<>()>& job) {
        elsewhere([&job] {
            nursery jobs;
            jobs.start(job());
        });
    }
    const std::string sentence = "called on worker 0; .*docs/guide/workers.md .*";
};

TEST_F(FirstWorker, IsTheOneToCallGroupsNamesAndOtherNodes) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    auto& a = start('a');
    otp::pubsub events{*a.node.node, a.kernel->pg(), "Test.PubSub"};
    ASSERT_TRUE(events.start());
    const pid who = spawn_at(a);
    auto& groups = a.kernel->pg();
    EXPECT_DEATH(elsewhere([&] { (void)groups.members("g"_atom); }), sentence + "pg::find");
    EXPECT_DEATH(elsewhere([&] { (void)groups.join("g"_atom, who); }), sentence + "pg::find");
    EXPECT_DEATH(elsewhere([&] { (void)a.names().whereis_name("x"_atom); }), sentence + "global::whereis_name");
    EXPECT_DEATH(run_elsewhere([&]() -> task<> {
                     auto registering = a.names().register_name("x"_atom, who, in(1s));
                     (void)co_await std::move(registering);
                 }),
                 sentence);
    EXPECT_DEATH(run_elsewhere([&]() -> task<> {
                     auto asking = otp::erpc_call(*a.node.node, name_of('a'), "erlang"_atom, "node"_atom, {}, in(1s));
                     (void)co_await std::move(asking);
                 }),
                 sentence);
    EXPECT_DEATH(elsewhere([&] { events.broadcast("t", term{1}); }), sentence + "send_to_others");
}

} // namespace
} // namespace sedge::test
