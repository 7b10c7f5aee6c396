// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace sedge::cluster {

/// JSON from outside, at most `limits::json_nesting_max` levels deep. Errors: errc::malformed.
result<boost::json::value> parse_json(std::string_view text);

/// The value at that path of object keys, or null if something on the way is missing or is no object.
const boost::json::value* json_at(const boost::json::value& from, std::initializer_list<std::string_view> path);

/// The same for text; empty if it is missing or no text.
std::string_view json_text(const boost::json::value& from, std::initializer_list<std::string_view> path);

/// The same for a list; an empty one if it is missing or no list.
const boost::json::array& json_list(const boost::json::value& from, std::initializer_list<std::string_view> path);

} // namespace sedge::cluster
