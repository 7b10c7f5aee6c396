// SPDX-License-Identifier: Apache-2.0
// C++ and Elixir call each other. In two terminals:
//
//     iex --name elixir@127.0.0.1 --cookie edge-servers
//     05_talk_to_elixir --name cpp@127.0.0.1 --cookie edge-servers
//
// and then in iex:
//
//     :rpc.call(:"cpp@127.0.0.1", :sensors, :mean, [[1.5, 2.5, 8.0]])
//     send({:talk, :"cpp@127.0.0.1"}, {:show, %{temperature: 21.5, unit: "°C"}})
//     send({:talk, :"cpp@127.0.0.1"}, :stop)

#include <sedge/otp/kernel.hpp>
#include <sedge/sedge.hpp>

#include <chrono>
#include <iostream>
#include <numeric>

using namespace sedge::literals;
using namespace std::chrono_literals;

namespace {

double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Prints `{show, Term}` as Elixir would, until `stop`.
sedge::task<> talk(sedge::process& self) {
    for (;;) {
        sedge::term message = co_await self.receive();
        if (message.view().is_atom("stop")) co_return;
        std::cout << sedge::to_elixir(message) << std::endl;
    }
}

} // namespace

int main(int argc, char** argv) {
    sedge::application app{argc, argv};
    app.topology("clusters1", sedge::epmd_strategy{.hosts = {"elixir@127.0.0.1"}, .timeout = {}});
    app.spawn("talk", [&app](sedge::process& self) -> sedge::task<> {
        co_await talk(self);
        app.stop();
    });
    return app.run([](sedge::application& running) -> sedge::task<int> {
        running.kernel().functions().add("sensors", "mean", mean); // what others may call here, and nothing else

        for (;;) {
            std::vector<sedge::term> arguments{sedge::term{"hello from c++"}};
            auto answer = co_await sedge::otp::rpc_call(running.node(), "elixir@127.0.0.1"_atom, "Elixir.String"_atom,
                                                        "upcase"_atom, std::move(arguments), running.env().now() + 2s);
            if (answer) {
                std::cout << "Elixir says " << sedge::to_elixir(*answer) << std::endl;
                break;
            }
            std::cerr << answer.error().message() << std::endl;
            co_await sedge::sleep_for(running.env(), 500ms);
        }
        co_await sedge::sleep_for(running.env(), 24h); // until `talk` is told to stop
        co_return 0;
    });
}
