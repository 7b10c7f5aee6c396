// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/limits.hpp>
#include <sedge/base/log.hpp>
#include <sedge/cluster/backoff.hpp>
#include <sedge/cluster/event.hpp>
#include <sedge/cluster/strategy.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace sedge::cluster {

struct reconciler_options {
    backoff_options retry;
    duration dial_gap = seconds{1};            ///< Between two dials of one node, at least.
    duration yield_time = milliseconds{100};   ///< The smaller name waits so long with its first dial (see the .cpp).
    std::size_t dials_max = limits::dials_max; ///< Under way at a time.
    duration quiet_time = seconds{30};         ///< A failure for the same reason is not logged again within.
    duration forget_time = std::chrono::minutes{10}; ///< A node only heard of is wanted so long after it was last
                                                     ///< heard, or up.
    duration silence_time = seconds{6}; ///< Longer than between two heartbeats: heard after it, a node is back.
    /// Dials of nodes only heard of, per host named: a bucket of `host_dials` that one token joins every
    /// `host_dial_gap`. Dials that succeed give theirs back. So nobody can turn our dials on a third machine.
    std::size_t host_dials = 4;
    duration host_dial_gap = seconds{5};
};

/// Makes what topologies want and what is connected the same (core): who is dialled when, who is dropped, what is
/// logged. Events and time go in, effects come out; the rules stand at the head of reconciler.cpp.
///
/// See: `topologies`, which drives it.
class reconciler {
public:
    struct dial {
        atom node;
    };
    struct hang_up {
        atom node;
    };
    struct say {
        std::string topology;
        log_level level;
        std::string text; ///< Without `[sedge:NAME] `.
    };
    using effect = std::variant<dial, hang_up, say, event>;

    /// `seed`: what all its chance comes from.
    reconciler(atom self, std::uint64_t seed, reconciler_options options = {});

    void add_topology(std::string name, strategy_rules rules);
    /// Another strategy goes on with the topology. What the old one wanted stays wanted until the new one gives its
    /// first list; a strategy that only hears of nodes keeps them as if it had heard of them just now.
    void change_topology(const std::string& name, strategy_rules rules, time_point now);
    /// What only this topology wanted is disconnected, whatever its strategy: somebody decided so.
    void remove_topology(const std::string& name);

    // What strategies say; of a topology that does not exist: nothing happens.
    void want(const std::string& topology, std::vector<atom> nodes, time_point now);
    /// False if nothing is to be done because of it: a node that is up, and was heard before.
    bool heard(const std::string& topology, const atom& node, trust how, std::string_view hint, time_point now);
    void gone(const std::string& topology, const atom& node);

    // What happens to connections. Up and down alternate for each node.
    void node_up(const atom& node, time_point now);
    void node_down(const atom& node, std::string_view reason, time_point now);
    /// There was no connection that a `hang_up` could end.
    void was_gone(const atom& node);
    /// The outcome of a `dial`; exactly one for each. `code` unset: it succeeded.
    void dialled(const atom& node, std::error_code code, std::string_view reason, time_point now);

    /// Lets time pass: starts the dials that are due, forgets who was heard too long ago.
    void advance(time_point now);
    /// When `advance` has something to do next; nothing if only an event can change that.
    [[nodiscard]] std::optional<time_point> next_wake() const;

    /// What is to be done, in this order, since the last call.
    [[nodiscard]] std::vector<effect> take_effects() { return std::exchange(effects_, {}); }

    /// Whether `node` is wanted and away, and its next dial lies ahead.
    [[nodiscard]] bool must_wait(const atom& node, time_point now) const;

    /// Whether all nodes that the topology wants are up.
    [[nodiscard]] bool is_complete(const std::string& topology) const;

    /// Sorted by name; nodes that are up but nobody's are left out.
    [[nodiscard]] std::vector<known_node> nodes() const;

private:
    struct claim { // why a topology wants a node
        bool listed = false;
        std::optional<time_point> heard_at;
        bool inherited = false; // from the strategy before, and not yet confirmed by this one
        bool leaving = false;   // it said goodbye while it was up
    };
    struct peer {
        std::map<std::string, claim> claims; // by topology; empty: not wanted
        std::set<std::string> dropped_by;    // topologies that want its connection ended
        bool up = false;
        time_point up_since{};
        time_point away_since{};
        bool dialling = false;
        std::optional<time_point> dial_started; // of the dial under way, or of the one that just succeeded
        std::optional<duration> dial_took;
        std::optional<time_point> last_dial;
        time_point next_dial{};
        backoff retry;
        std::uint64_t failures = 0;
        std::string last_reason;
        time_point quiet_until{};
    };
    struct topology {
        strategy_rules rules;
        std::set<atom> discovered;
        bool discovered_too_many = false;
        bool wanted_too_many = false;
    };
    struct bucket {
        double tokens = 0;
        time_point at{};
    };

    peer& peer_of(const atom& node);
    claim& claim_for(const atom& node, const std::string& topology, time_point now);
    void drop_claim(const atom& node, peer& p, const std::string& topology, bool decided = false);
    void erase_if_nobodys(const atom& node);
    void make_room_for_heard(const std::string& topology);
    void schedule(peer& p, time_point at) const;
    [[nodiscard]] duration redial_gap(const peer& p) const;
    [[nodiscard]] std::optional<time_point> expiry(const peer& p, const claim& c) const;
    [[nodiscard]] bool needs_token(const atom& node, const peer& p) const;
    [[nodiscard]] bool is_silent(const peer& p, time_point now) const;
    bool take_token(const atom& node, peer& p, time_point now);
    void give_token_back(const atom& node);
    void tell(const peer& p, event::kind what, const atom& node, duration took, std::string_view reason,
              std::error_code code = {});
    void say_to_all(const peer& p, log_level level, const std::string& text);
    std::uint64_t chance() noexcept;

    atom self_;
    std::uint64_t random_state_;
    reconciler_options options_;
    std::map<std::string, topology> topologies_;
    std::map<atom, peer> peers_;
    std::map<std::string, bucket, std::less<>> buckets_; // by host; full ones are left out
    std::size_t dials_ = 0;
    std::vector<effect> effects_;
};

} // namespace sedge::cluster
