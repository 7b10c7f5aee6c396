// SPDX-License-Identifier: Apache-2.0
#include "support/free_port.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>

#include <stdexcept>
#include <unistd.h>

namespace sedge::test {
namespace {

namespace ip = boost::asio::ip;

// Below those that Linux chooses from (net.ipv4.ip_local_port_range: 32768 and up), above the ones with names.
constexpr unsigned first = 10'000;
constexpr unsigned count = 22'000;
constexpr unsigned of_one_program = 31; // so that programs that run at the same time begin apart

bool is_free(std::uint16_t port) {
    boost::asio::io_context context;
    boost::system::error_code failed;
    ip::tcp::acceptor tcp{context};
    ip::udp::socket udp{context};
    tcp.open(ip::tcp::v4(), failed);
    if (!failed) tcp.set_option(ip::tcp::acceptor::reuse_address{true}, failed); // closed connections linger
    if (!failed) tcp.bind({ip::address_v4::loopback(), port}, failed);
    if (!failed) tcp.listen(1, failed);
    if (!failed) udp.open(ip::udp::v4(), failed);
    if (!failed) udp.bind({ip::address_v4::loopback(), port}, failed);
    return !failed;
}

} // namespace

std::uint16_t free_port() {
    static unsigned next = static_cast<unsigned>(::getpid()) * of_one_program;
    for (unsigned tried = 0; tried < count; ++tried) {
        const auto port = static_cast<std::uint16_t>(first + next++ % count);
        if (is_free(port)) return port;
    }
    throw std::runtime_error{"no port of loopback is free"};
}

} // namespace sedge::test
