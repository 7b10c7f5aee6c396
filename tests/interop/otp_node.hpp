// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/program.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sedge::test {

struct otp_options {
    std::string name;                    ///< `otp@127.0.0.1`
    std::string cookie = "interop";
    std::uint16_t epmd_port = 0;
    bool short_names = false;
    std::vector<std::string> more = {};  ///< Further arguments of `erl`.
    std::map<std::string, std::string> environment = {}; ///< Added to our own.
};

/// A real Erlang node, Elixir included, that evaluates what a test asks it. Its process `driver` does that, so that
/// `self()` and `flush` work from one question to the next, and variables stay bound.
class otp_node {
public:
    /// Starts it and waits until it runs. `meanwhile` is called while anything here waits.
    otp_node(otp_options options, std::function<void()> meanwhile);

    /// Evaluates an Erlang expression (one line, without the period) and gives its value as text on one line, as
    /// `~tp` writes it; an exception as `Class:Reason`.
    std::string erl(const std::string& expression, std::chrono::milliseconds most = std::chrono::seconds{30});
    /// The same in Elixir; the value as `inspect` writes it.
    std::string elixir(const std::string& expression, std::chrono::milliseconds most = std::chrono::seconds{30});

    /// In two steps, so that something else can happen meanwhile.
    void ask_erl(const std::string& expression);
    void ask_elixir(const std::string& expression);
    std::string answer(std::chrono::milliseconds most = std::chrono::seconds{30});

    /// What its logger wrote of warnings and errors, apart from lines that contain one of `expected`.
    std::string complaints(const std::vector<std::string>& expected = {});

    test::program& program() noexcept { return program_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
    std::string name_;
    test::program program_;
};

} // namespace sedge::test
