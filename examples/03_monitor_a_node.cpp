// SPDX-License-Identifier: Apache-2.0
// Notices when a node comes, when it goes, and what that means for a process there. In two terminals:
//
//     03_monitor_a_node --name node1@127.0.0.1 --cookie edge-servers
//     03_monitor_a_node --name node2@127.0.0.1 --cookie edge-servers
//
// Then end node2 in any way: kill -9 looks no different from Ctrl-C. node1 ends when it has seen node2 go.

#include <sedge/sedge.hpp>

#include <iostream>

using namespace sedge::literals;

namespace {

sedge::task<> worker(sedge::process& self) {
    for (;;) co_await self.receive();
}

sedge::task<> watcher(sedge::process& self) {
    self.monitor_nodes(true);
    bool gone = false;
    bool ended = false;
    while (!gone || !ended) {
        sedge::term message = co_await self.receive();
        if (auto event = message.as<std::tuple<sedge::atom, sedge::atom>>()) {
            auto [what, node] = *event; // {nodeup, Node} or {nodedown, Node}
            std::cout << what.text() << ' ' << node.text() << std::endl;
            if (what == "nodeup"_atom) {
                self.monitor(sedge::registered{"worker"_atom, node});
            } else {
                gone = true;
            }
        } else {
            // {'DOWN', Ref, process, {worker, Node}, noconnection}: exactly one for each monitor.
            std::cout << sedge::to_elixir(message) << std::endl;
            ended = true;
        }
    }
}

} // namespace

int main(int argc, char** argv) {
    sedge::application app{argc, argv};
    app.topology("clusters1", sedge::epmd_strategy{.hosts = {"node1@127.0.0.1", "node2@127.0.0.1"}, .timeout = {}});
    app.spawn("worker", worker);
    app.spawn("watcher", [&app](sedge::process& self) -> sedge::task<> {
        co_await watcher(self);
        app.stop();
    });
    return app.run();
}
