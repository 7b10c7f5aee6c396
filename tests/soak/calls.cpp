// SPDX-License-Identifier: Apache-2.0
#include "soak/world.hpp"

#include <sedge/otp/gen.hpp>
#include <sedge/otp/server.hpp>
#include <sedge/term/match.hpp>
#include <sedge/term/text.hpp>
#include <sedge/wire/environment.hpp>

#include <set>

namespace sedge::soak {
namespace {

using namespace std::chrono_literals;

constexpr auto call_patience = 20s; // a silent peer is down well before, so no call may wait that long

task<> end_after(process& self, milliseconds life) {
    auto sleeping = self.sleep(life);
    co_await std::move(sleeping);
    self.exit(term{atom{"done"}});
}

/// Answers `{echo, N, Bytes}` with itself, and `{target, Milliseconds}` with a process that ends after that time.
struct echo_server {
    std::optional<term> handle_call(process& self, const otp::gen_request& call) {
        std::int64_t life = 0;
        if (!match(call.request, tuple_of(atom{"target"}, var(life)))) return call.request;
        return term{self.spawn([life](process& target) { return end_after(target, milliseconds{life}); })};
    }
};

/// The monitors of one caller, each of which must give one DOWN.
class monitors {
public:
    monitors(process& self, world& all) : self_(self), all_(all) {}

    /// A process that soon ends, or has ended when the monitor arrives.
    void target(const pid& who) {
        open_.insert(self_.monitor(who));
        ++all_.counts["monitors"];
        ++all_.counts["monitors_open"];
    }
    /// The checker of the peer, always. Not among those that must be over in the end.
    void standing(const atom& peer) {
        if (standing_) return;
        standing_ = self_.monitor(registered{atom{"soak_worker"}, peer});
        ++all_.counts["monitors"];
    }
    void down(const reference& ref, const term& reason) {
        if (standing_ == ref) {
            standing_.reset();
        } else if (open_.erase(ref)) {
            --all_.counts["monitors_open"];
            if (!reason.is_atom("done") && !reason.is_atom("noproc") && !reason.is_atom("noconnection"))
                violated("DOWN with " + to_erlang(reason));
        } else {
            violated((fired_.contains(ref) ? "second DOWN of " : "unknown DOWN of ") + ref.node.str());
            return;
        }
        ++all_.counts["downs"];
        if (fired_.size() > 10000) fired_.clear();
        fired_.insert(ref);
    }

private:
    process& self_;
    world& all_;
    std::set<reference> open_;
    std::set<reference> fired_;
    std::optional<reference> standing_;
};

task<std::optional<term>> ask(process& self, world& all, atom peer, term request) {
    auto calling =
        otp::call(self, registered{atom{"soak_server"}, peer}, std::move(request), self.env().now() + call_patience);
    auto answer = co_await std::move(calling);
    if (answer) co_return *std::move(answer);
    if (answer.error().code() == errc::timed_out) violated("call to " + peer.str() + " without answer or end for 20 s");
    ++all.counts["calls_failed"];
    co_return std::nullopt;
}

task<> take_downs(process& self, monitors& mine, duration meanwhile) {
    auto due = self.env().now() + meanwhile;
    for (;;) {
        auto waiting = self.receive_if({}, due);
        auto message = co_await std::move(waiting);
        if (!message) co_return;
        reference ref;
        term reason;
        if (match(*message, tuple_of(atom{"DOWN"}, var(ref), any, any, var(reason)))) mine.down(ref, reason);
    }
}

} // namespace

task<> call(process& self, world& all, atom peer) {
    monitors mine{self, all};
    for (std::uint64_t n = 1;;) {
        auto taking = take_downs(self, mine, 200ms);
        co_await std::move(taking);
        if (all.quiet || !self.node().is_connected(peer)) continue;
        mine.standing(peer);

        term request{std::tuple{atom{"echo"}, n, payload(n, 1 + self.env().random_below(2000))}};
        auto asking = ask(self, all, peer, request);
        auto answer = co_await std::move(asking);
        if (answer && *answer == request) ++all.counts["calls"];
        if (answer && *answer != request) violated("call of " + peer.str() + " answered " + to_erlang(*answer));

        if (n % 5 == 0) {
            std::int64_t life = n % 2 == 0 ? 0 : static_cast<std::int64_t>(self.env().random_below(3000));
            auto wanting = ask(self, all, peer, term{std::tuple{atom{"target"}, life}});
            auto target = co_await std::move(wanting);
            if (target && target->as<pid>()) mine.target(*target->as<pid>());
        }
        ++n;
    }
}

process_body server() { return otp::server(echo_server{}); }

} // namespace sedge::soak
