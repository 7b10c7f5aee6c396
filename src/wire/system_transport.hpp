// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/wire/transport.hpp>

#include "wire/system_loop.hpp"

namespace sedge::wire {

/// The kernel's network. Each function stands in the file of its idea.
class system_transport final : public transport {
public:
    explicit system_transport(system_loop& loop) noexcept : loop_(loop) {}

    task<result<std::unique_ptr<stream>>> connect(endpoint to) override;                            // system_tcp.cpp
    result<std::unique_ptr<listener>> listen(endpoint at, listen_options options) override;         // system_tcp.cpp
    result<std::unique_ptr<datagram_socket>> open_datagram(datagram_options options) override;      // system_udp.cpp
    task<result<std::vector<ip_address>>> resolve(std::string host) override;                       // system_resolver.cpp
    std::vector<interface_address> interfaces() override;                                           // system_interfaces.cpp
    std::string host_name() override;                                                               // system_interfaces.cpp

private:
    system_loop& loop_;
};

} // namespace sedge::wire
