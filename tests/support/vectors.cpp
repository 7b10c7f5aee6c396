// SPDX-License-Identifier: Apache-2.0
#include "support/vectors.hpp"

namespace sedge::test {

std::filesystem::path in_project(const std::filesystem::path& name) {
    return std::filesystem::path{SEDGE_SOURCES} / name;
}
std::filesystem::path vectors(const std::filesystem::path& name) { return in_project("tests/vectors") / name; }

} // namespace sedge::test
