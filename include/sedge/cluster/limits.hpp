// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/limits.hpp>

/// Bounds of what strategies read, with unit and reason, as in `base/limits.hpp`.
namespace sedge::limits {

inline constexpr std::size_t hosts_file_bytes_max = 65'536;    ///< Of one `.hosts.erlang`.
inline constexpr std::size_t hosts_max = 256;                  ///< Hosts in it; each is asked at each round.
inline constexpr std::size_t snapshot_bytes_max = 512 * 1024;  ///< Of the file of members: twice 1,024 long names.
inline constexpr std::chrono::hours snapshot_age_max{24 * 30}; ///< Older members are not dialled.
inline constexpr std::size_t mdns_packet_bytes_max = 9000;     ///< RFC 6762 section 17.
inline constexpr std::size_t mdns_instances_max = 1024;        ///< In one packet; as many as there can be peers.

} // namespace sedge::limits
