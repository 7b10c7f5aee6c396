// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/epmd/access.hpp>
#include <sedge/epmd/message.hpp>

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <string>
#include <vector>

namespace sedge::epmd {

/// The names of one machine and their creations: what a port mapper knows, and how it answers. A core.
///
/// A name belongs to the connection that registered it and goes when that connection does.
class registry {
public:
    using connection = std::uint64_t; ///< Whatever the driver numbers its connections with.

    /// What to do with the connection after the answer (which may be empty) was sent.
    enum class next { close, hold, wait_for_close };
    struct outcome {
        byte_buffer answer;
        next then = next::close;
    };

    /// `port` is told in answers to NAMES: OTP's client compares it with the port it asked. The first name gets
    /// the creation `first_creation` (or 4 if that is less), each further registration the next one.
    registry(std::uint16_t port, std::uint32_t first_creation);

    /// Answers `what`, which came on `from`.
    ///
    /// `hold`: the name is registered until `ended(from)`, which is due when the connection ends *or any further
    /// byte comes on it*. `wait_for_close`: refused; the client is expected to close.
    [[nodiscard]] outcome handle(connection from, const request& what, rights allowed);

    /// The connection is gone. Gives the name that went with it, or an empty string.
    std::string ended(connection gone);

    /// Null if not registered. Valid until the registry changes.
    [[nodiscard]] const node_entry* find(std::string_view name) const;
    [[nodiscard]] std::vector<name_and_port> names() const; ///< Latest registration first.
    [[nodiscard]] std::size_t size() const noexcept { return live_.size(); }

private:
    struct registered {
        connection owner;
        node_entry node;
        std::uint32_t creation;
    };

    outcome register_node(connection from, const node_entry& node, rights allowed);
    std::uint32_t creation_for(const std::string& name);
    void remember(const std::string& name, std::uint32_t creation);

    std::uint16_t port_;
    std::uint32_t next_creation_;
    std::list<registered> live_;                      // latest first
    std::map<std::string, std::uint32_t> remembered_; // last creation of names that are gone
    std::deque<std::string> remembered_order_;        // the same names, oldest first
};

} // namespace sedge::epmd
