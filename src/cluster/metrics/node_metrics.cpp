// SPDX-License-Identifier: Apache-2.0
#include "cluster/metrics/metrics_limits.hpp"

#include <sedge/cluster/metrics.hpp>
#include <sedge/cluster/timeline.hpp>
#include <sedge/cluster/topology.hpp>
#include <sedge/process/node.hpp>
#include <sedge/process/node_counts.hpp>
#include <sedge/version.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <span>
#include <sys/resource.h>
#include <unistd.h>

namespace sedge::cluster {
namespace {

using type = metric_family::type;

/// Makes families, one after the other.
class collection {
public:
    void begin(std::string name, type what, std::string help) {
        families_.push_back({std::move(name), what, std::move(help), {}});
    }
    void add(double value, std::vector<std::pair<std::string, std::string>> labels = {}) {
        families_.back().samples.push_back({std::move(labels), value});
    }
    template <class Number>
    void add(Number value, std::vector<std::pair<std::string, std::string>> labels = {}) {
        add(static_cast<double>(value), std::move(labels));
    }
    template <class Number>
    void one(std::string name, type what, std::string help, Number value) {
        begin(std::move(name), what, std::move(help));
        add(value);
    }
    std::vector<metric_family> take() { return std::move(families_); }

private:
    std::vector<metric_family> families_;
};

void add_peers(collection& out, node& here) {
    const auto peers = here.peer_details();
    const auto visible = static_cast<std::size_t>(std::ranges::count(peers, false, &peer_info::hidden));
    std::size_t queued = 0;
    for (const auto& peer : counts_of_peers(here)) queued += peer.queued_bytes;
    out.begin("sedge_peers", type::gauge, "Nodes that are connected.");
    out.add(visible, {{"kind", "visible"}});
    out.add(peers.size() - visible, {{"kind", "hidden"}});
    const auto traffic = here.traffic();
    out.one("sedge_received_bytes_total", type::counter, "Bytes from all peers, without handshakes.", traffic.bytes_in);
    out.one("sedge_sent_bytes_total", type::counter, "Bytes to all peers, without handshakes.", traffic.bytes_out);
    out.one("sedge_queued_bytes", type::gauge, "Bytes that wait for all peers.", queued);

    const std::vector<peer_info> shown(
        peers.begin(), peers.begin() + static_cast<std::ptrdiff_t>(std::min(peers.size(), limits::metric_peers_max)));
    const auto each = [&](std::string name, type what, std::string help, auto value) {
        out.begin(std::move(name), what, std::move(help));
        for (const auto& peer : shown) out.add(value(peer), {{"peer", peer.name.str()}});
    };
    using p = peer_info;
    each("sedge_peer_received_bytes_total", type::counter, "Bytes from a peer since it is connected.",
         [](const p& peer) { return peer.bytes_in; });
    each("sedge_peer_sent_bytes_total", type::counter, "Bytes to a peer since it is connected.",
         [](const p& peer) { return peer.bytes_out; });
    each("sedge_peer_received_messages_total", type::counter, "Messages from a peer since it is connected.",
         [](const p& peer) { return peer.messages_in; });
    each("sedge_peer_sent_messages_total", type::counter, "Messages to a peer since it is connected.",
         [](const p& peer) { return peer.messages_out; });
    const auto counts = counts_of_peers(here);
    const auto more = std::span{counts}.first(shown.size()); // the same ones: both are sorted by name
    out.begin("sedge_peer_queued_bytes", type::gauge, "Bytes that wait for a peer.");
    for (const auto& peer : more) out.add(peer.queued_bytes, {{"peer", peer.name.str()}});
    out.begin("sedge_peer_ticks_missed_total", type::counter,
              "Quarters of the tick time in which a peer said nothing.");
    for (const auto& peer : more) out.add(peer.ticks_missed, {{"peer", peer.name.str()}});
    out.one("sedge_peers_not_shown", type::gauge, "Peers beyond those that have numbers of their own.",
            peers.size() - shown.size());
    out.begin("sedge_connections_refused_total", type::counter, "Connections of others that came to nothing.");
    for (const auto& [kind, count] : refusals_of(here)) out.add(count, {{"reason", std::string{kind}}});
}

void add_processes(collection& out, node& here) {
    const auto load = load_of(here);
    out.one("sedge_processes", type::gauge, "Processes of this node.", load.processes);
    out.one("sedge_mailbox_messages", type::gauge, "Messages in all mailboxes.", load.messages);
    out.one("sedge_mailbox_messages_max", type::gauge, "Messages in the longest mailbox.", load.messages_max);
}

void add_topologies(collection& out, const topologies& running) {
    const auto dials = running.dials();
    out.begin("sedge_dials_total", type::counter, "Attempts of a topology to connect a node that have ended.");
    for (const auto& [name, count] : dials) out.add(count.ok + count.failed, {{"topology", name}});
    out.begin("sedge_dials_failed_total", type::counter, "Those of them that failed.");
    for (const auto& [name, count] : dials) out.add(count.failed, {{"topology", name}});
    out.begin("sedge_topology_nodes", type::gauge, "Nodes that a topology wants or has discovered, by state.");
    for (const auto& name : running.names()) {
        std::map<std::string_view, std::size_t> states;
        for (const auto& node : running.nodes())
            if (std::ranges::find(node.topologies, name) != node.topologies.end()) ++states[to_string(node.now)];
        for (const auto& [state, count] : states) out.add(count, {{"topology", name}, {"state", std::string{state}}});
    }
    out.begin("sedge_strategy_total", type::counter, "What the strategy of a topology counts.");
    for (const auto& name : running.names()) {
        std::size_t shown = 0;
        for (const auto& [what, count] : running.counters(name))
            if (shown++ < limits::metric_counters_max) out.add(count, {{"topology", name}, {"what", what}});
    }
}

void add_timeline(collection& out, const timeline& history) {
    out.begin("sedge_events_total", type::counter, "Events, those that are not kept included.");
    for (const auto& [event, count] : history.counts()) out.add(count, {{"event", event}});
    const auto disk = history.disk();
    out.begin("sedge_timeline_lines_total", type::counter,
              "Events for the file: written, and dropped for want of room.");
    out.add(disk.written, {{"outcome", "written"}});
    out.add(disk.dropped, {{"outcome", "dropped"}});
    out.one("sedge_timeline_waiting", type::gauge, "Events that the disk has not taken yet.", disk.waiting);
}

/// The names are those of Prometheus' own client libraries.
void add_program(collection& out) {
    out.begin("sedge_build_info", type::gauge, "The version of sedge; always 1.");
    out.add(1, {{"version", std::string{version_text}}});
    std::size_t virtual_pages = 0, resident_pages = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%zu %zu", &virtual_pages, &resident_pages) != 2) virtual_pages = resident_pages = 0;
        std::fclose(file);
    }
    const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
    out.one("process_resident_memory_bytes", type::gauge, "Memory of the program.",
            static_cast<double>(resident_pages) * page_bytes);
    out.one("process_virtual_memory_bytes", type::gauge, "Address space of the program.",
            static_cast<double>(virtual_pages) * page_bytes);
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    out.one("process_cpu_seconds_total", type::counter, "Processor time of the program.",
            static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9);
    std::error_code away;
    const std::filesystem::directory_iterator descriptors{"/proc/self/fd", away};
    std::size_t open = 0;
    if (!away) open = static_cast<std::size_t>(std::distance(begin(descriptors), end(descriptors)));
    out.one("process_open_fds", type::gauge, "Open descriptors.", open);
    rlimit most{};
    getrlimit(RLIMIT_NOFILE, &most);
    out.one("process_max_fds", type::gauge, "Descriptors that may be open.", static_cast<double>(most.rlim_cur));
}

} // namespace

std::vector<metric_family> node_metrics(node& here, const topologies& running, const timeline& history) {
    collection out;
    add_peers(out, here);
    add_processes(out, here);
    add_topologies(out, running);
    add_timeline(out, history);
    add_program(out);
    return out.take();
}

} // namespace sedge::cluster
