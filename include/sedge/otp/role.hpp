// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/limits.hpp>
#include <sedge/term/atom.hpp>

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// What other nodes may do here.
namespace sedge::otp {

/// Beside these, every node with the cookie may ping, monitor, send to a pid that it was shown, and use the services
/// that keep a cluster together.
enum class right {
    info,   ///< Call functions that only read (`access::info`, `report`); `:sys.get_state` and `:sys.get_status`.
    call,   ///< Call functions that the program has added (`access::call`, `access::spawn`): `:rpc`, `:erpc`.
    spawn,  ///< Run functions of `access::spawn` as processes of their own: `Node.spawn`.
    send,   ///< Send to registered names.
    link,   ///< Link to processes. Whoever is linked shares fate: the one that does not trap exits ends with the other.
    global, ///< Take part in `global`: share names and locks with this node, register names for processes here.
    control, ///< End, suspend and redirect processes: `exit/2`, `GenServer.stop`, `:sys.suspend`, `group_leader/2`.
};

std::string_view to_string(right r) noexcept;
std::optional<right> right_from(std::string_view text) noexcept;

/// A named set of rights. Patterns are text in which `*` stands for any text.
struct role {
    std::string name;
    std::vector<std::string> nodes; ///< Whose it is: patterns of node names, `web*@10.0.0.*`.
    /// If any are given, the node's certificate must match one of these patterns as well: with TLS alone a name is more
    /// than a claim.
    std::vector<std::string> certificates{};
    std::set<right> may{right::info, right::call, right::spawn, right::send, right::link, right::global};
    std::vector<std::string> functions{"*"}; ///< Of those with the right level: `sensors:*`, `Elixir.Node:list/0`.
    std::vector<std::string> names{"*"};     ///< Registered names that `send` reaches.
    std::vector<std::string> scopes{"*"};    ///< Scopes of groups (`pg`) that it has a part in; others it does not see.
    std::size_t calls_max = limits::calls_per_peer_max; ///< Functions under way for one node.
};

/// A peer, as far as its role depends on it.
struct peer_identity {
    atom node;               ///< As it calls itself. Without TLS only the cookie vouches for that.
    std::string certificate; ///< The name that its certificate proves; empty without TLS.
};

/// Which node has which role: the first one that lists it. A node that none lists has the role `default`, or, if the
/// table has none of that name, `role{}`: everything but `control`.
class role_table {
public:
    role_table();
    explicit role_table(std::vector<role> roles);

    /// Valid as long as the table.
    [[nodiscard]] const role& of(const peer_identity& peer) const;

private:
    std::vector<role> roles_; // the last one is for everybody
};

/// Whether `text` is what `pattern` describes.
bool matches(std::string_view pattern, std::string_view text) noexcept;
bool matches_any(const std::vector<std::string>& patterns, std::string_view text) noexcept;

} // namespace sedge::otp
