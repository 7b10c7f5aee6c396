// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/nodes.hpp"

#include <sedge/otp/kernel.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/term/text.hpp>

#include <optional>

namespace sedge::test {

/// Two connected nodes, a and b, that serve others; time is virtual.
class Kernels : public Nodes {
protected:
    machine_node& a = boot('a');
    machine_node& b = boot('b');
    std::string written; ///< What b's group leader was given.
    otp::kernel_options options_of_b = [this] {
        otp::kernel_options options;
        options.output = [this](std::string_view text) { written += text; };
        return options;
    }();
    std::optional<otp::kernel> at_a;
    std::optional<otp::kernel> at_b;

    void SetUp() override {
        at_a.emplace(*a);
        at_b.emplace(*b, options_of_b);
        ASSERT_TRUE(at_a->start());
        ASSERT_TRUE(at_b->start());
        ASSERT_TRUE(connect(a, 'b'));
    }
    void TearDown() override {
        at_a.reset();
        at_b.reset();
    }

    time_point in(duration d) { return sim.now() + d; }

    /// `erpc:call` from a to b.
    template <class... T>
    otp::remote_outcome ask(std::string_view module, std::string_view function, const T&... arguments) {
        std::vector<term> list{term{arguments}...};
        return sim.block_on(otp::erpc_call(*a, b->name(), atom{module}, atom{function}, list, in(60s)));
    }
    /// What `rpc:call` from a to b shows, as Erlang text.
    template <class... T>
    std::string rpc(std::string_view module, std::string_view function, const T&... arguments) {
        return to_erlang(otp::rpc_value(ask(module, function, arguments...)));
    }

    /// Runs `body` on a process of a until it ends.
    void on_a(std::function<task<>(process&)> body) {
        bool over = false;
        a->spawn([&over, &body](process& self) -> task<> {
            auto running = body(self);
            co_await std::move(running);
            over = true;
        });
        EXPECT_TRUE(sim.run_until([&over] { return over; }, 5min)) << sim.story();
    }

    /// Everything that is still under way arrives.
    void settle() { sim.run_for(2s); }
};

} // namespace sedge::test
