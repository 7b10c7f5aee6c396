// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sedge {

enum class log_level { debug, info, warning, error, off };

std::string_view to_string(log_level level) noexcept;

/// Where log lines go. The text is complete, without level, time and newline: `[sedge:clusters1] connected to ...`.
///
/// Whoever logs text that came from outside passes it through `printable` first.
class log_sink {
public:
    virtual ~log_sink() = default;
    virtual void write(log_level level, std::string_view text) = 0;
    /// Lines below this level need not be made.
    [[nodiscard]] log_level least() const noexcept { return least_; }
    void set_least(log_level level) noexcept { least_ = level; }

private:
    log_level least_ = log_level::info;
};

/// `text` with control characters, newlines and bidirectional marks escaped as `\x{..}`, so that a name from the
/// network cannot move a terminal's cursor or fake a second log line.
std::string printable(std::string_view text);

} // namespace sedge
