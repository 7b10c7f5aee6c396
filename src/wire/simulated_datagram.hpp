// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/simulated_program.hpp"
#include "wire/wait_slot.hpp"

#include <deque>

namespace sedge::wire {

struct simulated_socket_state {
    simulated_program* owner = nullptr;
    endpoint at;
    datagram_options options;
    bool open = true;
    struct arrived {
        endpoint from;
        ip_address to;
        byte_buffer bytes;
    };
    std::deque<arrived> inbox;
    std::size_t inbox_bytes = 0;
    wait_slot receiving;

    /// Whether a datagram to this address reaches the socket.
    [[nodiscard]] bool hears(const endpoint& to) const;
};

} // namespace sedge::wire
