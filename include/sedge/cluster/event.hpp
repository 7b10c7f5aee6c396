// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/term/atom.hpp>

#include <string>
#include <string_view>
#include <system_error>

namespace sedge::cluster {

/// What happened to a node that a topology knows. A node of several topologies has an event for each.
struct event {
    enum class kind {
        connected,         ///< `took`: how long the dial took; 0 if the peer dialled us.
        unable_to_connect, ///< One attempt failed: `took`, `reason`, `code`. It will be tried again.
        disconnected,      ///< `took`: how long it was up; `reason`.
        discovered,        ///< Heard of, but not trusted and so not dialled; told once.
    };
    kind what = kind::connected;
    std::string topology;
    atom node;
    duration took{};
    std::string reason;
    std::error_code code;
};

/// `connected`, `unable_to_connect`, ...
std::string_view to_string(event::kind what) noexcept;

} // namespace sedge::cluster
