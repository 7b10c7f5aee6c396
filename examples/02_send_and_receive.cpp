// SPDX-License-Identifier: Apache-2.0
// A process that adds, and one on another node that asks it. In two terminals:
//
//     02_send_and_receive --name node1@127.0.0.1 --cookie edge-servers
//     02_send_and_receive --name node2@127.0.0.1 --cookie edge-servers
//
// An Elixir node can ask as well: send({:adder, :"node1@127.0.0.1"}, {self(), 2, 3}); flush()

#include <sedge/sedge.hpp>

#include <cstdint>
#include <iostream>

using namespace sedge::literals;
using namespace std::chrono_literals;

namespace {

/// Answers `{From, A, B}` with `{sum, A + B}`. Messages of another shape stay in the mailbox.
sedge::task<> adder(sedge::process& self) {
    for (;;) {
        auto [from, a, b] = co_await self.receive<sedge::pid, std::int64_t, std::int64_t>();
        self.send(from, std::tuple{"sum"_atom, a + b});
    }
}

/// Asks until there is an answer: a message to a node that is away is gone, as in Erlang.
sedge::task<std::int64_t> ask(sedge::process& self, sedge::registered whom) {
    for (;;) {
        self.send(whom, std::tuple{self.self(), std::int64_t{20}, std::int64_t{22}});
        auto answer = co_await self.receive_until<sedge::atom, std::int64_t>(self.env().now() + 500ms);
        if (answer) co_return std::get<1>(*answer);
    }
}

} // namespace

int main(int argc, char** argv) {
    sedge::application app{argc, argv};
    app.supervise("adder", adder);
    return app.run([](sedge::application& running) -> sedge::task<int> {
        if (running.node().name().text() == "node1@127.0.0.1") {
            std::cout << "adding for others; Ctrl-C ends it" << std::endl;
            co_await sedge::sleep_for(running.env(), 24h);
            co_return 0;
        }
        running.node().spawn([&running](sedge::process& self) -> sedge::task<> {
            sedge::registered whom{"adder"_atom, "node1@127.0.0.1"_atom};
            auto sum = co_await ask(self, whom);
            std::cout << "20 + 22 = " << sum << std::endl;
            running.stop();
        });
        co_await sedge::sleep_for(running.env(), 1min);
        co_return 1; // nobody answered
    });
}
