// SPDX-License-Identifier: Apache-2.0
//
// The process registered as global_name_server: hands messages and node events to the core, and carries out its
// effects. Messages of other nodes come with their origin, {Mark, Origin, Message}: access_control.cpp says why.

#include "otp/global/core.hpp"
#include "otp/global/missing_names.hpp"
#include "otp/global/pairing.hpp"
#include "otp/global/partitions.hpp"
#include "otp/global/service.hpp"
#include "otp/terms.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/base/nursery.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/term/text.hpp>

#include <deque>
#include <set>
#include <unordered_map>

namespace sedge::otp::registry {
namespace {

constexpr duration resolve_one_time{seconds{5}};  ///< For a node to decide one conflict.
constexpr duration resolve_all_time{seconds{60}}; ///< For all of one pairing; then the other side's names stay.
constexpr std::size_t introductions_max = limits::dials_max; ///< Under way at a time; the others wait.
constexpr duration second_dial_pause{milliseconds{100}};
constexpr duration comparison_pause{seconds{1}};   ///< From an introduction until names are compared.
constexpr duration comparisons_apart{seconds{15}}; ///< Between the comparisons of a cluster with few names, at most;
constexpr duration comparison_per_name{milliseconds{1}}; ///< and of one with many, for each.
constexpr duration comparison_time{seconds{10}};         ///< For a node to say which names it knows.
constexpr duration repair_time{seconds{30}};             ///< For the lock under which a name is registered again.

class server {
public:
    server(process& self, service_ptr service) : self_(self), service_(std::move(service)) {
        mark_ = term{service_->origin_mark};
        for (const auto& peer : self_.node().peers()) node_up(peer);
        carry_out();
    }

    [[nodiscard]] time_point deadline() const { return next_deadline(s_).value_or(time_point::max()); }

    void on_message(const term& message) {
        if (is_tuple(message, 3) && message.element(0) == mark_.view()) {
            auto origin = message.element(1).as<atom>();
            registry::on_message(s_, *origin, term{message.element(2)}, now());
        } else {
            on_own_message(message);
        }
        report_losses(s_, now());
        carry_out();
    }
    void on_time() {
        give_up_overdue(s_, now());
        remove_overdue(s_, now());
        report_losses(s_, now());
        carry_out();
    }

private:
    time_point now() const { return self_.env().now(); }

    void on_own_message(const term& message) {
        const term_view view = message.view();
        if (is_tagged(view, "nodeup", 2)) {
            if (auto peer = view.element(1).as<atom>()) node_up(*peer);
        } else if (is_tagged(view, "nodedown", 2)) {
            if (auto peer = view.element(1).as<atom>()) peer_lost(s_, *peer, now());
        } else if (is_tagged(view, "DOWN", 5)) {
            on_down(view);
        } else if (is_tagged(view, "lock_is_set", 4)) {
            auto tag = view.element(2).as<std::int64_t>();
            if (tag) lock_is_set(s_, *view.element(1).as<atom>(), *tag, term{view.element(3)}, now());
        } else if (is_tagged(view, "lock_not_answered", 3)) {
            auto tag = view.element(2).as<std::int64_t>();
            if (tag) lock_not_answered(s_, *view.element(1).as<atom>(), *tag, now());
        } else {
            registry::on_message(s_, self_.node().name(), message, now());
        }
    }

    void node_up(const atom& peer) {
        // Whoever greets must pair to the end. With a node whose answers are refused we do not begin.
        if (service_->may_take_part(peer)) peer_up(s_, peer);
    }

    void on_down(const term_view& message) {
        auto who = message.element(3).as<pid>();
        auto ref = message.element(1).as<reference>();
        auto found = who ? monitors_.find(*who) : monitors_.end();
        if (found == monitors_.end() || found->second != ref) return;
        monitors_.erase(found);
        process_down(s_, *who);
        auto gone = s_.watched.take(); // the monitor has fired; nothing to take back
        for (const auto& other : gone.unwatch)
            if (other != *who) demonitor(other);
    }

    /// A name may come before the connection to its node. A monitor would then fail at once if that node could not be
    /// reached a moment ago, and the name would be forgotten for good; so it waits for the connection.
    void monitor(const pid& who) {
        bool is_near = who.node == self_.node().name() || self_.node().is_connected(who.node);
        if (is_near) {
            monitors_.insert_or_assign(who, self_.monitor(who));
            return;
        }
        auto [waiting, is_first] = unreached_.try_emplace(who.node);
        waiting->second.push_back(who);
        if (is_first) jobs_.start(reach(who.node));
    }

    task<> reach(atom node) {
        auto connecting = connect_to(node);
        (void)co_await std::move(connecting); // without connection the monitors fail, as they should
        auto waiting = unreached_.extract(node);
        for (const auto& who : waiting.mapped()) monitors_.insert_or_assign(who, self_.monitor(who));
    }

    /// Of a node that was heard of just now. A dial that is under way already counts for our call, too; after a split
    /// it may have begun while nobody could be reached, and then its failure tells nothing. So a second one is made.
    task<bool> connect_to(atom node) {
        for (bool is_last : {false, true}) {
            auto connecting = self_.node().connect(node);
            result<void> connected = co_await std::move(connecting);
            if (connected || self_.node().is_connected(node)) co_return true;
            if (is_last) break;
            auto sleeping = sleep_until(self_.env(), now() + second_dial_pause);
            co_await std::move(sleeping);
        }
        co_return self_.node().is_connected(node);
    }

    void demonitor(const pid& who) {
        if (auto waiting = unreached_.find(who.node); waiting != unreached_.end()) std::erase(waiting->second, who);
        auto found = monitors_.find(who);
        if (found == monitors_.end()) return;
        self_.demonitor(found->second);
        monitors_.erase(found);
    }

    void carry_out() {
        if (carrying_out_) return; // the outer call goes on
        carrying_out_ = true;
        while (!s_.out.empty()) {
            effects all = std::exchange(s_.out, {});
            for (auto& one : all) std::visit([this](auto& what) { perform(what); }, one);
        }
        carrying_out_ = false;
        auto changes = s_.watched.take();
        for (const auto& who : changes.unwatch) demonitor(who);
        for (const auto& who : changes.watch) monitor(who);
        service_->changed.set();
        service_->changed.reset();
    }

    /// Nothing here makes a connection but an introduction: what was put out must not come back by our own message.
    void send_there(const atom& node, const term& message) {
        if (self_.node().is_connected(node)) self_.send(registered{atom{"global_name_server"}, node}, message);
    }

    void perform(const effect::cast& what) { send_there(what.to, tuple(atom{"$gen_cast"}, what.message)); }
    void perform(const effect::plain& what) { send_there(what.to, what.message); }
    void perform(const effect::answer& what) { reply(self_, what.to, what.value); }
    void perform(const effect::wake_locker&) { self_.send(service_->locker, term{atom{"wake"}}); }
    void perform(const effect::pass_to_locker& what) { self_.send(service_->locker, what.message); }
    void perform(const effect::release_lock& what) { self_.send(service_->locker, make_release(what)); }
    void perform(const effect::resolve& what) { jobs_.start(resolve(what)); }
    void perform(const effect::introduce& what) {
        to_meet_.push_back(what.node);
        meet_next();
    }
    void perform(const effect::compare_names& what) {
        if (comparing_.insert(what.node).second) jobs_.start(compare_soon(what.node));
        if (!std::exchange(is_comparing_, true)) jobs_.start(compare_now_and_then());
    }
    void perform(const effect::disconnect& what) { self_.node().disconnect(what.node); }
    void perform(const effect::settled& what) { service_->tell(what.what); }
    void perform(const effect::note& what) { self_.env().log(what.level, printable(what.text)); }

    void meet_next() {
        while (meeting_ < introductions_max && !to_meet_.empty()) {
            atom node = std::move(to_meet_.front());
            to_meet_.pop_front();
            ++meeting_;
            jobs_.start(introduce(std::move(node)));
        }
    }

    task<> introduce(atom node) {
        auto connecting = connect_to(node);
        bool is_connected = co_await std::move(connecting);
        introduced(s_, node, is_connected, now());
        carry_out();
        --meeting_;
        meet_next();
    }

    task<> compare_soon(atom node) {
        auto sleeping = sleep_until(self_.env(), now() + comparison_pause);
        co_await std::move(sleeping);
        comparing_.erase(node);
        auto comparing = compare_names(std::move(node));
        co_await std::move(comparing);
    }

    /// With one member at a time, as long as there are nodes of OTP among them: these can forget names at any time.
    task<> compare_now_and_then() {
        while (is_mixed(s_)) {
            auto most = std::max<duration>(comparisons_apart, s_.names.size() * comparison_per_name);
            auto sleeping = sleep_until(self_.env(), now() + self_.env().random_between(most / 2, most));
            co_await std::move(sleeping);
            const auto known = s_.known_nodes();
            if (known.empty()) break;
            auto comparing = compare_names(known[self_.env().random_below(known.size())]);
            co_await std::move(comparing);
        }
        is_comparing_ = false;
    }

    task<> compare_names(atom node) {
        if (!s_.known.contains(node)) co_return;
        auto asking = find_missing_names(service_, node, now() + comparison_time);
        auto missing = co_await std::move(asking);
        for (auto& entry : missing) repair(std::move(entry));
    }

    /// Nobody waits for the outcome; what finds the registrar too busy is found missing again by a later comparison.
    void repair(named entry) {
        if (service_->requests.size() >= missing_names_max) return;
        self_.env().log(log_level::info, printable("[sedge:global] not every node knows " + to_erlang(entry.name) +
                                                   ": registering it again"));
        auto request = std::make_shared<global::service::request>(self_.env(), now() + repair_time);
        request->what = global::service::request::kind::repair;
        request->entry = std::move(entry);
        service_->requests.push_back(std::move(request));
        self_.send(service_->registrar, term{atom{"request"}});
    }

    task<> resolve(effect::resolve what) {
        std::vector<verdict> verdicts;
        const auto end = now() + resolve_all_time;
        for (const auto& one : what.conflicts) {
            auto asking = decide(one, std::min(end, now() + resolve_one_time));
            verdicts.push_back(co_await std::move(asking));
        }
        conflicts_resolved(s_, what.node, what.tag, verdicts, now());
        carry_out();
    }

    /// Asked where the process lives that this side knows by the name.
    task<verdict> decide(conflict c, time_point until) {
        const pid mine = c.mine.who;
        const auto method = method_of(c.mine.method);
        term answer;
        if (method && mine.node == self_.node().name()) {
            answer = resolve_here(*service_, *method, c.his.name, c.his.who, mine);
        } else {
            std::vector<term> arguments{c.mine.method, c.his.name, term{c.his.who}, term{mine}};
            auto asking = erpc_call(self_.node(), mine.node, atom{"global"}, atom{"resolve_it"}, arguments, until);
            remote_outcome outcome = co_await std::move(asking);
            if (outcome.what != remote_outcome::kind::value) {
                note_conflict(c, "stays with the other part's process: " + mine.node.str() + " cannot be asked");
                co_return verdict::his;
            }
            answer = std::move(outcome.body);
        }
        if (is_tagged(answer, "EXIT", 2)) { // to OTP, too, that is as if nobody could be asked
            note_conflict(c, "stays with the other part's process: " + to_erlang(c.mine.method) + " failed with " +
                                 to_erlang(answer.element(1)));
            co_return verdict::his;
        }
        if (answer == term{c.his.who}) co_return verdict::his;
        if (answer == term{mine}) co_return verdict::mine;
        if (!answer.is_atom("none"))
            note_conflict(c, "is nobody's now: " + to_erlang(c.mine.method) + " said " + to_erlang(answer));
        co_return verdict::none;
    }

    void note_conflict(const conflict& c, const std::string& what) {
        self_.env().log(log_level::info,
                        printable("[sedge] global: conflicting name " + to_erlang(c.his.name) + " " + what));
    }

    process& self_;
    service_ptr service_;
    state& s_ = *service_->names;
    term mark_;
    bool carrying_out_ = false;
    std::unordered_map<pid, reference> monitors_;
    std::unordered_map<atom, std::vector<pid>> unreached_; ///< To be monitored when their node is connected.
    std::deque<atom> to_meet_;
    std::size_t meeting_ = 0;
    std::set<atom> comparing_;
    bool is_comparing_ = false;
    nursery jobs_; // last: it goes first
};

} // namespace

term resolve_here(global::service& at, conflict_method method, const term& name, const pid& one, const pid& other) {
    node& here = at.here;
    auto settled = settle(method, name, one, other);
    const bool spared = settled.killed && settled.killed->node == here.name() && !at.is_named_by_us(*settled.killed);
    if (spared) {
        here.env().log(log_level::info, printable("[sedge] global: " + to_string(*settled.killed) + " loses the name " +
                                                  to_erlang(name) + ", and lives on: others have given it the name"));
    } else if (settled.killed) {
        here.env().log(log_level::info, printable("[sedge] global: Name conflict terminating {" + to_erlang(name) +
                                                  "," + to_string(*settled.killed) + "}"));
        here.exit(*settled.killed, term{atom{"kill"}});
    }
    for (const auto& [who, message] : settled.told) here.send(who, message);
    return settled.kept ? term{*settled.kept} : term{atom{"none"}};
}

task<> run_server(process& self, service_ptr service) {
    self.monitor_nodes(true);
    server one{self, std::move(service)};
    for (;;) {
        auto waiting = self.receive_if({}, one.deadline());
        std::optional<term> message = co_await std::move(waiting);
        if (message)
            one.on_message(*message);
        else
            one.on_time();
    }
}

} // namespace sedge::otp::registry
