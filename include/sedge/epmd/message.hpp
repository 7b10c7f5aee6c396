// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/epmd/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What a node and a port mapper say to each other: requests and answers as data, encoded and decoded.
///
/// Spec: Distribution Protocol, "EPMD Protocol"; docs/protocol/epmd.md.
namespace sedge::epmd {

inline constexpr std::uint16_t version_highest = 6; ///< Of the distribution protocol (OTP 23 and later).
inline constexpr std::uint16_t version_lowest = 5;

/// As registered. OTP registers hidden nodes as `normal` too; never conclude anything from it.
enum class node_type : std::uint8_t { hidden = 72, normal = 77 };

/// What a mapper keeps about a name, word for word what the node sent.
struct node_entry {
    std::string name;       ///< The part before `@`, UTF-8.
    std::uint16_t port = 0; ///< Where the node accepts distribution connections.
    std::uint8_t type = static_cast<std::uint8_t>(node_type::normal);
    std::uint8_t protocol = 0; ///< 0 is TCP.
    std::uint16_t highest = version_highest;
    std::uint16_t lowest = version_lowest;
    byte_buffer extra; ///< Opaque; at most `limits::epmd_extra_bytes_max`.

    friend bool operator==(const node_entry&, const node_entry&) = default;
};

/// ALIVE2: register. The connection it came on is the registration.
struct alive_request {
    node_entry node;
    friend bool operator==(const alive_request&, const alive_request&) = default;
};
/// PORT_PLEASE2: where is the node of that name.
struct port_request {
    std::string name;
    friend bool operator==(const port_request&, const port_request&) = default;
};
/// NAMES: who is registered.
struct names_request {
    friend bool operator==(const names_request&, const names_request&) = default;
};
/// DUMP, KILL, STOP: for OTP's own daemon. Recognised, so that they can be refused politely.
struct dump_request {
    friend bool operator==(const dump_request&, const dump_request&) = default;
};
struct kill_request {
    friend bool operator==(const kill_request&, const kill_request&) = default;
};
struct stop_request {
    std::string name;
    friend bool operator==(const stop_request&, const stop_request&) = default;
};
using request = std::variant<alive_request, port_request, names_request, dump_request, kill_request, stop_request>;

/// With the length in front, ready to send. Precondition: names and extra within `base/limits.hpp`.
[[nodiscard]] byte_buffer encode(const request& what);

/// Looks at all bytes that have come on a connection so far.
///
/// Gives nothing while the request is incomplete. Errors: errc::malformed for what can no longer become a
/// request (OTP's mapper closes without an answer then): length 0 or above the limit, more bytes than announced,
/// an unknown tag, an empty name, a NUL inside it, lengths that lie. A name of ALIVE2 that is too long or not
/// UTF-8 is no error here: it gets an answer that refuses it, see `is_acceptable_name`.
[[nodiscard]] result<std::optional<request>> decode_request(byte_view received);

/// 1 to 255 characters of valid UTF-8, none of them a control character (which OTP's mapper would take: they
/// could forge lines of a NAMES answer).
[[nodiscard]] bool is_acceptable_name(std::string_view name) noexcept;

/// Answer to ALIVE2.
struct alive_answer {
    std::uint8_t result = 0;    ///< 0 is registered, anything else refused.
    std::uint32_t creation = 0; ///< 1 to 3 in the short form. A refusal carries `refused_creation`.
    bool short_form = false;    ///< For nodes whose highest version is 5: 16 bits of creation.
    friend bool operator==(const alive_answer&, const alive_answer&) = default;
};
inline constexpr std::uint32_t refused_creation = 99;

/// Answer to PORT_PLEASE2: the entry, or nothing if the name is unknown.
struct port_answer {
    std::optional<node_entry> node;
    friend bool operator==(const port_answer&, const port_answer&) = default;
};

struct name_and_port {
    std::string name;
    std::uint16_t port = 0;
    friend bool operator==(const name_and_port&, const name_and_port&) = default;
};
/// Answer to NAMES; latest registration first.
struct names_answer {
    std::uint16_t mapper_port = 0;
    std::vector<name_and_port> names;
    friend bool operator==(const names_answer&, const names_answer&) = default;
};

[[nodiscard]] byte_buffer encode(const alive_answer& what);
[[nodiscard]] byte_buffer encode(const port_answer& what);
[[nodiscard]] byte_buffer encode(const names_answer& what);

/// As for requests: nothing while incomplete; errors: epmd::errc::not_a_mapper. Answers have no length in front.
/// Bytes beyond the answer are ignored.
[[nodiscard]] result<std::optional<alive_answer>> decode_alive_answer(byte_view received);
[[nodiscard]] result<std::optional<port_answer>> decode_port_answer(byte_view received);
/// The end of the connection is the end of this answer, so this wants all of it.
/// A last line without its newline is dropped: the mapper died while it wrote.
[[nodiscard]] result<names_answer> decode_names_answer(byte_view whole);

} // namespace sedge::epmd
