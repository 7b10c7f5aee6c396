// SPDX-License-Identifier: Apache-2.0
//
// What is promised of a large cluster, whatever tells its nodes of each other:
//
//   mesh       8 s after all started, and after each heal, every node sees every other
//   no storm   a node dials another at most once a second, in calm and in chaos, and a heal costs few dials a link
//   calm       once the mesh is full nobody dials a node that exists, and no connection is lost
//   alternate  of one peer, up and down take turns
//   teardown   no stream is left when all is gone
//
// Every list and poll also names nodes that are not there: at addresses that nobody has, and on machines that run
// another node. They hold up nobody.
#include "sim/large_cluster.hpp"

#include "sim/scripted_strategy.hpp"

#include <sedge/cluster/topology.hpp>
#include <sedge/epmd/directory.hpp>
#include <sedge/otp/kernel.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/simulation.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <random>

namespace sedge::test {
namespace {

using namespace std::chrono_literals;

class large_cluster;

/// Notes each dial: a node asks where its peer is exactly once for each.
class counting_directory final : public wire::directory {
public:
    counting_directory(large_cluster& all, std::string self, environment& env, epmd::directory_options where)
        : all_(all), self_(std::move(self)), names_(env, std::move(where)) {}
    task<result<std::uint32_t>> publish(wire::publication what) override { return names_.publish(std::move(what)); }
    void withdraw() noexcept override { names_.withdraw(); }
    task<result<std::vector<wire::endpoint>>> locate(std::string alive, std::string host) override;

private:
    large_cluster& all_;
    std::string self_;
    epmd::directory names_;
    std::map<std::string, time_point> last_; // by peer
};

wire::simulation_options quiet_log() {
    wire::simulation_options options;
    options.log_lines_max = 300; // of each program ever started
    return options;
}

struct machine {
    std::string address;
    std::string name;
    bool is_on = false;
    std::map<atom, bool> up; // what this incarnation was told of its peers
    std::unique_ptr<counting_directory> names;
    std::unique_ptr<sedge::node> node;
    std::unique_ptr<otp::kernel> kernel;
    std::unique_ptr<cluster::topologies> topologies;
    node::subscription watching;
    nursery starting; // last: it goes first
};

class large_cluster {
public:
    large_cluster(const large_cluster_options& o, script how)
        : options(o), sim(o.seed, quiet_log()), chance_(o.seed * 6007 + 11) {
        for (int i = 1; i <= options.nodes; ++i) {
            auto& m = *machines_.emplace_back(std::make_unique<machine>());
            m.address = "10.0.0." + std::to_string(i);
            m.name = "n" + std::to_string(i) + "@" + m.address;
            source_.everybody.emplace_back(m.name);
            constexpr std::array kinds{script::listed, script::polled, script::announced};
            scripts_.push_back(how == script::mixed ? kinds[static_cast<std::size_t>(i) % 3] : how);
        }
        for (int i = 1; i <= 8; ++i) source_.nobody.emplace_back("ghost@10.0.0." + std::to_string(200 + i));
        for (int i = 1; i <= 8; ++i) source_.nobody.emplace_back("ghost@10.0.0." + std::to_string(i));
    }

    large_cluster_report run() {
        for (std::size_t i = 0; i < machines_.size(); ++i) {
            boot(i);
            sim.run_for(between(1ms, 60ms));
        }
        meet("the first meeting");
        for (int round = 1; round <= options.rounds; ++round) {
            auto end = sim.now() + 40s;
            while (sim.now() < end) {
                sim.run_for(between(100ms, 3s));
                fault();
            }
            heal();
            meet("round " + std::to_string(round));
            stay_calm("round " + std::to_string(round));
        }
        tear_down();
        report.trace_hash = sim.trace_hash();
        if (!report.violations.empty()) report.story = sim.story();
        return std::move(report);
    }

    void dialled(const std::string& who, const std::string& peer, duration since_last) {
        if (std::ranges::find(source_.everybody, atom{peer}) != source_.everybody.end()) ++report.dials;
        auto gap = std::chrono::duration<double>(since_last).count();
        report.shortest_gap = std::min(report.shortest_gap, gap);
        if (since_last < 1s) violated(who, "dialled " + peer + " again after " + std::to_string(gap) + " s");
    }

    large_cluster_options options;
    wire::simulation sim;
    large_cluster_report report;

private:
    void violated(const std::string& who, const std::string& what) {
        auto at = std::chrono::duration<double>(sim.now().time_since_epoch()).count();
        if (report.violations.size() < 20) report.violations.push_back(std::to_string(at) + " s, " + who + ": " + what);
    }
    duration between(duration least, duration most) {
        return least +
               duration{static_cast<duration::rep>(chance_() % static_cast<std::uint64_t>((most - least).count()))};
    }
    std::size_t any() { return chance_() % machines_.size(); }

    // -- nodes
    // ---------------------------------------------------------------------------------------------------------

    void boot(std::size_t i) {
        auto& m = *machines_[i];
        auto& env = sim.machine(m.address);
        epmd::directory_options where;
        where.own_host = m.address;
        where.port = 4369;
        m.is_on = true;
        m.up.clear();
        m.names = std::make_unique<counting_directory>(*this, m.name, env, where);
        node_options how;
        how.name = m.name;
        how.cookie = *dist::cookie::from_text("the cookie of a simulation");
        how.tick_time = seconds{8};
        m.node = std::make_unique<sedge::node>(std::move(how), env, *m.names);
        m.watching = m.node->watch([this, &m](const node_event& e) { node_changed(m, e); });
        m.starting.start(start(m, scripts_[i]));
    }

    task<> start(machine& m, script how) {
        auto starting = m.node->start();
        auto started = co_await std::move(starting);
        if (!started) {
            violated(m.name, "did not start: " + started.error().message());
            co_return;
        }
        source_.running.insert(m.node->name());
        m.kernel = std::make_unique<otp::kernel>(*m.node);
        (void)m.kernel->start();
        m.topologies = std::make_unique<cluster::topologies>(*m.node);
        (void)m.topologies->add({"scripted", scripted(source_, how)});
    }

    void node_changed(machine& m, const node_event& e) {
        if (e.what == node_event::kind::changed) return;
        const bool now_up = e.what == node_event::kind::up;
        if (m.up[e.node] == now_up)
            violated(m.name, std::string{now_up ? "up" : "down"} + " twice for " + e.node.str());
        m.up[e.node] = now_up;
        if (!now_up) ++lost_;
    }

    void forget(machine& m) {
        m.is_on = false;
        source_.running.erase(atom{m.name});
        m.starting.cancel();
        m.topologies.reset();
        m.kernel.reset();
        m.watching = {};
        m.node.reset();
        m.names.reset();
    }

    // -- faults
    // --------------------------------------------------------------------------------------------------------

    void fault() {
        ++report.faults;
        const auto i = any(), j = any();
        auto& a = *machines_[i];
        auto& b = *machines_[j];
        switch (chance_() % 10) {
        case 0: split(2 + chance_() % 3); break;
        case 1:
            if (i != j) cut(a, b, false);
            break;
        case 2:
            if (i != j) cut(a, b, true);
            break;
        case 3: mend(); break;
        case 4: sim.pause(a.address, between(100ms, 10s)); break;
        case 5: source_.is_silent = !source_.is_silent; break;
        case 6: source_.left_out = chance_() % 4; break;
        case 7:
            if (i != j) sim.reset(a.address, b.address);
            break;
        default:
            if (!a.is_on) return boot(i);
            if (chance_() % 2)
                sim.crash(a.address);
            else
                sim.power_off(a.address);
            forget(a);
        }
    }

    /// Parts of equal size that do not see each other.
    void split(std::size_t parts) {
        for (std::size_t i = 0; i < machines_.size(); ++i)
            for (std::size_t j = 0; j < i; ++j)
                if (i % parts != j % parts) cut(*machines_[i], *machines_[j], false);
    }
    void cut(const machine& a, const machine& b, bool one_way) {
        sim.cut_one_way(a.address, b.address);
        source_.cut.emplace(a.name, b.name);
        if (one_way) return;
        sim.cut_one_way(b.address, a.address);
        source_.cut.emplace(b.name, a.name);
    }
    void mend() {
        sim.heal_all();
        source_.cut.clear();
    }

    /// Pauses end, sources tell the truth, cables are mended, and machines that are off are switched on.
    void heal() {
        source_.is_silent = false;
        source_.left_out = 0;
        sim.run_for(10s); // the longest pause
        mend();
        for (std::size_t i = 0; i < machines_.size(); ++i)
            if (!machines_[i]->is_on) boot(i);
    }

    // -- promises
    // ------------------------------------------------------------------------------------------------------

    [[nodiscard]] std::size_t all_links() const { return machines_.size() * (machines_.size() - 1) / 2; }
    [[nodiscard]] std::size_t links() const {
        std::size_t ends = 0;
        for (const auto& m : machines_)
            if (m->is_on) ends += m->node->peers().size();
        return ends / 2;
    }

    void meet(const std::string& occasion) {
        const auto wanted = all_links();
        const auto begun = sim.now();
        const auto missing = wanted - links();
        const auto dials_before = report.dials;
        // Looked at twenty times a second: to ask after each of the thousands of steps would cost more than they do.
        while (links() != wanted && sim.now() < begun + 8s) sim.run_for(50ms);
        if (links() != wanted)
            violated("all", occasion + ": " + std::to_string(wanted - links()) + " links are missing after 8 s");
        report.seconds_to_mesh.push_back(std::chrono::duration<double>(sim.now() - begun).count());
        if (missing > 0)
            report.dials_for_each_link =
                std::max(report.dials_for_each_link,
                         static_cast<double>(report.dials - dials_before) / static_cast<double>(missing));
    }

    void stay_calm(const std::string& occasion) {
        sim.run_for(12s); // also connections that somebody believes in falsely have ended now
        const auto lost = lost_;
        const auto dials = report.dials;
        sim.run_for(6s);
        if (lost_ != lost) violated("all", occasion + ": connections are lost in calm");
        if (report.dials != dials) violated("all", occasion + ": nodes are dialled in calm");
        if (links() != all_links()) violated("all", occasion + ": the mesh is not full in calm");
    }

    void tear_down() {
        for (auto& m : machines_) m->topologies.reset();
        for (auto& m : machines_) sim.block_on(m->node->stop());
        for (auto& m : machines_) forget(*m);
        machines_.clear();
        sim.run_for(1s);
        if (sim.open_streams() != 0) violated("all", std::to_string(sim.open_streams()) + " streams are left");
    }

    std::mt19937_64 chance_;
    scripted_source source_;
    std::vector<script> scripts_; // of each machine
    std::vector<std::unique_ptr<machine>> machines_;
    std::uint64_t lost_ = 0;
};

task<result<std::vector<wire::endpoint>>> counting_directory::locate(std::string alive, std::string host) {
    auto peer = alive + "@" + host;
    const auto now = all_.sim.now();
    auto [last, is_first] = last_.try_emplace(peer, now);
    all_.dialled(self_, peer, is_first ? duration::max() : now - last->second);
    last->second = now;
    return names_.locate(std::move(alive), std::move(host));
}

} // namespace

std::string_view to_string(script s) noexcept {
    switch (s) {
    case script::listed: return "listed";
    case script::polled: return "polled";
    case script::announced: return "announced";
    case script::mixed: return "mixed";
    }
    return "";
}

large_cluster_report run_large_cluster(const large_cluster_options& options, script how) {
    large_cluster one{options, how};
    return one.run();
}

} // namespace sedge::test
