// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/log.hpp>
#include <sedge/base/task.hpp>
#include <sedge/term/atom.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sedge {
class environment;
}

namespace sedge::cluster {

/// Whether a name that was heard may be dialled. Dialling lets the other side choose a challenge for us to answer,
/// so who listens to anybody on the network must not dial whom anybody names.
enum class trust { discovered_only, may_dial };

/// What a strategy is given: this node's view of the outside, and the ears of the reconciler.
///
/// The reconciler does the rest, the same for every strategy: it dials in parallel with backoff, logs, tells events.
/// Threads: only on the environment's thread. Life: outlives the strategy's `run`.
class strategy_context {
public:
    virtual ~strategy_context() = default;

    [[nodiscard]] virtual environment& env() noexcept = 0;
    [[nodiscard]] virtual const atom& self() const noexcept = 0;
    [[nodiscard]] virtual std::string_view topology() const noexcept = 0;

    /// These are all the nodes that should be connected now, in place of those of the last call. The own name may be
    /// among them. Nodes that are gone from the list are no longer dialled, and are disconnected if the strategy
    /// owns removal and no other topology wants them.
    virtual void want(std::vector<atom> nodes) = 0;

    /// `node` told that it lives. Trusted: it is wanted until it has been away and silent for some minutes. Not
    /// trusted: it is shown as discovered, once, with `hint` telling what would make it trusted.
    virtual void heard(atom node, trust how, std::string_view hint = {}) = 0;

    /// `node` told that it leaves: it is no longer dialled, until it is heard again. A connection stays.
    virtual void gone(atom node) { (void)node; }

    /// Whether all nodes that this topology wants are connected, so that it need not be in a hurry.
    [[nodiscard]] virtual bool is_complete() const { return false; }

    /// Completes when one of the nodes that are connected is lost.
    [[nodiscard]] virtual task<> loss();

    /// Whether `node`, which was heard just now, is away and must wait for its dial, because it was dialled a moment
    /// ago. If it hears us, it need not wait.
    [[nodiscard]] virtual bool must_wait(const atom& node) const { return static_cast<void>(node), false; }

    /// A log line of this topology; `text` comes without the prefix `[sedge:NAME] `.
    virtual void log(log_level level, std::string_view text) = 0;
    /// Adds one to the counter of that name, which tools show.
    virtual void count(std::string_view what) = 0;
};

/// How the reconciler treats what a strategy wants.
struct strategy_rules {
    bool owns_removal = false;    ///< A node that leaves the wanted set is disconnected.
    bool quiet = false;           ///< Log lines are left to other topologies that want the node, if there are any.
    milliseconds redial_least{0}; ///< Time between two dials of a node is at least this; backoff may make it longer.
};

/// A way to discover nodes: the seam for your own ones.
///
///     class every_second_host : public sedge::cluster::strategy {
///         std::string_view name() const noexcept override { return "every-second-host"; }
///         sedge::task<> run(sedge::cluster::strategy_context& topology) override {
///             for (;;) {
///                 topology.want(read_hosts());
///                 co_await sedge::sleep_for(topology.env(), 5s);
///             }
///         }
///     };
///
/// `run` is started once the node is up. It may return (a static list does); what it wanted stays wanted. An
/// exception that leaves it is logged, and `run` is started again after a pause. To stop it, its frame is destroyed
/// while it waits; `this` lives longer than the frame.
class strategy {
public:
    virtual ~strategy() = default;
    [[nodiscard]] virtual std::string_view name() const noexcept = 0;
    [[nodiscard]] virtual strategy_rules rules() const { return {}; }
    virtual task<> run(strategy_context& topology) = 0;
};

} // namespace sedge::cluster
