// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/result.hpp>
#include <sedge/dist/node_name.hpp>

#include <array>
#include <string>
#include <string_view>

namespace sedge::cluster {

/// Why a datagram is no heartbeat that we take. None of these is worth more than a counter: the sender may be
/// anybody.
enum class gossip_errc {
    too_long = 1,   ///< More than limits::gossip_packet_bytes_max.
    not_gossip,     ///< Another prefix; also what a packet with another secret, or without one, looks like.
    malformed,      ///< The right prefix, and then no map of the form we take.
    no_node,        ///< A map that does not name a node.
    bad_name,       ///< It names a node, but that is not a node name.
    undecryptable,  ///< With a secret: wrong length, wrong padding, or another secret.
};
const std::error_category& gossip_category() noexcept;
inline std::error_code make_error_code(gossip_errc code) noexcept {
    return {static_cast<int>(code), gossip_category()};
}

/// libcluster's heartbeat: `heartbeat::` and the external term `#{node => Name}`, atoms as OTP 26 writes them.
byte_buffer encode_heartbeat(std::string_view node);

/// Who announces itself. Reads a fixed grammar, not terms in general. Errors: gossip_errc.
result<node_name> decode_heartbeat(byte_view datagram);

/// The same with a secret: `iv, AES-256-CBC(SHA-256(secret), iv, PKCS#7(heartbeat))`.
///
/// This hides names from onlookers and proves that the sender once had the secret. It does not detect changed bytes
/// or packets sent again: the mode has no integrity, and libcluster knows no other.
class gossip_cipher {
public:
    using iv = std::array<std::uint8_t, 16>;

    explicit gossip_cipher(std::string_view secret);

    /// `fresh`: 16 random bytes, new for each datagram.
    [[nodiscard]] byte_buffer encode_heartbeat(std::string_view node, const iv& fresh) const;
    /// Errors: gossip_errc.
    [[nodiscard]] result<node_name> decode_heartbeat(byte_view datagram) const;

    /// The parts below the heartbeat. `open` refuses padding that is not exactly PKCS#7's.
    [[nodiscard]] byte_buffer seal(byte_view plain, const iv& fresh) const;
    [[nodiscard]] result<byte_buffer> open(byte_view datagram) const;

private:
    std::array<std::uint8_t, 32> key_{};
};

} // namespace sedge::cluster

template <>
struct std::is_error_code_enum<sedge::cluster::gossip_errc> : std::true_type {};
