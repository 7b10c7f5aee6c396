// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>

#include <string>
#include <vector>

namespace sedge::cli {

std::string path_in(const std::string& directory, const std::string& file);
std::string absolute(const std::string& path);

/// Errors: system codes with the path.
result<std::string> read_file(const std::string& path);

struct new_file {
    std::string name;
    std::string text;
    bool is_secret = false; ///< Mode 0400 instead of 0644.
};

/// Writes all of them, or none if one exists and `replace` is not set; makes the directory (0700) if it is not there.
/// A file is complete when it appears under its name, so a program that reads it meanwhile sees the old or the new.
/// Errors: errc::invalid_argument for a file in the way, system codes.
result<void> write_files(const std::string& directory, const std::vector<new_file>& files, bool replace);

} // namespace sedge::cli
