// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/global/locks.hpp"
#include "otp/global/names.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

/// The messages between global_name_servers, made and read. What is not as it must be is no message.
namespace sedge::otp::registry {

inline constexpr int protocol_version = 8;  ///< OTP 25 to 28.
inline constexpr int version_least = 7;     ///< From here on lists of nodes carry versions.
inline constexpr int version_with_acks = 8; ///< `init_connect_ack`, `cancel_connect`, tags in `lock_set`.

/// A member of a partition and its protocol version; 0: not known.
struct member {
    atom node;
    int version = 0;
    friend bool operator==(const member&, const member&) = default;
};

/// What is to be done to the names: insert them, or (`erased`) forget them.
struct operations {
    std::vector<named> inserted;
    std::vector<term> erased;
};

/// `{init_connect, {Version, Tag}, Node, {locker, _, Extra, Locker}}`
struct greeting {
    int version = 0;
    term tag;
    pid locker;
    bool is_sedge = false; ///< Extra is a map with the key `sedge`. OTP puts another map there and ignores ours.
};
term make_greeting(std::int64_t tag, const atom& me, const pid& locker);
std::optional<greeting> read_greeting(const term_view& message);

/// `{exchange, Node, Names, ExternalNames, Tag}`
term make_exchange(const atom& me, const std::vector<named>& names, const term& his_tag);
std::optional<std::vector<named>> read_names(const term_view& list);

/// `{resolved, Node, Operations, Known, Sedge, ExternalNames, Tag}`; `sedge`: those of `known` that are of our kind.
/// OTP puts the atom `unused` there and ignores ours.
term make_resolved(const atom& me, const operations& his_part, const std::vector<member>& known,
                   const std::vector<atom>& sedge, const term& his_tag);
std::optional<operations> read_operations(const term_view& list);
/// Members, or plain names with version 0.
std::optional<std::vector<member>> read_members(const term_view& list);

/// `{new_nodes, Node, Operations, ExternalNames, Members, [{vsn, Version}, {lock, {global, Requester}}, {sedge,
/// Nodes}]}`; OTP ignores the last pair, which we leave out where it is empty.
term make_new_nodes(const atom& me, const operations& changes, const std::vector<member>& nodes, int version,
                    const term& requester, const std::vector<atom>& sedge);
/// The requester in the last element.
std::optional<term> read_requester(const term_view& extra);
/// The nodes of our kind in the last element.
std::vector<atom> read_sedge_nodes(const term_view& extra);
/// The nodes in a list of atoms; nothing if it is something else.
std::vector<atom> read_atoms(const term_view& list);

/// `{lock_set, Locker, IsSet, Known, Tag}`; below version 8, and directly between lockers, without the tag.
struct lock_answer {
    pid locker;
    bool is_set = false;
    std::optional<term> tag;
};
term make_lock_set(const pid& locker, bool is_set, const std::vector<atom>& known, const std::optional<term>& tag);
std::optional<lock_answer> read_lock_set(const term_view& message);

/// `{global, Requester}`
term make_lock_id(const lock_key& key);
std::optional<lock_key> read_lock_id(const term_view& id);

} // namespace sedge::otp::registry
