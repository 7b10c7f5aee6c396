// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/fixed_directory.hpp"

#include <sedge/process/node.hpp>
#include <sedge/term/text.hpp>
#include <sedge/wire/simulation.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sedge::test {

using namespace std::chrono_literals;
using namespace sedge::literals;

/// A node that can put what it is to spawn on its workers in turn: the same test, with processes that are far apart.
class spreading_node : public sedge::node {
public:
    using sedge::node::node;
    bool spreads = false;

    pid spawn(process_body body, spawn_options options = {}) {
        if (spreads) options.worker = worker_choice::in_turn();
        return sedge::node::spawn(std::move(body), std::move(options));
    }
};

/// One node on a machine of its own, and what it reported.
struct machine_node {
    std::string address;
    std::unique_ptr<fixed_directory> names;
    std::unique_ptr<spreading_node> node;
    node::subscription watching;
    std::vector<std::string> events; ///< `up b@10.0.0.2`, `down b@10.0.0.2 connection_closed`

    spreading_node* operator->() { return node.get(); }
    spreading_node& operator*() { return *node; }
};

/// Several nodes, a to z, on machines 10.0.0.1 and up, in virtual time.
class Nodes : public ::testing::Test {
protected:
    /// `workers`: of the nodes; more than one have what they spawn in turn.
    explicit Nodes(std::uint64_t seed = 1, unsigned workers = 1) : sim{seed}, spread_over{workers} {}

    wire::simulation sim;
    shared_names table;
    std::vector<std::unique_ptr<machine_node>> all;
    std::function<void(node_options&)> adjust; ///< Changes the options of nodes booted from now on.
    const unsigned spread_over;

    ~Nodes() override {
        for (auto& n : all)
            if (n->node) sim.block_on(n->node->stop());
        all.clear();
    }

    static std::string address_of(char alive) { return "10.0.0." + std::to_string(alive - 'a' + 1); }
    static atom name_of(char alive) { return atom{std::string{alive} + "@" + address_of(alive)}; }

    machine_node& boot(char alive, std::string cookie = "a secret of the tests", bool hidden = false) {
        auto& made = *all.emplace_back(std::make_unique<machine_node>());
        made.address = address_of(alive);
        made.names = std::make_unique<fixed_directory>(table, made.address);
        node_options options;
        options.name = name_of(alive).str();
        options.cookie = *dist::cookie::from_text(cookie);
        options.hidden = hidden;
        options.workers = spread_over;
        if (adjust) adjust(options);
        made.node = std::make_unique<spreading_node>(std::move(options), sim.machine(made.address), *made.names);
        made.node->spreads = spread_over > 1;
        made.watching = made.node->watch([&made](const node_event& e) {
            if (e.what == node_event::kind::changed) return;
            made.events.push_back(e.what == node_event::kind::up ? "up " + e.node.str()
                                                                 : "down " + e.node.str() + " " + e.reason);
        });
        auto started = sim.block_on(made.node->start());
        EXPECT_TRUE(started.has_value()) << started.error().message();
        return made;
    }

    result<void> connect(machine_node& from, char to) { return sim.block_on(from.node->connect(name_of(to))); }

    /// Kills the program of a node, as SIGKILL does, and forgets the node.
    void kill(machine_node& n) {
        sim.crash(n.address);
        n.watching = {};
        n.node.reset();
    }
};

/// Messages a process has received, as text.
using inbox = std::shared_ptr<std::vector<std::string>>;

/// A body that writes down every message.
inline process_body recorder(inbox into, bool trap_exit = false) {
    return [into, trap_exit](process& self) -> task<> {
        self.trap_exit(trap_exit);
        for (;;) {
            auto message = self.receive();
            term m = co_await std::move(message);
            into->push_back(to_erlang(m.view()));
        }
    };
}

inline inbox make_inbox() { return std::make_shared<std::vector<std::string>>(); }

} // namespace sedge::test
