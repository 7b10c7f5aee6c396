// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <unistd.h>
#include <vector>

/// What the programs of this folder tell `scripts/bench`: a figure a line, with tabs between
/// `R`, workload, peer, metric, value and unit.
namespace bench {

inline std::int64_t nanoseconds() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// Memory of this program.
inline double resident_bytes() {
    long pages = 0;
    if (std::FILE* f = std::fopen("/proc/self/statm", "r")) {
        long all = 0;
        if (std::fscanf(f, "%ld %ld", &all, &pages) != 2) pages = 0;
        std::fclose(f);
    }
    return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

inline void tell(const char* workload, const char* peer, const char* metric, double value, const char* unit) {
    std::printf("R\t%s\t%s\t%s\t%.3f\t%s\n", workload, peer, metric, value, unit);
    std::fflush(stdout);
}

/// Mean, median and p99 of times in nanoseconds, told in microseconds.
inline void tell_times(const char* workload, const char* peer, std::vector<std::int64_t> times) {
    if (times.empty()) return;
    std::sort(times.begin(), times.end());
    const double sum = std::accumulate(times.begin(), times.end(), 0.0);
    tell(workload, peer, "mean", sum / static_cast<double>(times.size()) / 1e3, "us");
    tell(workload, peer, "p50", static_cast<double>(times[times.size() / 2]) / 1e3, "us");
    tell(workload, peer, "p99", static_cast<double>(times[times.size() * 99 / 100]) / 1e3, "us");
}

/// Messages a second, and the bytes of their payloads where those are what matters.
inline void tell_rate(const char* workload, const char* peer, std::int64_t messages, std::int64_t bytes_each,
                      std::int64_t nanoseconds_taken) {
    const double seconds = static_cast<double>(nanoseconds_taken) / 1e9;
    tell(workload, peer, "messages", static_cast<double>(messages) / seconds, "msg/s");
    if (bytes_each > 0)
        tell(workload, peer, "rate", static_cast<double>(messages * bytes_each) / 1e6 / seconds, "MB/s");
}

} // namespace bench
