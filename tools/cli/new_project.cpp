// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace sedge::cli {
namespace {

namespace fs = std::filesystem;

/// Replaces each `@NAME@` of a template.
std::string filled(std::string text, const std::string& name) {
    for (std::size_t at; (at = text.find("@NAME@")) != std::string::npos;) text.replace(at, 6, name);
    return text;
}

constexpr const char* cmake_lists = R"(cmake_minimum_required(VERSION 3.25)
project(@NAME@ LANGUAGES CXX)

find_package(sedge CONFIG REQUIRED)

add_executable(@NAME@ main.cpp)
target_compile_features(@NAME@ PRIVATE cxx_std_20)
target_link_libraries(@NAME@ PRIVATE sedge::sedge)
)";

constexpr const char* main_plain = R"(#include <sedge/sedge.hpp>

int main(int argc, char** argv) {
    sedge::application app{argc, argv}; // --name --cookie --config ...
    return app.run();                   // until Ctrl-C; leaves the cluster first
}
)";

constexpr const char* main_supervised = R"(#include <sedge/sedge.hpp>

using namespace sedge::literals;

// Answers {From, Name} with {:hello, Name}. From Elixir:
//   send({:greeter, :"@NAME@@127.0.0.1"}, {self(), "Ada"})
sedge::task<> greeter(sedge::process& self) {
    for (;;) {
        auto [from, name] = co_await self.receive<sedge::pid, std::string>();
        self.send(from, std::tuple{"hello"_atom, name});
    }
}

int main(int argc, char** argv) {
    sedge::application app{argc, argv}; // --name --cookie --config ...
    app.supervise("greeter", greeter);  // started again if it fails
    return app.run();                   // until Ctrl-C; leaves the cluster first
}
)";

constexpr const char* configuration = R"([node]
name = "@NAME@@127.0.0.1" # on several machines: the address by which the others reach this one
# cookie_file = "cookie"  # without it a strong cookie is made on first start; all nodes need the same one

[topologies.clusters1]
strategy = "gossip"       # nodes announce themselves by multicast; or "epmd" with a list of hosts:
trust = "lan"             # dial whoever announces itself on this network; with a secret in config this is not needed
config = { port = 45892 }

# [topologies.clusters1]
# strategy = "epmd"
# config = { hosts = ["node1@172.24.176.1", "node2@172.24.176.2"] }
)";

constexpr const char* readme = R"(# @NAME@

A node of an Erlang/Elixir cluster, in C++ with sedge.

    cmake -B build && cmake --build build
    build/@NAME@ --config sedge.toml

`sedge.toml` says who it is and how it finds the others; `build/@NAME@ --help` lists the options.
)";

struct file {
    const char* name;
    const char* text;
};

} // namespace

int new_project(const arguments& given) {
    CLI::App app{"Makes a C++ project that builds on the installed library, with a topology ready to fill in.", "sedge new"};
    std::string where;
    bool supervised = false;
    app.add_option("directory", where, "Where to make it; its last part names the project")->required();
    app.add_flag("--sup", supervised, "With a supervised process");
    if (auto code = read_command_line(app, given)) return *code;

    fs::path place{where};
    auto name = place.lexically_normal().filename().string();
    if (name.empty()) name = place.lexically_normal().parent_path().filename().string();
    bool good = !name.empty() && std::isalpha(static_cast<unsigned char>(name.front()));
    for (char c : name) good = good && (std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-');
    if (!good) {
        std::fprintf(stderr, "sedge new: '%s' cannot name a project: letters, digits, '_' and '-', a letter first\n",
                     printable(name).c_str());
        return static_cast<int>(exit_code::usage);
    }
    std::error_code failure;
    if (fs::exists(place, failure) && !fs::is_empty(place, failure)) {
        std::fprintf(stderr, "sedge new: %s exists and is not empty; nothing was changed\n", printable(where).c_str());
        return static_cast<int>(exit_code::failed);
    }
    fs::create_directories(place, failure);
    const file files[] = {{"CMakeLists.txt", cmake_lists}, {"main.cpp", supervised ? main_supervised : main_plain},
                          {"sedge.toml", configuration}, {"README.md", readme}, {".gitignore", "/build/\n/cookie\n"}};
    for (const auto& f : files) {
        std::ofstream out{place / f.name};
        out << filled(f.text, name);
        out.close();
        if (failure || !out) {
            std::fprintf(stderr, "sedge new: cannot write %s\n", printable((place / f.name).string()).c_str());
            return static_cast<int>(exit_code::failed);
        }
        std::printf("* creating %s\n", printable((place / f.name).string()).c_str());
    }
    std::printf("\nNext:\n  cd %s\n  cmake -B build && cmake --build build\n  build/%s --config sedge.toml\n",
                printable(where).c_str(), name.c_str());
    return 0;
}

} // namespace sedge::cli
