// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <sedge/otp/rpc.hpp>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <cstdio>
#include <iostream>

namespace sedge::cli {

int ping(const arguments& given) {
    CLI::App app{"Asks a node whether it is there, as Node.ping does. Prints pong, or pang with the reason.", "sedge ping"};
    client_options options;
    std::string target;
    app.add_option("node", target, "name@host")->required();
    add_client_options(app, options);
    if (auto code = read_command_line(app, given)) return *code;

    auto name = peer_name("ping", target);
    if (!name) return static_cast<int>(exit_code::usage);
    int code = 0;
    auto here = visit("ping", options, name->host, code);
    if (!here) return code;
    auto& env = here->env();
    auto begin = env.now();
    auto answer = env.block_on(otp::ping(here->node(), name->full, begin + timeout_of(options)));
    auto took = std::chrono::duration<double, std::milli>(env.now() - begin).count();
    if (options.json) {
        boost::json::object out{{"node", target}, {"pong", answer.has_value()}, {"milliseconds", took}};
        if (!answer) out["reason"] = answer.error().message();
        std::cout << boost::json::serialize(out) << "\n";
    } else {
        std::printf(answer ? "pong (%.1f ms)\n" : "pang\n", took);
    }
    return answer ? 0 : tell("ping", answer.error());
}

} // namespace sedge::cli
