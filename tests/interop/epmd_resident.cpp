// SPDX-License-Identifier: Apache-2.0
//
// A program that has a node's name and nothing else of a node, to be killed by tests:
//
//     epmd_resident MAPPER_PORT NAME NODE_PORT
//
// Prints `published CREATION` and stays.
#include <sedge/epmd/directory.hpp>
#include <sedge/wire/system.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace sedge;

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    wire::system_environment env;
    epmd::directory_options options;
    options.port = static_cast<std::uint16_t>(std::stoi(argv[1]));
    options.own_host = "127.0.0.1";
    epmd::directory where{env, options};
    wire::publication what{argv[2], static_cast<std::uint16_t>(std::stoi(argv[3])), false};
    auto creation = env.block_on(where.publish(what));
    if (!creation) {
        std::fprintf(stderr, "%s\n", creation.error().message().c_str());
        return 1;
    }
    std::printf("published %u\n", *creation);
    std::fflush(stdout);
    env.run();
}
