// SPDX-License-Identifier: Apache-2.0
//
// How long a process waits for its turn beside a flooded one. This is about the time that things take, so it is not
// virtual: what counts is the time for which the node's own thread computes, whatever else the machine does.
#include "process/nodes.hpp"

#include <sedge/wire/system.hpp>

#include <algorithm>
#include <ctime>

using namespace sedge;
using namespace sedge::test;

namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr duration latest = 15ms; // everything takes several times as long
#else
constexpr duration latest = 3ms;
#endif

duration computed() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

} // namespace

TEST(Flood, AProcessThatWaitsAMillisecondHasItsTurnInThreeBesideAFloodedOne) {
    shared_names table;
    fixed_directory names{table, "127.0.0.1"};
    wire::system_environment env;
    node_options options;
    options.name = "flooded@127.0.0.1";
    options.cookie = *dist::cookie::from_text("a secret of the tests");
    options.listen_on = wire::ip_address::loopback_v4();
    node us{options, env, names};
    env.block_on(us.start()).value();

    bool over = false;
    std::size_t handled = 0;
    const pid sink = us.spawn([&](process& self) -> task<> {
        for (; !over; ++handled) {
            auto waiting = self.receive();
            co_await std::move(waiting);
        }
    });
    for (int i = 0; i < 100; ++i)
        us.spawn([&, sink](process& self) -> task<> {
            const term flooding{std::tuple{"m"_atom, 1}};
            while (!over) {
                auto sending = self.send_wait(sink, flooding);
                co_await std::move(sending);
            }
        });
    std::vector<duration> waits;
    us.spawn([&](process& self) -> task<> {
        for (int i = 0; i < 300; ++i) {
            const auto begin = computed();
            auto pause = self.sleep(1ms);
            co_await std::move(pause);
            waits.push_back(computed() - begin);
        }
        over = true;
    });
    env.run_until([&] { return over; });
    env.block_on(us.stop());

    EXPECT_GT(handled, 3'000u) << "that was no flood";
    std::sort(waits.begin(), waits.end());
    EXPECT_LT(waits[waits.size() * 99 / 100], latest) << "longest: " << waits.back().count() << " ns";
}
