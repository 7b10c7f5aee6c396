// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/cluster/config.hpp>
#include <sedge/cluster/diagnosis.hpp>
#include <sedge/epmd/client.hpp>
#include <sedge/term/atom.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sedge {
class environment;
class node;
} // namespace sedge

/// Gathers the facts that `cluster/diagnosis.hpp` judges. Every question is bounded in time
/// (`limits::diagnosis_step_time`), and nothing that is found is an error: it is a fact.
///
/// Threads: only on the environment's thread. `env` and nodes must outlive the tasks.
namespace sedge::cluster {

struct peer_question {
    std::string peer;       ///< `node2@10.0.0.6`, not yet checked.
    bool long_names = true; ///< Of this side.
    std::uint16_t mapper_port = epmd::usual_port();
    bool tls = false;                           ///< `through` uses TLS.
    std::chrono::seconds tick_time{60};         ///< Of the nodes of this side.
    std::chrono::milliseconds setup_time{7000}; ///< For connecting; a little more than the node's own.
    std::optional<error> cannot_connect;        ///< Why there is no `through`.
};

/// Goes all steps to a node. Through a node it also connects and asks what only a peer can tell; that connection
/// stays, as after `Node.ping`. Without one, `through` null, it ends at the port mapper.
[[nodiscard]] task<peer_facts> examine_peer(environment& env, node* through, peer_question what);

/// Looks at this machine as a node with this configuration would find it. Sends nothing to other machines except
/// questions to DNS and one packet to a group on each interface; announces nobody.
[[nodiscard]] task<machine_facts> examine_machine(environment& env, configuration config);

/// How a connected node sees another one: `sedge_doctor:examine` of a sedge node, or a few calls of OTP's own functions
/// on one of OTP, of which the last connects the two.
///
/// Errors: those of the call, as a context that ends a sentence: "does not tell", "does not allow it",
/// "has no functions that tell: ...".
[[nodiscard]] task<result<std::vector<finding>>> ask_about(node& here, atom on, std::string about);

} // namespace sedge::cluster
