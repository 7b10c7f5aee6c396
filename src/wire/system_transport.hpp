// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/wire/dns.hpp>
#include <sedge/wire/transport.hpp>

#include "wire/system_loop.hpp"

namespace sedge::wire {

/// The kernel's network. Each function stands in the file of its idea.
class system_transport final : public transport, public dns_client {
public:
    explicit system_transport(system_loop& loop) noexcept : loop_(loop) {}

    // system_tcp.cpp
    task<result<std::unique_ptr<stream>>> connect(endpoint to) override;
    result<std::unique_ptr<listener>> listen(endpoint at, listen_options options) override;
    // system_udp.cpp
    result<std::unique_ptr<datagram_socket>> open_datagram(datagram_options options) override;
    // system_resolver.cpp
    task<result<std::vector<ip_address>>> resolve(std::string host) override;
    // system_dns.cpp
    task<result<std::vector<dns_record>>> query(dns_question question) override;
    // system_interfaces.cpp
    std::vector<interface_address> interfaces() override;
    std::string host_name() override;

private:
    system_loop& loop_;
    std::vector<interface_address> interfaces_; // as long as nothing else is heard from:
    unique_fd interface_news_;
};

} // namespace sedge::wire
