// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/cluster/config.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/system.hpp>

#include <memory>
#include <string>

namespace sedge::cluster {

/// A hidden node for as long as it takes to ask another one something: for tools.
///
/// It has a name that nobody else has, is not published at a port mapper, and joins no topology. Cookie, port of the
/// mappers and timing come from the configuration, as for any node.
///
/// Life:    `make`, use on its environment (`block_on`), `stop`, destroy.
class visitor {
public:
    /// A visitor that can talk to `host` (the part behind the `@`); long or short names as that demands.
    /// Errors: those of the cookie and of `node::start`.
    static result<std::unique_ptr<visitor>> make(const configuration& config, const std::string& host,
                                                 std::shared_ptr<log_sink> log = nullptr);
    ~visitor();

    [[nodiscard]] wire::system_environment& env() noexcept;
    [[nodiscard]] sedge::node& node() noexcept;
    /// The port of the port mappers that it asks.
    [[nodiscard]] std::uint16_t mapper_port() const noexcept;
    void stop();

private:
    class impl; // src/cluster/visitor.cpp
    explicit visitor(std::unique_ptr<impl> i);
    std::unique_ptr<impl> impl_;
};

} // namespace sedge::cluster
