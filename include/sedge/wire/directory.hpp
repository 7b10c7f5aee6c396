// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/wire/address.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sedge::wire {

/// What a node tells about itself when it publishes.
struct publication {
    std::string alive_name;  ///< The part before `@`.
    std::uint16_t port = 0;  ///< Where its distribution listener is.
    bool hidden = false;
};

/// Turns node names into addresses, and publishes our own. `epmd::directory` is the usual one; a fixed table or
/// another registry can stand in its place.
///
/// Threads: only on the environment's thread.
class directory {
public:
    virtual ~directory() = default;

    /// Publishes this node and keeps it published (through a restart of the registry) until `withdraw`.
    /// The creation is the one to keep for this node's life, also when it has to be published again.
    /// Errors: of the registry (`epmd::errc::name_taken`, ...), system codes.
    virtual task<result<std::uint32_t>> publish(publication what) = 0;
    virtual void withdraw() noexcept = 0;

    /// Where the node `alive@host` accepts connections: candidates in the order to try.
    /// Errors: wire::errc::name_not_found for the host, of the registry for the name, system codes.
    virtual task<result<std::vector<endpoint>>> locate(std::string alive, std::string host) = 0;
};

} // namespace sedge::wire
