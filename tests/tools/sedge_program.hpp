// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/free_port.hpp"
#include "support/program.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace sedge::test {

namespace fs = std::filesystem;

struct outcome {
    int status = -1;
    std::string output;
};

/// `sedge` as a user runs it, with a home of its own and a port mapper's port that nobody else has.
class Sedge : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/sedge-cli-test-XXXXXX";
        home = mkdtemp(name);
        write("cookie", "the cookie of these tests");
        fs::permissions(home / "cookie", fs::perms::owner_read);
    }
    void TearDown() override {
        started.clear();
        fs::remove_all(home);
    }

    void write(const std::string& file, const std::string& text) { std::ofstream{home / file} << text; }

    std::unique_ptr<program> start(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), SEDGE_PROGRAM);
        program_options options;
        options.arguments = std::move(arguments);
        options.environment = {{"HOME", home.string()}, {"ERL_EPMD_PORT", std::to_string(port)}, {"NO_COLOR", "1"}};
        options.environment.insert(more_environment.begin(), more_environment.end());
        options.directory = home.string();
        return std::make_unique<program>(std::move(options));
    }
    outcome run(std::vector<std::string> arguments, const std::string& input = {}) {
        auto running = start(std::move(arguments));
        if (!input.empty()) running->write(input);
        running->close_input();
        const int status = running->wait_for_end();
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, running->output()};
    }
    /// A node that runs until the end of the test.
    program& node(const std::string& name) {
        auto& made = *started.emplace_back(start({"start", "--name", name, "--cookie-file", "cookie"}));
        made.wait_for("accepts peers on port");
        return made;
    }

    fs::path home;
    std::map<std::string, std::string> more_environment; ///< Of programs started from now on.
    int port = free_port();
    std::vector<std::unique_ptr<program>> started;
};

} // namespace sedge::test
