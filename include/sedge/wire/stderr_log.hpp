// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/log.hpp>

namespace sedge::wire {

/// Writes lines `HH:MM:SS.mmm [info] text` in local time to standard error, each with one write.
///
/// The level is coloured if standard error is a terminal and NO_COLOR is unset. A full disk or a closed pipe loses
/// lines and nothing else.
class stderr_log final : public log_sink {
public:
    stderr_log();
    void write(log_level level, std::string_view text) override;

private:
    bool coloured_;
};

} // namespace sedge::wire
