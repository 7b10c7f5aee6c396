// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

namespace sedge {
class environment;
}

namespace sedge::cluster {

class topologies;

/// Remembers on disk which nodes were connected, so that after a blackout the cluster forms again even where whoever
/// names the nodes (a DNS server, a database, the cloud) is not there yet.
///
/// At the start the members of the file are wanted, by a topology called `remembered`. A node that was connected is
/// remembered from then on; it is forgotten when no topology wants it any more, or when nobody has seen it for
/// `limits::snapshot_age_max`. A file that is cut, bent or old is ignored, which is logged; the next write mends it.
///
/// Life:    constructed after the topologies, destroyed before them; writes once more then.
/// Threads: only on the environment's thread. Files are written there: some milliseconds, after changes and hourly.
class member_memory {
public:
    member_memory(topologies& whose, environment& env, std::string path);
    ~member_memory();
    member_memory(const member_memory&) = delete;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

} // namespace sedge::cluster
