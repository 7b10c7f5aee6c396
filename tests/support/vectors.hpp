// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace sedge::test {

/// A file or folder below tests/vectors: recorded bytes and texts.
std::filesystem::path vectors(const std::filesystem::path& name);
/// A file or folder of the project.
std::filesystem::path in_project(const std::filesystem::path& name);

} // namespace sedge::test
