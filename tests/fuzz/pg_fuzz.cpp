// SPDX-License-Identifier: Apache-2.0
//
// What the scope process of a peer can send: a list of messages, encoded as one term. Whatever they say, nothing
// crashes, what the peer can make us remember stays within its bounds, a node has no members but its own, and the end
// of the peer takes everything away. Among the messages, {up, Node}, {down, Pid}, {join, Group} and {leave, Group}
// stand for events of this node.
#include "otp/pg/membership.hpp"

#include <sedge/base/assert.hpp>
#include <sedge/term/match.hpp>

#include <cstddef>
#include <cstdint>

using namespace sedge;
using namespace sedge::literals;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto messages = term::decode({data, size});
    if (!messages || !messages->view().is_list()) return 0;
    constexpr otp::membership_limits most{20, 64, 200};
    const atom here{"a"};
    const pid self{here, 1, 0, 1};
    const pid own[] = {{here, 2, 0, 1}, {here, 3, 0, 1}};
    otp::membership core{"pg"_atom, most};
    otp::pg_effects effects;
    core.start(self, {}, effects);
    for (auto message : messages->view().elements()) {
        atom node;
        pid ended;
        term group;
        if (match(message, tuple_of("up"_atom, var(node))))
            core.node_up(node, effects);
        else if (match(message, tuple_of("down"_atom, var(ended))))
            core.down(ended, effects);
        else if (match(message, tuple_of("join"_atom, var(group))))
            core.join(group, own, effects);
        else if (match(message, tuple_of("leave"_atom, var(group))))
            core.leave(group, own, effects);
        else
            core.on_message(message, effects);
    }
    for (const auto& name : core.groups()) {
        const auto members = core.members(name);
        SEDGE_ASSERT(!members.empty());
        for (const auto& local : core.local_members(name)) SEDGE_ASSERT(local.node == here);
    }
    for (const auto& peer : core.peers()) {
        SEDGE_ASSERT(peer.node != here);
        SEDGE_ASSERT(core.memberships_of(peer.node) <= most.memberships_max);
        core.down(peer, effects);
        SEDGE_ASSERT(core.memberships_of(peer.node) == 0);
    }
    for (const auto& name : core.groups()) {
        SEDGE_ASSERT(core.members(name) == core.local_members(name));
        while (core.leave(name, own, effects) > 0) {
        }
    }
    SEDGE_ASSERT(core.groups().empty());
    return 0;
}
