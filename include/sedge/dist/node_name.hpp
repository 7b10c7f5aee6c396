// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/term/atom.hpp>

#include <string>
#include <string_view>

namespace sedge {

/// A node's name, taken apart: `edge1@10.0.0.5`.
struct node_name {
    std::string alive; ///< `edge1`: what EPMD knows.
    std::string host;  ///< `10.0.0.5`: where to ask for it.
    atom full;         ///< `edge1@10.0.0.5`: what names it in the cluster.

    /// Takes letters, digits, `_` and `-`, then one `@`, then a host of printable ASCII; 255 characters in all.
    /// Errors: dist::errc::name_invalid, the context says what is wrong with it.
    static result<node_name> parse(std::string_view text);

    /// A long name has a dot or an address literal behind the `@`; nodes with long names and nodes with short names
    /// do not connect to each other.
    [[nodiscard]] bool is_long() const noexcept;

    friend bool operator==(const node_name& a, const node_name& b) noexcept { return a.full == b.full; }
};

/// Whether a node with long (or short) names may talk to `peer`. Errors: dist::errc::name_kind.
result<void> check_name_kind(bool long_names_here, const node_name& peer);

} // namespace sedge
