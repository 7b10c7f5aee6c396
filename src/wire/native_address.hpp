// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/wire/address.hpp>

#include <algorithm>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

namespace sedge::wire {

/// An endpoint in the form that system calls take: AF_INET for IPv4, AF_INET6 for the rest.
class native_address {
public:
    native_address() noexcept : size_(sizeof storage_) {} ///< Room for an answer.
    explicit native_address(const endpoint& e) noexcept {
        if (e.address.is_v4()) {
            sockaddr_in v4{};
            v4.sin_family = AF_INET;
            v4.sin_port = htons(e.port);
            v4.sin_addr.s_addr = htonl(e.address.v4_host_order());
            std::memcpy(&storage_, &v4, size_ = sizeof v4);
        } else {
            sockaddr_in6 v6{};
            v6.sin6_family = AF_INET6;
            v6.sin6_port = htons(e.port);
            v6.sin6_scope_id = e.address.scope();
            std::copy(e.address.bytes().begin(), e.address.bytes().end(), v6.sin6_addr.s6_addr);
            std::memcpy(&storage_, &v6, size_ = sizeof v6);
        }
    }

    [[nodiscard]] int family() const noexcept { return storage_.ss_family; }
    sockaddr* data() noexcept { return reinterpret_cast<sockaddr*>(&storage_); }
    [[nodiscard]] const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t* size_out() noexcept { return &size_; }
    [[nodiscard]] socklen_t size() const noexcept { return size_; }

    static endpoint to_endpoint(const sockaddr* from) noexcept {
        if (from->sa_family == AF_INET) {
            sockaddr_in v4;
            std::memcpy(&v4, from, sizeof v4);
            return {ip_address::v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
        }
        if (from->sa_family == AF_INET6) {
            sockaddr_in6 v6;
            std::memcpy(&v6, from, sizeof v6);
            return {from_v6(v6.sin6_addr, v6.sin6_scope_id), ntohs(v6.sin6_port)};
        }
        return {};
    }
    [[nodiscard]] endpoint get() const noexcept { return to_endpoint(data()); }

    static ip_address from_v6(const in6_addr& raw, std::uint32_t scope) noexcept {
        std::array<std::uint8_t, 16> bytes;
        std::copy_n(raw.s6_addr, 16, bytes.begin());
        const auto address = ip_address::v6(bytes);
        return address.is_link_local() ? ip_address::v6(bytes, scope) : address;
    }

private:
    sockaddr_storage storage_{};
    socklen_t size_;
};

} // namespace sedge::wire
