// SPDX-License-Identifier: Apache-2.0
//
// The locker: a process of its own that locks `global` in both partitions when two nodes pair. Both lockers lock, in
// the name of both, `{global, [Locker1, Locker2]}` with the pids in order, so neither stands in the other's way, and
// the lock stays until both have given it back.
//
// One of them begins, whichever wakes first: it locks its own partition and the peer, then
//
//   cast {lock_set, MyLocker, true, Known, HisTag}       to the peer's global_name_server, which hands it to its locker
//
// The peer's locker locks its partition and answers the same way: true, or false if it could not; then both try again
// later. If both begin at once, each takes the other's message as the answer. With both locks set the server is told
// (lock_is_set), pairs, and tells us when to give the lock back, and whom to tell of new nodes before:
//
//   {cancel, Node, Tag, Nodes, Message}
//
// The server cancels in the same way when the pairing ends for another reason. OTP's locker waits for ever for the
// answer; this one for timing::lock_answer, then the server leaves that peer alone for a while. A peer that is locking
// or waiting for a third node answers when it is done with that.

#include "otp/global/ask.hpp"
#include "otp/global/pairing.hpp"
#include "otp/terms.hpp"

#include <algorithm>

namespace sedge::otp::registry {
namespace {

/// OTP's delays: soon if we know nobody yet, longer the more nodes there are, so that somebody else can get the lock.
constexpr duration delay_alone = milliseconds{200};
constexpr duration delay_least = seconds{1};
constexpr duration delay_per_node = milliseconds{100};
constexpr duration delay_most = seconds{3};

constexpr duration release_slack = seconds{30}; ///< The server lets go first; this is for the case that it does not.

/// What was locked, so that exactly that is given back: who is known may change meanwhile.
struct partition_lock {
    lock_outcome outcome = lock_outcome::refused;
    std::vector<atom> nodes;
};

class locker {
public:
    locker(process& self, service_ptr service) : self_(self), service_(std::move(service)) {}

    /// When `round` is due; a round that has nothing to do is not due.
    time_point next_round() {
        const auto now = self_.env().now();
        if (!has_candidate(names(), now)) {
            due_.reset();
            return next_pause_end(names(), now).value_or(time_point::max());
        }
        if (!due_) due_ = now + delay();
        return *due_;
    }

    task<> round() {
        due_.reset();
        auto all = candidates(names(), self_.env().now());
        if (all.empty() || names().locks.is_set(global_resource())) co_return;
        candidate him = choose(std::move(all));
        lock_key key = key_for(him.locker);
        auto locking = lock_partition(key, him.node);
        partition_lock done = co_await std::move(locking);
        if (done.outcome == lock_outcome::silent) give_up(him);
        if (done.outcome != lock_outcome::set) co_return;
        send_lock_set(him, true);
        auto waiting = answer_of(him);
        std::optional<bool> answer = co_await std::move(waiting);
        if (answer == true) {
            auto holding = hold(him.node, him.my_tag, key, std::move(done.nodes));
            co_await std::move(holding);
        } else {
            auto freeing = unlock_on(self_, std::move(done.nodes), key, in_time());
            co_await std::move(freeing);
        }
    }

    task<> on_message(term message) {
        auto offer = read_lock_set(message);
        if (!offer || !offer->is_set) co_return; // a wake-up, or something about a pairing that is over
        auto him = candidate_of(names(), offer->locker.node);
        bool fits =
            him && him->locker == offer->locker && (!offer->tag || offer->tag->as<std::int64_t>() == him->my_tag);
        if (!fits) { // nobody knows his tag; only his locker itself takes that
            self_.send(offer->locker, make_lock_set(self_.self(), false, service_->known(), {}));
            co_return;
        }
        if (is_paused(names(), him->node, self_.env().now())) {
            send_lock_set(*him, false);
            co_return;
        }
        lock_key key = key_for(him->locker);
        auto locking = lock_partition(key, {});
        partition_lock done = co_await std::move(locking);
        bool is_locked = done.outcome == lock_outcome::set;
        send_lock_set(*him, is_locked);
        if (!is_locked) co_return;
        auto holding = hold(him->node, him->my_tag, key, std::move(done.nodes));
        co_await std::move(holding);
    }

private:
    state& names() { return *service_->names; }
    const atom& me() { return names().me; }

    duration delay() {
        duration most = delay_alone;
        auto others = static_cast<int>(names().known.size());
        if (others > 0) most = std::min(delay_least + others * delay_per_node, delay_most);
        if (std::exchange(just_paired_, false)) most = milliseconds{0};
        // Random, so that nodes that wait for each other's locks do not stay in step.
        return most.count() == 0 ? most : self_.env().random_between(most / 2, most);
    }

    /// Peers of the same host go first, as in OTP.
    candidate choose(std::vector<candidate> all) {
        auto host_of = [](const atom& node) { return node.text().substr(node.text().find('@') + 1); };
        auto here = host_of(me());
        auto local = std::partition(all.begin(), all.end(), [&](const auto& c) { return host_of(c.node) == here; });
        auto among = local == all.begin() ? all.size() : static_cast<std::size_t>(local - all.begin());
        return std::move(all[self_.env().random_below(among)]);
    }

    lock_key key_for(const pid& other) {
        std::vector<pid> both{self_.self(), other};
        std::sort(both.begin(), both.end());
        return {global_resource(), term{both}};
    }

    time_point in_time() { return self_.env().now() + names().timing.ask; }

    /// This node, those known, and `also`, if it is not empty: all or none. The greatest goes first.
    task<partition_lock> lock_partition(lock_key key, atom also) {
        const atom boss = boss_of(me(), service_->known());
        if (!are_connected(service_->here, service_->known())) co_return partition_lock{lock_outcome::refused, {}};
        // Locking ourselves could stop somebody who has the boss already.
        if (boss != me() && !names().locks.can_set(key)) co_return partition_lock{lock_outcome::refused, {}};
        std::vector<atom> locked{boss};
        auto first = lock_on(self_, service_, locked, key, in_time());
        lock_outcome outcome = co_await std::move(first);
        if (outcome != lock_outcome::set) co_return partition_lock{outcome, {}};

        std::vector<atom> us{me()};
        if (!also.empty()) us.push_back(also);
        auto known = service_->known();
        for (std::vector<atom> step : {us, known}) {
            std::erase(step, boss);
            auto next = lock_on(self_, service_, step, key, in_time());
            outcome = co_await std::move(next);
            if (outcome != lock_outcome::set) {
                auto freeing = unlock_on(self_, std::move(locked), key, in_time());
                co_await std::move(freeing);
                co_return partition_lock{outcome, {}};
            }
            locked.insert(locked.end(), step.begin(), step.end());
        }
        co_return partition_lock{lock_outcome::set, std::move(locked)};
    }

    /// Somebody is silent: the peer, or a node of ours that will be gone soon. Either way that peer has to wait.
    void give_up(const candidate& him) {
        self_.send(service_->server, tuple(atom{"lock_not_answered"}, him.node, him.my_tag));
    }

    void send_lock_set(const candidate& him, bool is_set) {
        std::optional<term> tag;
        if (him.version >= version_with_acks) tag = him.his_tag;
        if (!self_.node().is_connected(him.node)) return;
        cast(self_, registered{atom{"global_name_server"}, him.node},
             make_lock_set(self_.self(), is_set, service_->known(), tag));
    }

    static bool is_cancel(const term_view& message, const atom& node, std::int64_t tag) {
        return is_tagged(message, "cancel", 5) && message.element(1).as<atom>() == node &&
               message.element(2).as<std::int64_t>() == tag;
    }

    /// What the other locker says about our lock; nothing if the pairing is over meanwhile.
    task<std::optional<bool>> answer_of(candidate him) {
        std::function<bool(const term_view&)> fits = [&him](const term_view& message) {
            if (is_cancel(message, him.node, him.my_tag)) return true;
            auto answer = read_lock_set(message);
            bool is_his = answer && answer->locker.node == him.node;
            return is_his && (!answer->tag || answer->tag->as<std::int64_t>() == him.my_tag);
        };
        auto waiting = self_.receive_if(std::move(fits), self_.env().now() + names().timing.lock_answer);
        std::optional<term> message = co_await std::move(waiting);
        if (!message) {
            give_up(him);
            co_return std::nullopt;
        }
        auto answer = read_lock_set(*message);
        co_return answer ? std::optional{answer->is_set} : std::nullopt;
    }

    /// Tells the server that both have the lock, and keeps it until the server cancels.
    task<> hold(atom node, std::int64_t tag, lock_key key, std::vector<atom> nodes) {
        self_.send(service_->server, tuple(atom{"lock_is_set"}, node, tag, key.requester));
        std::function<bool(const term_view&)> fits = [&node, tag](const term_view& message) {
            return is_cancel(message, node, tag);
        };
        const auto most = 3 * names().timing.exchange + release_slack;
        auto waiting = self_.receive_if(std::move(fits), self_.env().now() + most);
        std::optional<term> cancel = co_await std::move(waiting);
        if (cancel) {
            for (const auto& other : cancel->element(3).as<std::vector<atom>>().value_or(std::vector<atom>{}))
                if (self_.node().is_connected(other))
                    cast(self_, registered{atom{"global_name_server"}, other}, term{cancel->element(4)});
        }
        auto freeing = unlock_on(self_, std::move(nodes), std::move(key), in_time());
        co_await std::move(freeing);
        just_paired_ = true;
    }

    process& self_;
    service_ptr service_;
    std::optional<time_point> due_;
    bool just_paired_ = false;
};

} // namespace

term make_release(const effect::release_lock& what) {
    return tuple(atom{"cancel"}, what.node, what.tag, what.first_tell, what.message);
}

task<> run_locker(process& self, service_ptr service) {
    locker one{self, std::move(service)};
    for (;;) {
        auto waiting = self.receive_if({}, one.next_round());
        std::optional<term> message = co_await std::move(waiting);
        task<> work;
        if (message)
            work = one.on_message(*std::move(message));
        else
            work = one.round();
        co_await std::move(work);
    }
}

} // namespace sedge::otp::registry
