// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/program.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/cluster/config.hpp>
#include <sedge/cluster/strategies.hpp>
#include <sedge/wire/system.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sedge::test {

/// What a strategy tells its topology, written down.
class written_down final : public cluster::strategy_context {
public:
    explicit written_down(environment& env, std::string self = "self@10.0.0.1") : env_(env), self_(self) {}

    environment& env() noexcept override { return env_; }
    const atom& self() const noexcept override { return self_; }
    std::string_view topology() const noexcept override { return "t"; }
    void want(std::vector<atom> nodes) override {
        std::vector<std::string> names;
        for (const auto& node : nodes) names.push_back(node.str());
        std::ranges::sort(names);
        wanted = std::move(names);
    }
    void heard(atom, cluster::trust, std::string_view) override {}
    void log(log_level level, std::string_view text) override {
        if (level >= log_level::info) lines.emplace_back(text);
    }
    void count(std::string_view what) override { ++counters[std::string{what}]; }

    std::optional<std::vector<std::string>> wanted; ///< Of the last call, in order of names; unset: none yet.
    std::vector<std::string> lines;
    std::map<std::string, int> counters;

private:
    environment& env_;
    atom self_;
};

/// Strategies against the sources that they ask, over the sockets of this machine.
class Sources : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/sedge-sources-XXXXXX";
        home = mkdtemp(name);
    }
    void TearDown() override {
        tasks.cancel();
        strategies_running.clear();
        std::filesystem::remove_all(home);
    }

    void write(const std::string& file, const std::string& text) { std::ofstream{home / file} << text; }

    /// Starts the strategy that this text of `[topologies.t]` describes; it speaks to `context`.
    void run(written_down& context, const std::string& topology) {
        auto config = cluster::parse_toml("[topologies.t]\n" + topology, "sedge.toml");
        ASSERT_TRUE(config) << config.error().message();
        auto made = cluster::strategies{}.make(config->topologies.at(0), "sedge.toml");
        ASSERT_TRUE(made) << made.error().message();
        strategies_running.push_back(std::move(*made));
        tasks.start(strategies_running.back()->run(context));
    }
    /// What is wrong with that text, as a sentence.
    static std::string complaint(const std::string& topology) {
        auto config = cluster::parse_toml("[topologies.t]\n" + topology, "sedge.toml");
        if (!config) return config.error().message();
        auto made = cluster::strategies{}.make(config->topologies.at(0), "sedge.toml");
        return made ? std::string{} : made.error().message();
    }

    /// Runs our environment until that holds; false if it does not in time.
    bool comes(const std::function<bool()>& holds, duration most = seconds{15}) {
        const auto due = env.now() + most;
        bool over = false;
        nursery ticking;
        ticking.start(tick(env, over));
        env.run_until([&] { return (over = holds() || env.now() > due); });
        return holds();
    }
    bool comes(const written_down& context, const std::vector<std::string>& wanted, duration most = seconds{15}) {
        return comes([&] { return context.wanted == wanted; }, most);
    }
    void pass(duration d) {
        comes([] { return false; }, d);
    }
    static bool said(const written_down& context, std::string_view part) {
        return std::ranges::any_of(context.lines,
                                   [part](const auto& line) { return line.find(part) != std::string::npos; });
    }

    std::filesystem::path home;
    wire::system_environment env;
    std::vector<std::unique_ptr<cluster::strategy>> strategies_running;
    nursery tasks;

private:
    static task<> tick(environment& env, const bool& over) {
        while (!over) {
            auto pause = sleep_for(env, milliseconds{10});
            co_await std::move(pause);
        }
    }
};

} // namespace sedge::test
