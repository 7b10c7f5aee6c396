// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/term/atom.hpp>

#include <chrono>
#include <map>
#include <string>
#include <string_view>

namespace sedge::cluster {

/// When each member was last seen up, by the wall clock (core).
using member_times = std::map<atom, std::chrono::sys_seconds>;

/// The text of a snapshot. The newest `limits::topology_nodes_max` members are taken.
///
///     sedge members 1
///     node1@10.0.0.1 1764115200
///     end 1 8c7dd922ad47494f
///
/// The last line holds the number of members and FNV-1a (64 bits) of all bytes before it, so that a file that was cut
/// or bent by a blackout is recognized.
std::string encode_snapshot(const member_times& members);

/// The other way. Errors: errc::malformed, errc::limit_exceeded; the context says what is wrong with it.
result<member_times> decode_snapshot(std::string_view text);

/// Takes out whom nobody has seen for `limits::snapshot_age_max` before `now`. Times in the future stay: boards without
/// a battery come up in 1970.
member_times without_stale(member_times members, std::chrono::sys_seconds now);

/// Reads a file of at most `limits::snapshot_bytes_max`. Errors: system codes, as decode_snapshot.
result<member_times> load_snapshot(const std::string& path);

/// Writes beside it, to the disk, and then in its place: after a blackout there is the old file or the new one.
/// Errors: system codes.
result<void> save_snapshot(const std::string& path, const member_times& members);

} // namespace sedge::cluster
