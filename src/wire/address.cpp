// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/address.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>

namespace sedge::wire {

namespace {
constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t literal_characters_max = 64; // the longest IPv6 literal with a scope has 56
} // namespace

ip_address ip_address::v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) noexcept {
    ip_address address;
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), address.bytes_.begin());
    address.bytes_[12] = a;
    address.bytes_[13] = b;
    address.bytes_[14] = c;
    address.bytes_[15] = d;
    return address;
}

ip_address ip_address::v4(std::uint32_t host_order) noexcept {
    return v4(static_cast<std::uint8_t>(host_order >> 24), static_cast<std::uint8_t>(host_order >> 16),
              static_cast<std::uint8_t>(host_order >> 8), static_cast<std::uint8_t>(host_order));
}

ip_address ip_address::v6(const std::array<std::uint8_t, 16>& bytes, std::uint32_t scope) noexcept {
    ip_address address;
    address.bytes_ = bytes;
    address.scope_ = scope;
    return address;
}

ip_address ip_address::loopback_v6() noexcept {
    ip_address address;
    address.bytes_[15] = 1;
    return address;
}

result<ip_address> ip_address::parse(std::string_view text) {
    auto bad = [&] { return error{errc::malformed, "IP address"}; };
    if (text.size() > literal_characters_max || text.find('\0') != text.npos) return bad();

    std::uint32_t scope = 0;
    auto percent = text.find('%');
    if (percent != text.npos) {
        auto digits = text.substr(percent + 1);
        auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), scope);
        if (digits.empty() || failure != std::errc{} || end != digits.data() + digits.size()) return bad();
    }
    const std::string literal{text.substr(0, percent)};

    std::array<std::uint8_t, 16> bytes{};
    if (percent == text.npos && inet_pton(AF_INET, literal.c_str(), bytes.data()) == 1)
        return v4(bytes[0], bytes[1], bytes[2], bytes[3]);
    if (inet_pton(AF_INET6, literal.c_str(), bytes.data()) == 1) return v6(bytes, scope);
    return bad();
}

bool ip_address::is_v4() const noexcept {
    return std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes_.begin());
}

bool ip_address::is_loopback() const noexcept {
    return is_v4() ? bytes_[12] == 127 : bytes_ == loopback_v6().bytes_;
}

bool ip_address::is_unspecified() const noexcept {
    return is_v4() ? v4_host_order() == 0 : bytes_ == any_v6().bytes_;
}

bool ip_address::is_multicast() const noexcept {
    return is_v4() ? (bytes_[12] & 0xf0) == 0xe0 : bytes_[0] == 0xff;
}

bool ip_address::is_link_local() const noexcept {
    if (is_v4()) return bytes_[12] == 169 && bytes_[13] == 254;
    return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

std::uint32_t ip_address::v4_host_order() const noexcept {
    return std::uint32_t{bytes_[12]} << 24 | std::uint32_t{bytes_[13]} << 16 | std::uint32_t{bytes_[14]} << 8 |
           bytes_[15];
}

std::string to_string(const ip_address& address) {
    char text[INET6_ADDRSTRLEN] = "";
    if (address.is_v4()) {
        inet_ntop(AF_INET, address.bytes().data() + 12, text, sizeof text);
        return text;
    }
    inet_ntop(AF_INET6, address.bytes().data(), text, sizeof text);
    return address.scope() == 0 ? std::string{text} : std::string{text} + '%' + std::to_string(address.scope());
}

std::string to_string(const endpoint& e) {
    const std::string port = ':' + std::to_string(e.port);
    return e.address.is_v4() ? to_string(e.address) + port : '[' + to_string(e.address) + ']' + port;
}

} // namespace sedge::wire
