// SPDX-License-Identifier: Apache-2.0
//
// What observer, etop and LiveDashboard call: who gets the answers, when what they started ends, and what strange
// arguments do. Their values against OTP's are in tests/interop.
#include "otp/kernels.hpp"

namespace sedge::test {
namespace {

const std::vector<term> none{};

task<> wait_for_one(process& self) {
    auto message = self.receive();
    (void)co_await std::move(message);
}

class ServedTools : public Kernels {
protected:
    void only(std::set<otp::right> may) {
        at_b.reset();
        settle();
        otp::role r;
        r.name = "default";
        r.may = std::move(may);
        options_of_b.roles = otp::role_table{{r}};
        at_b.emplace(*b, options_of_b);
        ASSERT_TRUE(at_b->start());
    }
    /// Spawned on b by a process of a, which hears `answers` and the end of the spawned one, as text.
    std::vector<std::string> spawned(std::string_view function, std::vector<term> more, std::size_t answers,
                                     std::optional<pid> collector = {}) {
        std::vector<std::string> heard;
        on_a([&](process& self) -> task<> {
            std::vector<term> arguments{term{collector.value_or(self.self())}};
            arguments.insert(arguments.end(), more.begin(), more.end());
            self.spawn_request(b->name(), atom{"observer_backend"}, atom{function}, arguments);
            for (std::size_t i = 0; i < answers + 1; ++i) { // the first is the spawn_reply
                auto waiting = self.receive_if({}, self.env().now() + 5s);
                auto message = co_await std::move(waiting);
                if (message && i > 0) heard.push_back(to_erlang(*message));
            }
        });
        return heard;
    }
    term call(std::string_view module, std::string_view function, const std::vector<term>& arguments) {
        return sim.block_on(otp::erpc_call(*a, b->name(), atom{module}, atom{function}, arguments, in(60s))).body;
    }
};

TEST_F(ServedTools, EtopIsAnsweredOnItsNodeOnly) {
    auto heard = spawned("etop_collect", {}, 2);
    ASSERT_EQ(heard.size(), 2u);
    EXPECT_NE(heard[0].find("{etop_info,"), std::string::npos) << heard[0];
    EXPECT_NE(heard[0].find("{etop_proc_info,"), std::string::npos) << heard[0];
    EXPECT_TRUE(heard[1].ends_with(",normal}")) << heard[1];

    auto seen = make_inbox();
    pid other = b->spawn(recorder(seen));
    heard = spawned("etop_collect", {}, 1, other);
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_NE(heard[0].find("badarg"), std::string::npos) << heard[0];
    EXPECT_TRUE(seen->empty());
}

TEST_F(ServedTools, StatisticsComeUntilTheirCollectorIsGone) {
    const auto before = b->processes().size();
    auto heard = spawned("fetch_stats", {term{250}}, 3);
    ASSERT_EQ(heard.size(), 3u);
    for (const auto& text : heard) EXPECT_TRUE(text.starts_with("{stats,1,[{1,")) << text;
    settle();
    EXPECT_EQ(b->processes().size(), before);
}

TEST_F(ServedTools, ThereAreOnlySoManySamplers) {
    const auto before = b->processes().size();
    int refused = 0;
    on_a([&](process& self) -> task<> {
        for (int i = 0; i < 70; ++i)
            self.spawn_request(b->name(), atom{"observer_backend"}, atom{"fetch_stats"},
                               {term{self.self()}, term{60'000}});
        for (int i = 0; i < 70 + 6; ++i) { // as many spawn_reply, and a DOWN for each that was refused
            auto waiting = self.receive_if({}, self.env().now() + 5s);
            auto message = co_await std::move(waiting);
            if (message && to_erlang(*message).find("system_limit") != std::string::npos) ++refused;
        }
        EXPECT_EQ(b->processes().size(), before + 64);
    });
    EXPECT_EQ(refused, 6);
    settle();
    EXPECT_EQ(b->processes().size(), before);
    EXPECT_EQ(spawned("fetch_stats", {term{250}}, 2).size(), 2u) << "there is room again";
}

TEST_F(ServedTools, ReportsNeedNoMoreThanInfo) {
    only({otp::right::info});
    EXPECT_EQ(spawned("procs_info", {}, 1).front().substr(0, 12), "{procs_info,");
    only({otp::right::call, otp::right::spawn});
    auto heard = spawned("procs_info", {}, 1);
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_NE(heard[0].find("not_permitted"), std::string::npos) << heard[0];
}

TEST_F(ServedTools, TracersAreToldThatThereIsNothingToTrace) {
    const auto before = b->processes().size();
    std::vector<std::string> heard;
    on_a([&](process& server) -> task<> { // as dbg's server with a tracer of its own
        server.spawn_request(b->name(), atom{"dbg"}, atom{"do_relay"}, {term{server.self()}, term{server.self()}});
        for (int i = 0; i < 2; ++i) {
            auto waiting = server.receive_if({}, server.env().now() + 5s);
            auto message = co_await std::move(waiting);
            if (message) heard.push_back(to_erlang(*message));
        }
        co_await server.sleep(5s);
        EXPECT_EQ(b->processes().size(), before + 1);
    });
    ASSERT_EQ(heard.size(), 2u);
    EXPECT_TRUE(heard[1].starts_with("{started,")) << heard[1];
    settle();
    EXPECT_EQ(b->processes().size(), before) << "the relay ends with the server";
    EXPECT_EQ(to_erlang(call("dbg", "erlang_trace", {term{atom{"all"}}, term{true}, term{none}})), "0");
}

TEST_F(ServedTools, TracerThatWantsAPortIsEndedInsteadOfWaitingForEver) {
    at_a.reset(); // as a BEAM, where everybody may end everything
    settle();
    otp::kernel_options open;
    otp::role everybody;
    everybody.name = "default";
    everybody.may.insert(otp::right::control);
    open.roles = otp::role_table{{everybody}};
    at_a.emplace(*a, open);
    ASSERT_TRUE(at_a->start());
    pid server = a->spawn([&](process& self) -> task<> {
        const std::tuple wanted{atom{"port"}, 8415};
        self.spawn_request(b->name(), atom{"dbg"}, atom{"do_relay"}, {term{self.self()}, term{wanted}});
        co_await self.sleep(1h);
    });
    settle();
    EXPECT_FALSE(a->is_alive(server));
    // Somebody else's process is not touched.
    pid other = b->spawn(wait_for_one);
    on_a([&](process& self) -> task<> {
        self.spawn_request(b->name(), atom{"dbg"}, atom{"do_relay"}, {term{other}, term{std::tuple{atom{"port"}, 1}}});
        co_await self.sleep(1s);
    });
    EXPECT_TRUE(b->is_alive(other));
}

TEST_F(ServedTools, TheApplicationsPageShowsWhoHasSpawnedWhom) {
    pid parent = b->spawn(
        [](process& self) -> task<> {
            self.spawn(wait_for_one, {.label = "child"});
            auto waiting = wait_for_one(self);
            co_await std::move(waiting);
        },
        {.label = "parent", .name = atom{"parent"}});
    settle();
    const auto before = b->processes().size();
    auto seen = make_inbox();
    pid client = a->spawn(recorder(seen));
    term started = call("appmon_info", "start_link2", {term{client}, term{client}, term{none}});
    pid monitor = *started.element(1).as<pid>();
    auto ask = [&](std::string_view what, const char* about, bool on) {
        a->send(monitor, term{std::tuple{atom{"$gen_cast"}, std::tuple{client, atom{what}, atom{about}, on, none}}});
        settle();
    };
    ask("app_ctrl", "b", true);
    ASSERT_EQ(seen->size(), 1u);
    EXPECT_NE(seen->back().find(",sedge,{sedge,\"C++ nodes in an Erlang cluster\","), std::string::npos)
        << seen->back();
    ask("app", "sedge", true);
    ASSERT_EQ(seen->size(), 2u);
    EXPECT_NE(seen->back().find("{\"user\",\"parent\"}"), std::string::npos) << seen->back();
    EXPECT_NE(seen->back().find("{\"parent\",\"child <0."), std::string::npos) << seen->back();
    sim.run_for(10s);
    EXPECT_EQ(seen->size(), 2u); // nothing has changed
    b->send(parent, term{1});
    sim.run_for(3s);
    EXPECT_EQ(seen->size(), 3u);
    ask("app", "sedge", false);
    pid late = b->spawn(wait_for_one);
    sim.run_for(10s);
    EXPECT_EQ(seen->size(), 3u);
    EXPECT_TRUE(b->is_alive(monitor));
    b->send(late, term{1});
    a->exit(client, term{atom{"kill"}});
    settle();
    EXPECT_FALSE(b->is_alive(monitor));
    EXPECT_EQ(b->processes().size(), before - 1); // without the parent
}

TEST_F(ServedTools, ThereAreOnlySoManyApplicationMonitors) {
    pid client = a->spawn(wait_for_one);
    const std::vector<term> arguments{term{client}, term{client}, term{none}};
    for (int i = 0; i < 16; ++i) EXPECT_EQ(call("appmon_info", "start_link2", arguments).arity(), 2u) << i;
    EXPECT_EQ(to_erlang(call("appmon_info", "start_link2", arguments)), "system_limit");
    a->send(client, term{1});
    settle();
    pid next = a->spawn(wait_for_one);
    EXPECT_EQ(call("appmon_info", "start_link2", {term{next}, term{next}, term{none}}).arity(), 2u);
    EXPECT_EQ(to_erlang(call("appmon_info", "start_link2", {term{1}, term{b->group_leader()}, term{none}})), "badarg");
}

TEST_F(ServedTools, StrangeArgumentsHurtNobody) {
    pid stranger{atom{"x@y"}, 1, 2, 3};
    term improper{improper_list{{term{1}}, term{2}}};
    const std::vector<term> strange{term{1},
                                    term{-1},
                                    term{"text"},
                                    term{none},
                                    term{atom{"nil"}},
                                    term{stranger},
                                    improper,
                                    term{std::vector<term>{improper, term{none}, term{stranger}}},
                                    term{std::tuple{atom{"application"}, 1}},
                                    term{std::map<atom, int>{{atom{"total"}, -5}}}};
    for (const auto& f : at_b->functions().names()) {
        if (f.arity == otp::function_table::any_arity) continue;
        for (const auto& argument : strange) {
            std::vector<term> arguments(static_cast<std::size_t>(f.arity), argument);
            (void)call(f.module.text(), f.function.text(), arguments);
        }
    }
    EXPECT_TRUE(b->is_connected(a->name()));
    EXPECT_EQ(sim.story().find("C++ exception"), std::string::npos) << sim.story();
}

} // namespace
} // namespace sedge::test
