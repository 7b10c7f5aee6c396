// SPDX-License-Identifier: Apache-2.0
//
// sedge_mesh: connections are transitive. When a visible peer comes up, each side tells the other which visible nodes
// it sees, and connects to those it did not know:
//
//   {sedge_mesh, 1, [Node, ...]}   to the name sedge_mesh on the new peer
//
// Every new connection leads to the same exchange, so n nodes of which each knows one end up fully connected. A BEAM
// node has no such name and drops the message without a word; BEAM nodes learn of each other by `global`, which a node
// of sedge does not speak yet: two BEAM nodes that only a sedge node knows stay strangers.
//
// The sender has proved that it knows the cookie, so what it names may be dialled; how much at a time is bounded, and a
// name that cannot be reached is not tried again until it is named again. Keeping it up is a topology's work.

#include "otp/kernel_state.hpp"
#include "otp/terms.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/dist/node_name.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <unordered_set>

namespace sedge::otp {
namespace {

constexpr std::size_t dials_max = 16; // under way at a time; further names wait for the next exchange

class mesh {
public:
    explicit mesh(process& self) : self_(self) {}

    void tell(const atom& peer) {
        auto seen = self_.node().peers();
        if (std::find(seen.begin(), seen.end(), peer) == seen.end()) return; // hidden, or gone again
        std::erase(seen, peer);
        if (seen.empty()) return;
        self_.send(registered{atom{"sedge_mesh"}, peer}, term{std::tuple{atom{"sedge_mesh"}, 1, seen}});
        // The others hear of the newcomer from here, and need not wait until it has dialled them.
        for (const auto& other : seen)
            self_.send(registered{atom{"sedge_mesh"}, other},
                       term{std::tuple{atom{"sedge_mesh"}, 1, std::vector{peer}}});
    }

    void hear(const std::vector<atom>& named) {
        auto& here = self_.node();
        for (const auto& name : named) {
            if (dialling_.size() >= dials_max) return;
            if (name == here.name() || here.is_connected(name) || dialling_.count(name)) continue;
            auto parsed = node_name::parse(name.text());
            if (!parsed || !check_name_kind(here.options().long_names, *parsed)) continue;
            dialling_.insert(name);
            dials_.start(dial(name));
        }
    }

private:
    task<> dial(atom name) {
        auto connecting = self_.node().connect(name);
        (void)co_await std::move(connecting); // who stays away is the topologies' to tell
        dialling_.erase(name);
    }

    process& self_;
    std::unordered_set<atom> dialling_;
    nursery dials_; // last: it goes first
};

} // namespace

task<> run_mesh(process& self) {
    self.monitor_nodes(true);
    mesh all{self};
    for (const auto& peer : self.node().peers()) all.tell(peer);
    for (;;) {
        term message = co_await self.receive();
        if (is_tagged(message.view(), "nodeup", 2)) {
            if (auto peer = message.element(1).as<atom>()) all.tell(*peer);
        } else if (is_tagged(message.view(), "sedge_mesh", 3) && message.element(1).as<int>() == 1) {
            if (auto named = message.element(2).as<std::vector<atom>>()) all.hear(*named);
        }
    }
}

} // namespace sedge::otp
