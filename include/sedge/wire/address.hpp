// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace sedge::wire {

/// An IPv4 or IPv6 address, kept as 16 bytes; IPv4 in the mapped form ::ffff:a.b.c.d.
class ip_address {
public:
    constexpr ip_address() = default; ///< `::`, the unspecified address.
    static ip_address v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) noexcept;
    static ip_address v4(std::uint32_t host_order) noexcept;
    static ip_address v6(const std::array<std::uint8_t, 16>& bytes, std::uint32_t scope = 0) noexcept;
    static ip_address loopback_v4() noexcept { return v4(127, 0, 0, 1); }
    static ip_address any_v4() noexcept { return v4(0, 0, 0, 0); }
    static ip_address any_v6() noexcept { return {}; }
    static ip_address loopback_v6() noexcept;

    /// `10.0.0.5`, `fd00::1`, `fe80::1%3`. Errors: errc::malformed.
    static result<ip_address> parse(std::string_view text);

    [[nodiscard]] bool is_v4() const noexcept;
    [[nodiscard]] bool is_loopback() const noexcept; ///< 127.0.0.0/8 or ::1.
    [[nodiscard]] bool is_unspecified() const noexcept;
    [[nodiscard]] bool is_multicast() const noexcept;
    [[nodiscard]] bool is_link_local() const noexcept;
    [[nodiscard]] std::uint32_t v4_host_order() const noexcept; ///< Precondition: is_v4().
    [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::uint32_t scope() const noexcept { return scope_; } ///< Interface index of a link-local address.

    friend auto operator<=>(const ip_address&, const ip_address&) = default;

private:
    std::array<std::uint8_t, 16> bytes_{};
    std::uint32_t scope_ = 0;
};

std::string to_string(const ip_address& address);

struct endpoint {
    ip_address address;
    std::uint16_t port = 0;
    friend auto operator<=>(const endpoint&, const endpoint&) = default;
};

/// `10.0.0.5:4369`, `[fd00::1]:4369`.
std::string to_string(const endpoint& e);

} // namespace sedge::wire

template <>
struct std::hash<sedge::wire::ip_address> {
    std::size_t operator()(const sedge::wire::ip_address& a) const noexcept {
        return std::hash<std::string_view>{}({reinterpret_cast<const char*>(a.bytes().data()), 16});
    }
};
