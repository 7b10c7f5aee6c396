// SPDX-License-Identifier: Apache-2.0
// A GenServer in C++, for Elixir. In two terminals:
//
//     06_server --name cpp@127.0.0.1 --cookie edge-servers
//     iex --name elixir@127.0.0.1 --cookie edge-servers
//
// and then in iex:
//
//     heating = {:heating, :"cpp@127.0.0.1"}
//     GenServer.call(heating, :target)                     # 20.0
//     GenServer.cast(heating, {:target, 22.5})
//     task = Task.async(fn -> GenServer.call(heating, :warm?, :infinity) end)
//     send(heating, {:measured, 23.0})
//     Task.await(task)                                     # {:warm, 23.0}
//     :sys.get_state(heating)                              # %{measured: 23.0, target: 22.5}

#include <sedge/otp/server.hpp>
#include <sedge/sedge.hpp>
#include <sedge/term/match.hpp>

#include <map>
#include <vector>

using namespace sedge::literals;
using sedge::otp::gen_request;

namespace {

class heating {
public:
    std::optional<sedge::term> handle_call(sedge::process&, const gen_request& call) {
        if (call.request.is_atom("target")) return sedge::term{target_};
        if (call.request.is_atom("warm?")) {
            waiting_.push_back(call.from);
            return std::nullopt; // the answer comes when it is warm
        }
        return sedge::otp::unknown_request();
    }

    void handle_cast(sedge::process&, const sedge::term& request) {
        (void)sedge::match(request, sedge::tuple_of("target"_atom, sedge::var(target_))); // others are dropped
    }

    void handle_info(sedge::process& self, const sedge::term& message) {
        if (!sedge::match(message, sedge::tuple_of("measured"_atom, sedge::var(measured_)))) return;
        if (measured_ < target_) return;
        for (const auto& client : waiting_)
            sedge::otp::reply(self, client, sedge::term{std::tuple{"warm"_atom, measured_}});
        waiting_.clear();
    }

    sedge::term state() const {
        return sedge::term{std::map<sedge::atom, double>{{"target"_atom, target_}, {"measured"_atom, measured_}}};
    }

private:
    double target_ = 20.0;
    double measured_ = 15.0;
    std::vector<sedge::otp::reply_to> waiting_;
};

} // namespace

int main(int argc, char** argv) {
    sedge::application app{argc, argv};
    app.supervise("heating", sedge::otp::server(heating{}));
    return app.run();
}
