// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/stderr_log.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <unistd.h>

namespace sedge::wire {

namespace {
const char* colour(log_level level) {
    switch (level) {
    case log_level::debug: return "\x1b[36m";
    case log_level::info: return "\x1b[32m";
    case log_level::warning: return "\x1b[33m";
    case log_level::error: return "\x1b[31m";
    case log_level::off: break;
    }
    return "";
}
} // namespace

stderr_log::stderr_log() {
    const char* refused = std::getenv("NO_COLOR");
    coloured_ = isatty(STDERR_FILENO) == 1 && (!refused || *refused == '\0');
}

void stderr_log::write(log_level level, std::string_view text) {
    const auto now = std::chrono::system_clock::now();
    const std::time_t whole = std::chrono::system_clock::to_time_t(now);
    const auto millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    std::tm local{};
    localtime_r(&whole, &local);
    char time[32];
    std::snprintf(time, sizeof time, "%02d:%02d:%02d.%03d [", local.tm_hour, local.tm_min, local.tm_sec,
                  static_cast<int>(millis));
    std::string line{time};
    if (coloured_) line += colour(level);
    line += to_string(level);
    if (coloured_) line += "\x1b[0m";
    line += "] ";
    line += text;
    line += '\n';
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

} // namespace sedge::wire
