// SPDX-License-Identifier: Apache-2.0
// One node of bench/formation: when is it up, when does it see all others, when does it lose one?
//
//     bench_formation_node NODE COOKIE PEERS gossip PORT
//     bench_formation_node NODE COOKIE PEERS epmd NODE...
//
// PEERS is how many others make the mesh full. Writes lines `WHAT NANOSECONDS`, since 1970, as formation_node.erl does:
// UP (the strategy has started), FULL, LOST.
#include <sedge/cluster/application.hpp>
#include <sedge/wire/environment.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

using namespace sedge;

namespace {

void say(const char* what) {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    std::printf("%s %lld\n", what, static_cast<long long>(std::chrono::nanoseconds{since}.count()));
    std::fflush(stdout);
}

std::unique_ptr<cluster::strategy> make_discovery(const std::string& how, const std::vector<std::string>& rest) {
    if (how == "epmd") return make_strategy(epmd_strategy{.hosts = rest, .timeout = {}});
    gossip_strategy gossip;
    gossip.port = static_cast<std::uint16_t>(std::stoi(rest.at(0)));
    gossip.multicast_if = wire::ip_address::loopback_v4(); // nobody else hears it
    gossip.trust = {"*"};
    return make_strategy(std::move(gossip));
}

task<int> run(application& app, std::size_t others, std::string how, std::vector<std::string> rest) {
    auto& node = app.node();
    bool is_full = false;
    auto watching = node.watch([&](const node_event& e) {
        if (e.what == node_event::kind::changed) return;
        if (e.what == node_event::kind::down) say("LOST");
        const bool now_full = node.peers().size() >= others;
        if (now_full && !is_full) say("FULL");
        is_full = now_full;
    });
    (void)app.topologies().add({"formation", make_discovery(how, rest)});
    say("UP");
    for (;;) {
        auto sleeping = sleep_for(app.env(), std::chrono::hours{1});
        co_await std::move(sleeping);
    }
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words{argv + 1, argv + argc};
    if (words.size() < 5) {
        std::fputs("bench_formation_node: its options stand at the head of formation_node.cpp\n", stderr);
        return 2;
    }
    const std::vector<cluster::assignment> settings{
        {"node.name", words[0]}, {"node.cookie", words[1]}, {"node.listen", "127.0.0.1"}, {"log.level", "warning"}};
    auto configuration = cluster::load_configuration("", settings);
    if (!configuration) {
        std::fprintf(stderr, "bench_formation_node: %s\n", configuration.error().message().c_str());
        return 2;
    }
    application app{*std::move(configuration)};
    return app.run([&](application& running) {
        return run(running, std::stoul(words[2]), words[3], {words.begin() + 4, words.end()});
    });
}
