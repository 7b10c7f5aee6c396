// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace sedge::test {

/// A JSON file below `tests/vectors`, for example `epmd/pairs.json`. Throws std::runtime_error.
boost::json::value read_vectors(const std::string& name);

} // namespace sedge::test
