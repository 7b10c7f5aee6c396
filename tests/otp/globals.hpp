// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/nodes.hpp"

#include <sedge/otp/global.hpp>
#include <sedge/otp/kernel.hpp>
#include <sedge/term/text.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sedge::test {

/// Nodes that share global names; time is virtual.
class Globals : public Nodes {
protected:
    struct member {
        machine_node& node;
        std::unique_ptr<otp::kernel> kernel;
        [[nodiscard]] otp::global names() const { return kernel->global(); }
        sedge::node* operator->() const { return node.node.get(); }
    };
    std::vector<std::unique_ptr<member>> members;

    ~Globals() override {
        for (auto& m : members) m->kernel.reset();
    }

    member& start(char alive, otp::kernel_options options = {}, bool hidden = false) {
        auto& machine = boot(alive, "a secret of the tests", hidden);
        auto kernel = std::make_unique<otp::kernel>(*machine.node, std::move(options));
        EXPECT_TRUE(kernel->start());
        return *members.emplace_back(std::make_unique<member>(member{machine, std::move(kernel)}));
    }
    static otp::kernel_options reporting(otp::loss_reports which) {
        otp::kernel_options options;
        options.lost_connections = which;
        return options;
    }

    time_point in(duration d) { return sim.now() + d; }

    /// Connects, and waits until both have the same names.
    void meet(member& from, char to) {
        ASSERT_TRUE(connect(from.node, to));
        auto synced = sim.block_on(from.names().sync(in(60s), std::vector{name_of(to)}));
        EXPECT_TRUE(synced) << synced.error().message() << "\n" << sim.story();
        sim.run_for(100ms); // the other one may hear of it a moment later
    }
    bool is_registered(member& at, const term& name, const pid& who,
                       otp::conflict_resolver how = otp::conflict_method::random_exit) {
        auto done = sim.block_on(at.names().register_name(name, who, in(60s), how));
        EXPECT_TRUE(done) << done.error().message();
        return done && *done;
    }
    static std::string known(const member& at) {
        std::string text;
        for (const auto& node : at.names().known()) text += node.text().front();
        return text;
    }
    pid spawn_at(member& at, inbox into = make_inbox()) { return at->spawn(recorder(std::move(into))); }
    void cut(char a, char b) { sim.cut(address_of(a), address_of(b)); }

    /// Runs `body` on a process there until it ends.
    void on(member& at, std::function<task<>(process&)> body) {
        bool over = false;
        at->spawn([&over, &body](process& self) -> task<> {
            auto running = body(self);
            co_await std::move(running);
            over = true;
        });
        EXPECT_TRUE(sim.run_until([&over] { return over; }, 5min)) << sim.story();
    }
};

} // namespace sedge::test
