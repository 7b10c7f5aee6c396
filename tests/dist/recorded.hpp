// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/dist/cookie.hpp>

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <vector>

namespace sedge::test {

/// One connection between two nodes as it was recorded; below tests/vectors/streams.
struct recorded_stream {
    std::string name;     ///< `handshake/a-to-b`
    dist::cookie cookie;
    byte_buffer sent[2];  ///< By the initiator [0] and the acceptor [1].
    boost::json::array frames; ///< What the bytes are, in the order of arrival.

    /// The first frame of that kind, or null.
    [[nodiscard]] const boost::json::object* find(std::string_view kind) const;
    /// The bytes of a frame, with its length.
    [[nodiscard]] byte_view bytes(const boost::json::object& frame) const;
};

/// All recorded streams of a folder, sorted by name. Throws std::runtime_error if there is none.
std::vector<recorded_stream> recorded_streams(const std::string& folder);
recorded_stream recorded(const std::string& name);

/// A field of a frame, or what stands for its absence.
std::string text_of(const boost::json::object& frame, std::string_view key);
std::uint64_t number_of(const boost::json::object& frame, std::string_view key); ///< `5`, `"0xd07df7fbd"`, 0
bool from_initiator(const boost::json::object& frame);

/// The bytes of a `.hex` file below tests/vectors.
byte_buffer read_hex(const std::string& file);

} // namespace sedge::test
