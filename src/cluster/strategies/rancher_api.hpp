// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sedge::cluster {

/// The names that `/latest/self/service` of Rancher's metadata means: the first address of each container; those
/// without any are left out (core). Errors: errc::malformed.
result<std::vector<std::string>> read_rancher_service(std::string_view json, const std::string& basename);

} // namespace sedge::cluster
