// SPDX-License-Identifier: Apache-2.0
// C++ and a Phoenix application tell each other what happens, by topic. In two terminals:
//
//     07_pubsub --name cpp@127.0.0.1 --cookie edge-servers
//     iex --name elixir@127.0.0.1 --cookie edge-servers -S mix     # a project with {:phoenix_pubsub, "~> 2.1"}
//
// and then in iex, where a Phoenix application has done the first line already:
//
//     Supervisor.start_link([{Phoenix.PubSub, name: MyApp.PubSub}], strategy: :one_for_one)
//     Node.connect(:"cpp@127.0.0.1")
//     Phoenix.PubSub.subscribe(MyApp.PubSub, "readings")
//     Phoenix.PubSub.broadcast(MyApp.PubSub, "commands", {:target, 22.5})
//     flush()                                              # {:reading, 20.1}, {:reading, 20.2}, ...

#include <sedge/otp/kernel.hpp>
#include <sedge/otp/pg.hpp>
#include <sedge/otp/pubsub.hpp>
#include <sedge/sedge.hpp>
#include <sedge/term/match.hpp>

#include <chrono>
#include <iostream>

using namespace sedge::literals;
using namespace std::chrono_literals;

namespace {

/// Says every 200 ms how warm it is, and takes commands, until it is told to stop.
sedge::task<> heating(sedge::process& self, sedge::otp::pg& groups) {
    sedge::otp::pubsub events{self.node(), groups, "MyApp.PubSub"};
    auto started = events.start();
    if (!started) std::cerr << started.error().message() << std::endl;
    (void)events.subscribe(self.self(), "commands");
    (void)groups.join("heatings"_atom, self.self()); // so that others find it: :pg.get_members(:heatings)
    double target = 20.0;
    double now = 20.0;
    auto next_reading = self.env().now();
    for (;;) {
        auto waiting = self.receive_if({}, next_reading);
        auto message = co_await std::move(waiting);
        if (!message) {
            events.broadcast("readings", std::tuple{"reading"_atom, now});
            if (now < target) now += 0.1;
            next_reading += 200ms;
        } else if (sedge::match(*message, sedge::tuple_of("target"_atom, sedge::var(target)))) {
            std::cout << "target " << target << std::endl;
        } else if (message->is_atom("stop")) {
            co_return;
        }
    }
}

} // namespace

int main(int argc, char** argv) {
    sedge::application app{argc, argv};
    app.spawn("heating", [&app](sedge::process& self) -> sedge::task<> {
        co_await heating(self, app.kernel().pg());
        app.stop();
    });
    return app.run();
}
