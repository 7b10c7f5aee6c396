// SPDX-License-Identifier: Apache-2.0
//
// A node of ours in a program of its own, to be killed by tests:
//
//     node_resident MAPPER_PORT NAME
//
// Prints `running` and stays; its process `target` waits for ever.
#include "interop/with_otp.hpp"

#include <cstdio>

int main(int argc, char** argv) {
    using namespace sedge;
    if (argc != 3) return 2;
    wire::system_environment env;
    test::sedge_options options;
    options.name = argv[2];
    test::sedge_side side{env, static_cast<std::uint16_t>(std::stoi(argv[1])), options};
    side.node.spawn([](process& self) -> task<> { co_await self.sleep(std::chrono::hours{1}); },
                    {.label = "target", .name = atom{"target"}});
    std::printf("running\n");
    std::fflush(stdout);
    env.run();
}
