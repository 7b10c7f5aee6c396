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

// Diagnosis.
inline constexpr std::size_t diagnosis_addresses_max = 8; ///< Of one host; each may cost `diagnosis_step_time`.
inline constexpr std::chrono::milliseconds diagnosis_step_time{3500}; ///< One question. The kernel needs 3 s to find
                                                                      ///< out that nobody has an address.
inline constexpr std::size_t diagnosis_large_bytes = 64 * 1024; ///< Of a test message: dozens of packets of full size.
inline constexpr std::size_t diagnosis_findings_max = 64;       ///< Taken from another node's report.
inline constexpr std::chrono::milliseconds gossip_listening_time{6000}; ///< Heartbeats come at most 5 s apart.
inline constexpr std::uint64_t descriptors_advised =
    1024; ///< Below it a node is told: peers, mapper, listeners, files.

} // namespace sedge::limits
