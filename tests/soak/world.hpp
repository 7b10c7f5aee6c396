// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "soak/stream_check.hpp"

#include <sedge/process/node.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sedge {
class application;
}

namespace sedge::soak {

/// What one node of the soak has done and seen; shared by its processes, which all run on one thread.
struct world {
    std::vector<atom> peers; ///< All but this one.
    int rate = 10;           ///< Messages a second to each peer; 0: no traffic at all.
    std::string mistake;     ///< Made once, to see that it is found: `lost`, `twice`, `swapped`, `damaged`.
    bool quiet = false;      ///< Told to begin nothing new.

    /// Shown in reports under their names: `sent`, `received`, `lost`, ...
    std::map<std::string, std::int64_t> counts{
        {"sent", 0},  {"received", 0},      {"bytes", 0},  {"strays", 0},       {"lost", 0},
        {"again", 0}, {"damaged", 0},       {"calls", 0},  {"calls_failed", 0}, {"monitors", 0},
        {"downs", 0}, {"monitors_open", 0}, {"greeted", 0}};
    std::map<atom, stream_check> in;         ///< By sender.
    std::map<atom, stream_check::place> out; ///< Where our stream to each peer is; absent: nothing sent in it yet.
    std::map<atom, int> node_downs;          ///< How often each peer was lost.
};

/// Writes `{"violation": "..."}`.
void violated(const std::string& sentence);
/// Writes a line to standard output, at once.
void say(const std::string& line);

/// What a message of this number and size holds; the same bytes as in soak_worker.erl.
byte_view payload(std::uint64_t number, std::size_t size);

// The processes of a node. `all` must outlive them.

/// Registered as `soak_worker`: takes the streams of all peers.
task<> check_streams(process& self, world& all);
/// Sends to the checker on `peer` while connected.
task<> talk(process& self, world& all, atom peer);
/// Calls the server on `peer` five times a second, and monitors processes there.
task<> call(process& self, world& all, atom peer);
/// Registered as `soak_server`: answers these calls.
process_body server();

/// Registered as `soak_echo`: answers each `{Pid, N}` with N.
task<> echo(process& self);
/// Carries out a command of pressure.cpp, if it is one.
void press(application& app, const std::string& command);

/// Starts the processes that join groups and register names.
void start_shared(application& app, world& all);
/// Their part of a report, beginning with a comma.
std::string shared_report(application& app);

} // namespace sedge::soak
