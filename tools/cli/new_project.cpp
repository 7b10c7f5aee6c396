// SPDX-License-Identifier: Apache-2.0
//
// `sedge new a --sup`: a C++ project that builds against the installed library, as `mix new a --sup` makes an Elixir
// one. The texts stand in templates.hpp; @NAME@ in them is the name of the project.
#include "command.hpp"
#include "templates.hpp"

#include <sedge/base/log.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace sedge::cli {

namespace {

namespace fs = std::filesystem;

struct new_options {
    std::string directory;
    bool supervised = false;
};

std::string filled_in(std::string_view text, const std::string& name) {
    constexpr std::string_view hole = "@NAME@";
    std::string out;
    for (;;) {
        const auto at = text.find(hole);
        out += text.substr(0, at);
        if (at == std::string_view::npos) return out;
        out += name;
        text.remove_prefix(at + hole.size());
    }
}

/// Letters, digits, `_` and `-`, a letter first: it becomes a CMake target and the part of a node's name before the @.
bool is_project_name(const std::string& name) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (name.empty() || name.size() > 64 || !is_letter(name[0])) return false;
    for (const char c : name)
        if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '_' && c != '-') return false;
    return true;
}

int make_project(const new_options& options) {
    const fs::path place = fs::path{options.directory}.lexically_normal();
    const auto name = (place.has_filename() ? place : place.parent_path()).filename().string();
    if (!is_project_name(name))
        return static_cast<int>(tell(status::usage, "\"" + name +
                                                        "\" cannot be the name of a project: it starts with a letter "
                                                        "and has letters, digits, _ and - in it"));
    std::error_code failed;
    if (fs::exists(place, failed) && (!fs::is_directory(place, failed) || !fs::is_empty(place, failed)))
        return static_cast<int>(
            tell(status::failed, place.string() + " exists already and is not empty; nothing was changed"));
    fs::create_directories(place, failed);
    if (failed)
        return static_cast<int>(tell(status::failed, "cannot make " + place.string() + ": " + failed.message()));

    const std::pair<const char*, std::string_view> files[] = {
        {"CMakeLists.txt", templates::cmake},
        {"main.cpp", options.supervised ? templates::supervised_main : templates::plain_main},
        {"sedge.toml", templates::configuration},
        {"README.md", templates::readme},
        {".gitignore", templates::gitignore},
    };
    for (const auto& [file, text] : files) {
        std::ofstream out{place / file};
        out << filled_in(text, name);
        if (!out.flush()) return static_cast<int>(tell(status::failed, "cannot write " + (place / file).string()));
        std::printf("* %s\n", printable((place / file).string()).c_str());
    }
    std::printf("\nNext:\n"
                "  cd %s\n"
                "  cmake -B build && cmake --build build\n"
                "  ./build/%s --name %s@127.0.0.1 --config sedge.toml\n"
                "The topologies are in sedge.toml.\n",
                printable(place.string()).c_str(), name.c_str(), name.c_str());
    return static_cast<int>(status::ok);
}

} // namespace

void add_new(CLI::App& app, chosen& main) {
    auto* command = app.add_subcommand("new", "Make a C++ project whose program is a node.");
    auto options = std::make_shared<new_options>();
    command->add_option("name", options->directory, "name of the project and of its directory")->required();
    command->add_flag("--sup", options->supervised, "with a supervised process in it");
    command->callback([&main, options] { main = [options] { return make_project(*options); }; });
}

} // namespace sedge::cli
