// SPDX-License-Identifier: Apache-2.0
#include "json.hpp"
#include "visit.hpp"

#include <sedge/base/log.hpp>
#include <sedge/cluster/cause.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/wire/environment.hpp>

#include <cstdio>

namespace sedge::cli {

namespace {

struct ping_options {
    std::string node;
    double timeout = 7;
    bool json = false;
};

task<int> ping_once(cluster::visitor& visitor, atom peer, ping_options options) {
    const auto begin = visitor.env().now();
    const auto most = std::chrono::duration_cast<duration>(std::chrono::duration<double>{options.timeout});
    auto pinging = otp::ping(visitor.node(), peer, begin + most);
    auto bounded = with_deadline(visitor.env(), begin + most, std::move(pinging));
    auto answered = co_await std::move(bounded);
    if (!answered && answered.error().context().empty()) answered = answered.error().within(peer.text());
    const auto took = std::chrono::duration<double, std::milli>{visitor.env().now() - begin}.count();
    auto code = status::ok;
    if (options.json) {
        boost::json::object out{{"node", peer.text()}, {"answer", answered ? "pong" : "pang"}, {"milliseconds", took}};
        if (!answered) out["cause"] = cluster::explanation_of(cluster::cause_of(answered.error().code())).id;
        if (!answered) out["reason"] = answered.error().message();
        print_json(out);
        if (!answered) code = status_of(answered.error().code());
    } else if (answered) {
        std::printf("pong from %s in %.1f ms\n", printable(peer.text()).c_str(), took);
    } else {
        std::printf("pang\n");
        std::fflush(stdout);
        code = tell(answered.error());
    }
    if (code == status::failed) code = status::unreachable;
    co_return static_cast<int>(code);
}

} // namespace

void add_ping(CLI::App& app, chosen& main) {
    auto* command = app.add_subcommand("ping", "Ask whether a node can be reached: pong, or pang and why.");
    auto options = std::make_shared<ping_options>();
    command->add_option("node", options->node, "node2@172.24.176.2")->required();
    command->add_option("--timeout", options->timeout, "seconds to wait [7]")->check(CLI::Range(0.001, 86400.0));
    command->add_flag("--json", options->json, "one JSON object");
    configuration_arguments arguments{*command, offered::for_visitors};
    command->callback([&main, options, arguments] {
        main = [options, arguments] {
            auto config = arguments.read();
            if (!config) return static_cast<int>(tell(config.error()));
            const auto peer = node_argument(options->node);
            if (!peer) return static_cast<int>(status::usage);
            return visit(*std::move(config), *peer,
                         [&](cluster::visitor& visitor) { return ping_once(visitor, peer->full, *options); });
        };
    });
}

} // namespace sedge::cli
