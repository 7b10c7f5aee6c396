// SPDX-License-Identifier: Apache-2.0
// Two programs find each other and say so. In two terminals:
//
//     01_hello_cluster --name node1@127.0.0.1 --cookie edge-servers
//     01_hello_cluster --name node2@127.0.0.1 --cookie edge-servers

#include <sedge/sedge.hpp>

#include <iostream>

using namespace sedge::literals;
using namespace std::chrono_literals;

namespace {

sedge::task<> hello(sedge::process& self) {
    self.monitor_nodes(true);
    auto [what, peer] = co_await self.receive<sedge::atom, sedge::atom>(); // {nodeup, Node}
    std::cout << self.node().name().text() << " sees " << peer.text() << std::endl;
    self.send(sedge::registered{"hello"_atom, peer}, "hello"_atom);
    while (!(co_await self.receive()).view().is_atom("hello")) {}
    std::cout << peer.text() << " says hello" << std::endl;
}

} // namespace

int main(int argc, char** argv) {
    sedge::application app{argc, argv};
    // The list may name more nodes than run; those that are away are tried again until they are there.
    app.topology("clusters1", sedge::epmd_strategy{.hosts = {"node1@127.0.0.1", "node2@127.0.0.1"}, .timeout = {}});
    app.spawn("hello", [&app](sedge::process& self) -> sedge::task<> {
        co_await hello(self);
        co_await self.sleep(200ms); // what was sent leaves before the node does
        app.stop();
    });
    return app.run();
}
