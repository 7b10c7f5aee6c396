// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/result.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sedge {
class environment;
}

namespace sedge::dist {

/// What a digest of the handshake is: MD5 of the cookie followed by the challenge in decimal.
using digest = std::array<std::uint8_t, 16>;

/// The secret that the nodes of a cluster share.
///
/// Its bytes are wiped when it is destroyed; it cannot be printed, only used. Whoever has only seen a handshake can
/// still try cookies offline, so a cookie worth its name is long and random: `generate`.
class cookie {
public:
    cookie() noexcept = default; ///< No cookie; `is_set` is false. It matches nothing.
    cookie(const cookie&) noexcept = default;
    cookie(cookie&& other) noexcept : cookie(other) { other.wipe(); }
    cookie& operator=(const cookie&) noexcept = default;
    cookie& operator=(cookie&& other) noexcept;
    ~cookie() { wipe(); }

    /// From UTF-8 text of 1 to 255 characters, none above U+00FF (each is one byte of the digest's input).
    /// Errors: errc::cookie_unusable.
    static result<cookie> from_text(std::string_view text);

    /// From a file as OTP keeps it: one line, trailing blanks and line ends are cut off. The file must be a regular
    /// file, not a link, owned by this user or root, and closed to group and others.
    /// Errors: errc::cookie_unusable with what to do (`chmod 400 FILE`), system codes (no such file, ...).
    static result<cookie> load(const std::string& path);

    /// 27 random letters and digits: 160 bits.
    static cookie generate(environment& env);

    /// Writes it to a new file with mode 0400. Never overwrites. Errors: system codes (file exists, ...).
    result<void> save(const std::string& path) const;

    [[nodiscard]] bool is_set() const noexcept { return size_ != 0; }

    /// The proof that this side knows the cookie.
    [[nodiscard]] digest answer(std::uint32_t challenge) const;
    /// Whether `proof` is the right answer; the time taken tells nothing. False if no cookie is set.
    [[nodiscard]] bool accepts(byte_view proof, std::uint32_t challenge) const;

    /// One line about a cookie that is easily guessed, or nothing: a well-known one, one of less than 16 characters,
    /// one of 20 capitals as OTP makes them (36 bits of randomness).
    [[nodiscard]] std::optional<std::string> advice() const;

private:
    void wipe() noexcept;
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(bytes_.data()), size_};
    }

    std::array<std::uint8_t, 255> bytes_{};
    std::uint8_t size_ = 0;
};

} // namespace sedge::dist
