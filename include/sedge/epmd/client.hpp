// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/task.hpp>
#include <sedge/epmd/message.hpp>
#include <sedge/wire/address.hpp>

#include <memory>
#include <string>

namespace sedge {
class environment;
}
namespace sedge::wire {
class stream;
}

/// Asking a port mapper: OTP's daemon or another sedge node's embedded one.
///
/// All errors name the mapper's address, and the name where there is one. Common to all functions:
///     epmd::errc::no_answer         nothing listens there: no node and no mapper runs on that machine
///     epmd::errc::not_a_mapper      what came is no answer of a port mapper
///     epmd::errc::closed_unanswered closed without an answer: it may not tell us, or is just ending
///     epmd::errc::silent            no complete answer at `due`
///     system codes                  no route, ...
namespace sedge::epmd {

/// The port mappers' port on this machine: ERL_EPMD_PORT as for OTP's tools, else 4369.
[[nodiscard]] std::uint16_t usual_port();

/// A name that a mapper holds for us. Destroying it gives the name back.
class registration {
public:
    registration(std::unique_ptr<wire::stream> connection, std::uint32_t creation);
    registration(registration&&) noexcept;
    registration& operator=(registration&&) noexcept;
    ~registration();

    /// 1 to 3 from a mapper of the old kind.
    [[nodiscard]] std::uint32_t creation() const noexcept { return creation_; }
    /// Completes when the mapper is gone and the name with it. At most one waiter.
    [[nodiscard]] task<> ended();

private:
    std::unique_ptr<wire::stream> connection_;
    std::uint32_t creation_;
};

/// Registers `node`. The mapper must be one of this machine.
/// Errors: epmd::errc::name_taken, epmd::errc::name_refused for what is no name (nothing is sent), and the above.
[[nodiscard]] task<result<registration>> register_node(environment& env, wire::endpoint mapper, node_entry node,
                                                       time_point due);

/// Where the node called `name` (the part before `@`) is.
/// Errors: epmd::errc::not_found, epmd::errc::version_mismatch, and the above.
[[nodiscard]] task<result<node_entry>> look_up(environment& env, wire::endpoint mapper, std::string name,
                                               time_point due);

/// Who is registered. Errors: sedge::errc::limit_exceeded for an endless list, and the above.
[[nodiscard]] task<result<names_answer>> names(environment& env, wire::endpoint mapper, time_point due);

} // namespace sedge::epmd
