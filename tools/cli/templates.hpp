// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

/// The files of a new project. `@NAME@` is replaced.
namespace sedge::cli::templates {

inline constexpr std::string_view cmake = R"(cmake_minimum_required(VERSION 3.25)
project(@NAME@ LANGUAGES CXX)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)

find_package(sedge CONFIG REQUIRED)

add_executable(@NAME@ main.cpp)
target_link_libraries(@NAME@ PRIVATE sedge::sedge)
)";

inline constexpr std::string_view plain_main = R"(#include <sedge/sedge.hpp>

// Options: --name, --cookie-file, --config and all others that `sedge start --help` shows.
int main(int argc, char** argv) {
    sedge::application app{argc, argv};
    return app.run(); // until SIGTERM or Ctrl-C; leaves the cluster first
}
)";

inline constexpr std::string_view supervised_main = R"(#include <sedge/sedge.hpp>

using namespace sedge::literals;

// Answers every {pid, text} with {:hello, text}. From any node of the cluster:
//     send({:greeter, :"@NAME@@127.0.0.1"}, {self(), "Ada"})
sedge::task<> greeter(sedge::process& self) {
    for (;;) {
        auto [from, name] = co_await self.receive<sedge::pid, std::string>();
        self.send(from, sedge::term{std::tuple{"hello"_atom, name}});
    }
}

// Options: --name, --cookie-file, --config and all others that `sedge start --help` shows.
int main(int argc, char** argv) {
    sedge::application app{argc, argv};
    app.supervise("greeter", greeter); // started again if it fails
    return app.run();                  // until SIGTERM or Ctrl-C; leaves the cluster first
}
)";

inline constexpr std::string_view configuration = R"([node]
# name = "@NAME@@172.24.176.1"   # or --name; other machines must reach what stands behind the @
# cookie_file = "cookie"         # or --cookie-file; the same secret on all nodes, mode 0400

# Nodes of the local network find each other, join when they appear and rejoin when they come back.
[topologies.clusters1]
strategy = "gossip"
# Announcements without a secret can come from anybody on the network: "lan" says that all who can send them are
# trusted to be dialled. With a secret below, this line can go.
trust = "lan"
config = { port = 45892 }        # multicast_if = "172.24.176.1", secret = "..."

# Or a list of hosts, kept connected:
# [topologies.clusters1]
# strategy = "epmd"
# config = { hosts = ["@NAME@@172.24.176.1", "node2@172.24.176.2"] }
)";

inline constexpr std::string_view readme = R"(# @NAME@

A node of an Erlang/Elixir cluster, in C++ with sedge.

    cmake -B build && cmake --build build
    ./build/@NAME@ --name @NAME@@127.0.0.1 --config sedge.toml

Which nodes it finds is said in `sedge.toml`. To look inside while it runs:

    sedge shell --remote @NAME@@127.0.0.1

Without a cookie, the first start makes a strong one in `~/.sedge.cookie` and says so; all nodes of a cluster need
the same one.
)";

inline constexpr std::string_view gitignore = "/build/\n/cookie\n";

} // namespace sedge::cli::templates
