// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/wire/transport.hpp>

namespace sedge::wire {

/// A socket that can let datagrams gather, so that many are read at one wake of the program.
class reads_in_batches {
public:
    virtual ~reads_in_batches() = default;
    virtual void set_batch_time(duration most) noexcept = 0;
};

/// Lets what comes through `from`, soon after something else came, wait for up to `most`; zero: never. Datagrams after
/// a silence are read at once all the same. Sockets that cannot do it go on as they are.
inline void set_batch_time(datagram_socket& from, duration most) noexcept {
    if (auto* socket = dynamic_cast<reads_in_batches*>(&from)) socket->set_batch_time(most);
}

} // namespace sedge::wire
