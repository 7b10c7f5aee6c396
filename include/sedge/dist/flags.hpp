// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sedge::dist {

/// One capability that a node announces in the handshake. Spec: Distribution Protocol 13.2, "Distribution Flags".
enum class capability : std::uint64_t {
    published = 1ull << 0,            ///< Part of the visible cluster.
    atom_cache = 1ull << 1,           ///< Dead; must not be set.
    extended_references = 1ull << 2,
    dist_monitor = 1ull << 3,
    fun_tags = 1ull << 4,
    dist_monitor_name = 1ull << 5,
    hidden_atom_cache = 1ull << 6,    ///< Dead; must not be set.
    new_fun_tags = 1ull << 7,
    extended_pids_ports = 1ull << 8,
    export_ptr_tag = 1ull << 9,
    bit_binaries = 1ull << 10,
    new_floats = 1ull << 11,
    unicode_io = 1ull << 12,
    dist_hdr_atom_cache = 1ull << 13, ///< Packets begin with a header that may carry atoms.
    small_atom_tags = 1ull << 14,
    utf8_atoms = 1ull << 16,
    map_tag = 1ull << 17,
    big_creation = 1ull << 18,
    send_sender = 1ull << 19,         ///< SEND_SENDER replaces SEND.
    big_seqtrace_labels = 1ull << 20,
    exit_payload = 1ull << 22,        ///< Exit reasons travel behind the control message.
    fragments = 1ull << 23,           ///< Large messages may come in parts.
    handshake_23 = 1ull << 24,        ///< Knows the handshake of OTP 23.
    unlink_id = 1ull << 25,
    mandatory_25_digest = 1ull << 26, ///< Shorthand for all that OTP 25 demands.
    spawn = 1ull << 32,
    name_me = 1ull << 33,             ///< The initiator asks to be given a name.
    v4_nc = 1ull << 34,
    alias = 1ull << 35,
    altact_sig = 1ull << 37,          ///< OTP 28.
};

/// A set of capabilities; a value.
class flags {
public:
    constexpr flags() noexcept = default;
    constexpr explicit flags(std::uint64_t bits) noexcept : bits_(bits) {}
    constexpr flags(capability one) noexcept : bits_(static_cast<std::uint64_t>(one)) {}

    [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }
    [[nodiscard]] constexpr bool has(capability one) const noexcept {
        return (bits_ & static_cast<std::uint64_t>(one)) != 0;
    }
    [[nodiscard]] constexpr bool has_all(flags others) const noexcept { return (others.bits_ & ~bits_) == 0; }
    [[nodiscard]] constexpr flags with(flags others) const noexcept { return flags{bits_ | others.bits_}; }
    [[nodiscard]] constexpr flags without(flags others) const noexcept { return flags{bits_ & ~others.bits_}; }
    [[nodiscard]] constexpr flags common_with(flags others) const noexcept { return flags{bits_ & others.bits_}; }

    /// `mandatory_25_digest` replaced by what it stands for (it stays set itself).
    [[nodiscard]] flags expanded() const noexcept;
    /// Names as in the documentation, `DIST_HDR_ATOM_CACHE`, in the order of the bits; bits without a name as `bit 40`.
    [[nodiscard]] std::vector<std::string> names() const;

    friend constexpr bool operator==(flags, flags) noexcept = default;

private:
    std::uint64_t bits_ = 0;
};

/// What OTP 25 demands of a peer, and what we demand.
inline constexpr flags mandatory_25{0x1070f94};
/// What OTP 26 to 28 demand.
inline constexpr flags mandatory_26{0x403070f94};

/// What we announce: the same as OTP 25, since we handle all of it in receive direction.
[[nodiscard]] constexpr flags announced(bool hidden) noexcept {
    constexpr flags all{0xd07df7fbd};
    return hidden ? all.without(capability::published) : all;
}

} // namespace sedge::dist
