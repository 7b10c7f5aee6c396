// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/cluster/config.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/system.hpp>

#include <functional>
#include <memory>
#include <string_view>

namespace sedge::cluster {

struct visitor_options {
    configuration config; ///< Cookie, `setup_time` and the port mappers' port are taken from it; no name, no topology.
    bool long_names = true;                            ///< As the nodes that are visited.
    std::shared_ptr<log_sink> log;                     ///< Null: standard error.
    std::function<void(std::string_view text)> output; ///< What functions called elsewhere print. Unset: the log.
};

/// A node that comes to ask a running cluster something, and leaves: what `sedge call` and `sedge shell --remote` are.
///
/// It is hidden, has a random name that no port mapper hears of, and accepts no connections from other machines. So
/// any number of them can visit at once, and nobody's `Node.list` changes. It starts no port mapper and makes no
/// cookie: without one in `config` it takes the one that `sedge start` made for this user.
///
/// Threads: everything on the thread that calls `run`.
class visitor {
public:
    explicit visitor(visitor_options options);
    ~visitor();
    visitor(const visitor&) = delete;
    visitor& operator=(const visitor&) = delete;

    /// Starts the node, runs `main` to its end, stops the node; gives the value of `main`.
    /// Errors: dist::errc::cookie_unusable, system codes of the cookie's file or of listening.
    result<int> run(std::function<task<int>(visitor&)> main);

    [[nodiscard]] wire::system_environment& env() noexcept;
    /// Precondition: inside of `main`.
    [[nodiscard]] sedge::node& node() noexcept;

private:
    class impl; // src/cluster/visitor.cpp
    std::unique_ptr<impl> impl_;
};

} // namespace sedge::cluster
