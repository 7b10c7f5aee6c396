// SPDX-License-Identifier: Apache-2.0
#include "cluster/supervised.hpp"

#include "process/nodes.hpp"

using namespace sedge;
using namespace sedge::test;

namespace {

// Ends `times` times with a failure, `apart` between two of them; then waits for ever.
task<> failing(process& self, std::shared_ptr<int> runs, int times, duration apart) {
    if (++*runs > times) {
        auto forever = self.receive();
        co_await std::move(forever);
    }
    auto sleeping = self.sleep(apart);
    co_await std::move(sleeping);
    self.exit(term{"broken"_atom});
}

class Supervised : public Nodes {
protected:
    machine_node& a = boot('a');
    std::shared_ptr<int> runs = std::make_shared<int>(0);
    std::string given_up;

    void supervise(int times, duration apart) {
        auto counted = runs;
        process_body body = [counted, times, apart](process& self) { return failing(self, counted, times, apart); };
        a->spawn(cluster::supervised("worker", body, [this](const std::string& why) { given_up = why; }));
        sim.run_for(1min);
    }
};

} // namespace

TEST_F(Supervised, ProcessThatFailsIsStartedAgainUnderItsName) {
    supervise(3, 0s);
    EXPECT_EQ(*runs, 4);
    EXPECT_TRUE(a->whereis("worker"_atom));
    EXPECT_EQ(given_up, "");
}

TEST_F(Supervised, FourthFailureInFiveSecondsIsGivenUp) {
    supervise(100, 0s);
    EXPECT_EQ(*runs, 4);
    EXPECT_FALSE(a->whereis("worker"_atom));
    EXPECT_EQ(given_up, "broken");
}

TEST_F(Supervised, FailuresThatAreFarApartAreNot) {
    supervise(20, 2s);
    EXPECT_EQ(*runs, 21);
    EXPECT_EQ(given_up, "");
}

TEST_F(Supervised, ProcessThatIsDoneIsNotStartedAgain) {
    auto counted = runs;
    process_body body = [counted](process&) -> task<> {
        ++*counted;
        co_return;
    };
    a->spawn(cluster::supervised("worker", body, {}));
    sim.run_for(1min);
    EXPECT_EQ(*runs, 1);
}
