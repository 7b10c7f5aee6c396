// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

/// Process groups (`pg`) and PubSub: what one node may make us remember in one scope. Above it its further members are
/// left out, with a line in the log, until it has half of that.
namespace sedge::limits {

inline constexpr std::size_t pg_memberships_per_peer_max = 100'000; ///< About 250 bytes each: 25 MB.
inline constexpr std::size_t pg_group_bytes_max = 16 * 1024;        ///< Of one group's name; each join compares it.
inline constexpr std::size_t pg_group_bytes_per_peer_max = std::size_t{16} << 20; ///< Sum of the names of its groups.
inline constexpr std::size_t pg_scopes_max = 256; ///< Of this node; each message that comes in is held against them.
inline constexpr std::size_t pg_monitors_max = 100'000;            ///< Watchers of one scope's groups.
inline constexpr std::size_t pubsub_subscriptions_max = 1'000'000; ///< Of one PubSub, by processes of this node.
inline constexpr std::size_t pubsub_pool_size_max = 64;            ///< Processes that take broadcasts for one PubSub.

} // namespace sedge::limits
