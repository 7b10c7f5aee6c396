// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/cluster/command_line.hpp>
#include <sedge/cluster/config_value.hpp>

#include <cstdint>
#include <functional>
#include <variant>
#include <vector>

namespace sedge::cluster {

/// One key of the sections whose keys are options too, `node`, `epmd`, `events`, ...: what it is called in the file and
/// on the command line, which values it takes, and the member that it sets.
struct config_key {
    option_definition shown;
    std::variant<std::string& (*)(configuration&), std::int64_t& (*)(configuration&), bool& (*)(configuration&)> member;
    std::int64_t least = 0; ///< Of whole numbers.
    std::int64_t most = 0;
    std::vector<std::string> choices; ///< Of texts; empty: any.

    [[nodiscard]] std::string section() const { return shown.key.substr(0, shown.key.find('.')); }
    [[nodiscard]] std::string name() const { return shown.key.substr(shown.key.find('.') + 1); }
};

const std::vector<config_key>& config_keys();

} // namespace sedge::cluster
