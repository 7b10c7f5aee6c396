// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/atom.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>

namespace sedge {

/// The address of a process anywhere in the cluster. Two pids are the same process only if all four are equal.
struct pid {
    atom node;
    std::uint32_t id = 0;
    std::uint32_t serial = 0;
    std::uint32_t creation = 0; ///< Incarnation of the node; a restarted node has another.

    friend bool operator==(const pid&, const pid&) = default;
    /// Erlang's order: serial, id, node name, creation.
    friend std::strong_ordering operator<=>(const pid& a, const pid& b) noexcept;
};

/// A driver or a file of an Erlang node; C++ nodes only carry them.
struct port {
    atom node;
    std::uint64_t id = 0;
    std::uint32_t creation = 0;
    friend bool operator==(const port&, const port&) = default;
    /// Erlang's order: node name, creation, id.
    friend std::strong_ordering operator<=>(const port& a, const port& b) noexcept;
};

/// A unique value; also the identity of a monitor, a request or an alias.
struct reference {
    atom node;
    std::uint32_t creation = 0;
    std::uint8_t size = 0;                ///< Words used, 1 to 5.
    std::array<std::uint32_t, 5> words{}; ///< In wire order; unused ones are zero.

    friend bool operator==(const reference&, const reference&) = default;
    /// Erlang's order: node name, creation, then words from the last to the first.
    friend std::strong_ordering operator<=>(const reference& a, const reference& b) noexcept;
};

/// `#PID<node@host.id.serial>`: names the node, where Erlang prints a number that means something only there.
std::string to_string(const pid& p);
std::string to_string(const port& p);
std::string to_string(const reference& r);

} // namespace sedge

template <>
struct std::hash<sedge::pid> {
    std::size_t operator()(const sedge::pid& p) const noexcept {
        std::size_t h = (std::size_t{p.id} << 32 | p.serial) * 0x9e3779b97f4a7c15ull;
        return h ^ (std::hash<sedge::atom>{}(p.node) + p.creation);
    }
};
template <>
struct std::hash<sedge::reference> {
    std::size_t operator()(const sedge::reference& r) const noexcept {
        std::size_t h = r.creation;
        for (auto w : r.words) h = (h ^ w) * 0x9e3779b97f4a7c15ull;
        return h ^ std::hash<sedge::atom>{}(r.node);
    }
};
