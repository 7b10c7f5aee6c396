// SPDX-License-Identifier: Apache-2.0
//
// Each node runs one worker, registered as `worker`. Every 2 s it sends {seq, Number} to the worker of every other
// node, counting per receiver, and it monitors the worker of every node that comes up. What workers see is held
// against the invariants:
//
//   order      numbers from one sender rise by one; a gap is excused by the loss of the connection, nothing else is
//   past       nothing comes from an incarnation after a later one has been seen
//   down       each monitor gives exactly one DOWN, and none without a monitor
//   alternate  of one peer, up and down take turns
//   names      see global_checks.hpp
//   groups     see pg_checks.hpp
//   mesh       8 s after the end of all faults each node sees every other
//   teardown   no stream is left when all is gone
#include "sim/chaos.hpp"

#include "sim/global_checks.hpp"
#include "sim/pg_checks.hpp"

#include <sedge/cluster/strategies.hpp>
#include <sedge/cluster/topology.hpp>
#include <sedge/epmd/directory.hpp>
#include <sedge/otp/kernel.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/simulation.hpp>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>

namespace sedge::test {
namespace {

using namespace std::chrono_literals;

class chaos;

/// What one incarnation of a node has seen of the others.
struct diary {
    chaos& world;
    std::string self;
    std::map<atom, bool> up;
    std::map<atom, std::uint32_t> creation_seen;  // the latest incarnation that sent something
    std::map<atom, std::set<std::uint32_t>> past; // incarnations that a later one has followed
    std::map<atom, std::uint64_t> next;           // number expected from that node's present incarnation
    std::map<atom, bool> excused;                 // the connection was lost since the last number
    std::map<reference, atom> monitors;           // set, and not yet down
    std::uint64_t messages = 0;
    std::uint64_t downs = 0;

    void violated(const std::string& what);
    void node_event(const sedge::node_event& e);
    void number(const pid& from, std::uint64_t n);
    void down(const reference& ref);
};

struct machine {
    std::string address;
    std::string name;
    std::shared_ptr<diary> notes;
    std::shared_ptr<name_diary> names_held;
    std::unique_ptr<epmd::directory> names;
    std::unique_ptr<sedge::node> node;
    std::unique_ptr<otp::kernel> kernel;
    std::unique_ptr<cluster::topologies> topologies;
    node::subscription watching;
    nursery starting; // last: it goes first
};

task<> worker(process& self, std::shared_ptr<diary> notes) {
    self.monitor_nodes(true);
    std::map<atom, std::uint64_t> sent;
    auto watch = [&](const atom& node) { notes->monitors[self.monitor(registered{atom{"worker"}, node})] = node; };
    for (const auto& peer : self.node().peers()) watch(peer);
    auto next_round = self.env().now() + 2s;
    for (;;) {
        auto waiting = self.receive_if({}, next_round);
        auto message = co_await std::move(waiting);
        if (!message) {
            next_round += 2s;
            for (const auto& peer : self.node().peers())
                self.send(registered{atom{"worker"}, peer}, term{std::tuple{atom{"seq"}, self.self(), ++sent[peer]}});
            continue;
        }
        auto view = message->view();
        if (view.element(0).is_atom("seq")) {
            notes->number(*view.element(1).as<pid>(), *view.element(2).as<std::uint64_t>());
        } else if (view.element(0).is_atom("nodeup")) {
            watch(*view.element(1).as<atom>());
        } else if (view.element(0).is_atom("DOWN")) {
            notes->down(*view.element(1).as<reference>());
        }
    }
}

class chaos {
public:
    explicit chaos(const chaos_options& o) : options(o), sim(o.seed), chance(o.seed * 7919 + 13) {}

    chaos_report run() {
        for (int i = 0; i < options.nodes; ++i) {
            auto& m = *machines.emplace_back(std::make_unique<machine>());
            m.address = "10.0.0." + std::to_string(i + 1);
            m.name = "n" + std::to_string(i + 1) + "@" + m.address;
            boot(m);
        }
        auto end = sim.now() + std::chrono::minutes{options.virtual_minutes};
        while (sim.now() < end) {
            for (const auto next = sim.now() + between(500ms, 20s); sim.now() < next;) {
                sim.run_for(std::min<duration>(next - sim.now(), 1s));
                look_at_names();
            }
            if (sim.now() < end) fault();
        }
        settle();
        tear_down();
        report.trace_hash = sim.trace_hash();
        if (!report.violations.empty()) report.story = sim.story();
        return std::move(report);
    }

    void violated(const std::string& who, const std::string& what) {
        auto at = std::chrono::duration<double>(sim.now().time_since_epoch()).count();
        if (report.violations.size() < 20) report.violations.push_back(std::to_string(at) + " s, " + who + ": " + what);
    }

    chaos_options options;
    wire::simulation sim;
    std::mt19937_64 chance;
    std::vector<std::unique_ptr<machine>> machines;
    name_checks names;
    chaos_report report;
    pg_checks groups{options.seed};

private:
    duration between(duration least, duration most) {
        return least +
               duration{static_cast<duration::rep>(chance() % static_cast<std::uint64_t>((most - least).count()))};
    }
    machine& any() { return *machines[chance() % machines.size()]; }

    std::unique_ptr<cluster::strategy> discovery() {
        if (options.seed % 2 == 0) {
            cluster::gossip_strategy gossip;
            gossip.secret = "the secret of a simulation";
            return make_strategy(std::move(gossip));
        }
        cluster::epmd_strategy listed;
        for (auto& m : machines) listed.hosts.push_back(m->name);
        for (int i = static_cast<int>(machines.size()); i < options.nodes; ++i) {
            auto n = std::to_string(i + 1);
            listed.hosts.push_back("n" + n + "@10.0.0." + n);
        }
        return make_strategy(std::move(listed));
    }

    void boot(machine& m) {
        auto& env = sim.machine(m.address);
        m.notes = std::make_shared<diary>(diary{*this, m.name, {}, {}, {}, {}, {}, {}, 0, 0});
        epmd::directory_options where;
        where.own_host = m.address;
        where.port = 4369;
        m.names = std::make_unique<epmd::directory>(env, where);
        node_options how;
        how.name = m.name;
        how.cookie = *dist::cookie::from_text("the cookie of a simulation");
        how.tick_time = seconds{8};
        m.node = std::make_unique<sedge::node>(std::move(how), env, *m.names);
        m.watching = m.node->watch([notes = m.notes](const node_event& e) { notes->node_event(e); });
        m.starting.start(start(m));
    }

    task<> start(machine& m) {
        auto starting = m.node->start();
        auto started = co_await std::move(starting);
        if (!started) {
            violated(m.name, "did not start: " + started.error().message());
            co_return;
        }
        m.kernel = std::make_unique<otp::kernel>(*m.node);
        (void)m.kernel->start();
        m.node->spawn([notes = m.notes](process& self) { return worker(self, notes); },
                      {.label = "worker", .name = atom{"worker"}});
        m.names_held = std::make_shared<name_diary>();
        m.node->spawn([names = m.kernel->global(), held = m.names_held](process& self) {
            return compete_for_names(self, names, held);
        });
        groups.start(*m.node, *m.kernel);
        m.topologies = std::make_unique<cluster::topologies>(*m.node);
        (void)m.topologies->add({"simulated", discovery()});
    }

    void forget(machine& m) {
        m.starting.cancel();
        m.topologies.reset();
        m.kernel.reset();
        m.watching = {};
        report.messages += m.notes->messages;
        report.downs += m.notes->downs;
        if (m.names_held) report.names_won += m.names_held->won;
        if (m.names_held) report.names_lost += m.names_held->lost;
        m.names_held.reset();
        m.node.reset();
        m.names.reset();
    }

    std::vector<name_view> name_views() const {
        std::vector<name_view> all;
        for (const auto& m : machines)
            if (m->names_held) all.push_back({m->node.get(), m->kernel->global(), m->names_held.get()});
        return all;
    }

    void look_at_names() {
        for (const auto& what : names.look(name_views(), sim.now())) violated("all", what);
    }

    void fault() {
        ++report.faults;
        auto& a = any();
        auto& b = any();
        switch (chance() % 8) {
        case 0:
        case 1:
            if (&a != &b) sim.cut(a.address, b.address);
            break;
        case 2:
            if (&a != &b) sim.cut_one_way(a.address, b.address);
            break;
        case 3:
        case 4: sim.heal_all(); break;
        case 5: sim.pause(a.address, between(100ms, 30s)); break;
        case 6:
            if (&a != &b) sim.reset(a.address, b.address);
            break;
        case 7:
            if (chance() % 2)
                sim.crash(a.address);
            else
                sim.power_off(a.address);
            forget(a);
            sim.run_for(between(100ms, 15s));
            boot(a);
            break;
        }
    }

    bool is_meshed() const {
        for (const auto& m : machines)
            if (m->node->peers().size() + 1 != machines.size()) return false;
        return true;
    }

    /// Pauses end, then the cables are mended, and everybody meets again.
    void settle() {
        sim.run_for(31s); // the longest pause
        sim.heal_all();
        auto healed = sim.now();
        if (!sim.run_until([this] { return is_meshed(); }, 8s))
            violated("all", "no full mesh 8 s after the end of faults");
        report.seconds_to_mesh = std::chrono::duration<double>(sim.now() - healed).count();
        std::vector<pg_checks::view> group_views;
        for (const auto& m : machines) group_views.push_back({m->name, m->node.get(), &m->kernel->pg()});
        for (const auto& [who, what] : groups.look(sim, group_views)) violated(who, what);
        report.seconds_to_groups = groups.seconds_to_agree();
        sim.run_for(10s);
        auto is_agreed = [this] { return name_checks::at_rest(name_views()).empty(); };
        if (!sim.run_until(is_agreed, 60s))
            for (const auto& what : name_checks::at_rest(name_views())) violated("all", what);
        for (const auto& m : machines)
            for (const auto& [ref, node] : m->notes->monitors)
                if (!m->node->is_connected(node))
                    violated(m->name, "no DOWN from " + node.str() + ", which is not connected");
    }

    void tear_down() {
        for (auto& m : machines) {
            m->topologies.reset();
            sim.block_on(m->node->stop());
        }
        for (auto& m : machines) forget(*m);
        machines.clear();
        sim.run_for(1s);
        if (sim.open_streams() != 0) violated("all", std::to_string(sim.open_streams()) + " streams are left");
    }
};

void diary::violated(const std::string& what) { world.violated(self, what); }

void diary::node_event(const sedge::node_event& e) {
    if (e.what == sedge::node_event::kind::changed) return;
    bool now_up = e.what == sedge::node_event::kind::up;
    if (up[e.node] == now_up) violated(std::string{now_up ? "up" : "down"} + " twice for " + e.node.str());
    up[e.node] = now_up;
    if (!now_up) excused[e.node] = true;
}

void diary::number(const pid& from, std::uint64_t n) {
    ++messages;
    if (past[from.node].count(from.creation)) violated("a message of a past incarnation of " + from.node.str());
    if (auto seen = creation_seen.find(from.node); seen == creation_seen.end() || seen->second != from.creation) {
        if (seen != creation_seen.end()) past[from.node].insert(seen->second);
        creation_seen[from.node] = from.creation;
        next[from.node] = n; // whatever it counted while we were not there
        excused[from.node] = false;
    }
    auto expected = next[from.node];
    if (n < expected) violated("number " + std::to_string(n) + " of " + from.node.str() + " again");
    if (n > expected && !excused[from.node])
        violated("numbers " + std::to_string(expected) + " to " + std::to_string(n - 1) + " of " + from.node.str() +
                 " are missing");
    next[from.node] = n + 1;
    excused[from.node] = false;
}

void diary::down(const reference& ref) {
    ++downs;
    if (monitors.erase(ref) == 0) violated("a DOWN without its monitor");
}

} // namespace

chaos_report run_chaos(const chaos_options& options) {
    chaos one{options};
    return one.run();
}

} // namespace sedge::test
