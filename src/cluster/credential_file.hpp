// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>

#include <string>

namespace sedge::cluster {

/// A token, password or the like from a file, without white space around it. What it holds is in no error.
/// Errors: system codes; errc::limit_exceeded above limits::credential_bytes_max.
result<std::string> read_credential(const std::string& path);

} // namespace sedge::cluster
