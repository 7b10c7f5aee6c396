// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/assert.hpp>
#include <sedge/dist/cookie.hpp>
#include <sedge/dist/error.hpp>
#include <sedge/wire/environment.hpp>

#include "dist/md5.hpp"

#include <algorithm>
#include <string.h> // explicit_bzero

namespace sedge::dist {

namespace {

constexpr std::size_t strong_characters_min = 16;
constexpr std::size_t otp_cookie_characters = 20; // of `~/.erlang.cookie` as OTP makes it

// Cookies that are printed in manuals, or are a product's default.
constexpr std::string_view well_known[] = {"cookie",   "erlang",   "elixir",       "monster",      "nocookie",
                                           "rabbit",   "rabbitmq", "secret",       "secretcookie", "test",
                                           "changeme", "mycookie", "edge-servers", "ejabberd",     "riak"};

} // namespace

cookie& cookie::operator=(cookie&& other) noexcept {
    if (this != &other) {
        *this = static_cast<const cookie&>(other);
        other.wipe();
    }
    return *this;
}

void cookie::wipe() noexcept {
    explicit_bzero(bytes_.data(), bytes_.size());
    size_ = 0;
}

result<cookie> cookie::from_text(std::string_view text) {
    if (text.empty()) return error{errc::cookie_unusable, "the cookie is empty"};
    cookie made;
    for (std::size_t i = 0; i < text.size();) {
        if (made.size_ == made.bytes_.size())
            return error{errc::cookie_unusable, "the cookie is longer than 255 characters"};
        const auto lead = static_cast<std::uint8_t>(text[i]);
        std::uint8_t character = lead;
        std::size_t length = 1;
        if (lead >= 0x80) {
            // UTF-8 of U+0080 to U+00FF is C2 or C3 and one more byte.
            const auto next = i + 1 < text.size() ? static_cast<std::uint8_t>(text[i + 1]) : std::uint8_t{0};
            if ((lead != 0xc2 && lead != 0xc3) || (next & 0xc0) != 0x80)
                return error{errc::cookie_unusable, "the cookie has a character that is not Latin-1"};
            character = static_cast<std::uint8_t>(lead << 6 | (next & 0x3f));
            length = 2;
        }
        made.bytes_[made.size_++] = character;
        i += length;
    }
    return made;
}

cookie cookie::generate(environment& env) {
    static constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    constexpr std::size_t characters = 27;                                     // 27 * log2(62) = 160.8 bits
    constexpr std::uint8_t even_below = 256 / letters.size() * letters.size(); // others would favour some letters
    cookie made;
    while (made.size_ < characters) {
        std::array<std::uint8_t, 32> random{};
        env.random_bytes(random);
        for (auto byte : random)
            if (byte < even_below && made.size_ < characters)
                made.bytes_[made.size_++] = static_cast<std::uint8_t>(letters[byte % letters.size()]);
        explicit_bzero(random.data(), random.size());
    }
    return made;
}

digest cookie::answer(std::uint32_t challenge) const {
    const std::string number = std::to_string(challenge);
    return md5(byte_view{bytes_}.first(size_), as_bytes(number));
}

bool cookie::accepts(byte_view proof, std::uint32_t challenge) const {
    return is_set() && equal_in_constant_time(proof, answer(challenge));
}

std::optional<std::string> cookie::advice() const {
    if (!is_set()) return std::nullopt;
    const auto mine = text();
    if (std::find(std::begin(well_known), std::end(well_known), mine) != std::end(well_known))
        return "the cookie is a well-known one: whoever reaches this node can connect to it; use a random one of "
               "at least 16 characters";
    if (mine.size() < strong_characters_min)
        return "the cookie has only " + std::to_string(mine.size()) +
               (mine.size() == 1 ? " character" : " characters") +
               ": whoever sees one handshake can find it out; use a random one of at least 16";
    const bool capitals = std::all_of(mine.begin(), mine.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (mine.size() == otp_cookie_characters && capitals)
        return "the cookie looks like one that Erlang made: those have 36 bits of randomness, and whoever sees one "
               "handshake can find it out";
    return std::nullopt;
}

} // namespace sedge::dist
