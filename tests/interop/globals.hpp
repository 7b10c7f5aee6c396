// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "interop/with_otp.hpp"

namespace sedge::test {

/// Nodes of both kinds that share global names.
class Global : public WithOtp {
protected:
    using conflict_method = otp::conflict_method;

    /// A process that keeps what it hears, on the last worker of its node.
    pid spawn_at(sedge_side& at) {
        return at.node.spawn(
            [this](process& self) -> task<> {
                for (;;) {
                    auto waiting = self.receive();
                    term message = co_await std::move(waiting);
                    env.post([this, text = to_erlang(message)] { heard.push_back(text); });
                }
            },
            {.worker = worker_choice::numbered(at.node.options().workers - 1)});
    }
    bool add(sedge_side& at, const term& name, const pid& who,
             otp::conflict_resolver how = conflict_method::random_exit) {
        auto done = run(at.kernel.global().register_name(name, who, in(30s), how));
        EXPECT_TRUE(done) << done.error().message();
        return done && *done;
    }
    /// Where the name is, as a node name; empty: nobody has it.
    static std::string node_of(sedge_side& at, const term& name) {
        auto who = at.kernel.global().whereis_name(name);
        return who ? who->node.str() : "";
    }
    void meet(sedge_side& from, otp_node& to) {
        ASSERT_TRUE(run(from.node.connect(atom{to.name()})));
        std::vector<atom> nodes{atom{to.name()}};
        auto synced = run(from.kernel.global().sync(in(30s), nodes));
        EXPECT_TRUE(synced) << synced.error().message();
        // Each end is done in its own time.
        EXPECT_EQ(to.erl("global:sync()"), "ok");
    }
    void TearDown() override {
        for (auto& each : theirs) EXPECT_EQ(each->complaints(), "") << each->name();
    }
};

/// Starts a process there that has the variable P, and collects what it gets in the table `got`.
inline const std::string start_p =
    "P = spawn(fun() -> F = fun G() -> receive M -> ets:insert(got, {M}) end, G() end, F() end)";
inline const std::string start_table =
    "spawn(fun() -> ets:new(got, [named_table, public, bag]), receive after infinity -> ok "
    "end end), timer:sleep(100)";

} // namespace sedge::test
