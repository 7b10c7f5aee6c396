// SPDX-License-Identifier: Apache-2.0
//
// LiveDashboard's page "OS Data": os_mon_callback, what os_mon measures on a BEAM. Load averages are in 256ths, sizes
// of disks in KiB, of memory in bytes. Times of single cores are not measured: none.

#include "otp/live_dashboard.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sys/statvfs.h>
#include <unistd.h>

namespace sedge::otp::dashboard {
namespace {

constexpr double load_unit = 256;

/// Bytes of `MemFree` and its like, by their names in /proc/meminfo; 0 for what the system does not tell.
std::map<std::string, std::uint64_t> memory_of_machine() {
    std::map<std::string, std::uint64_t> sizes;
    std::ifstream file{"/proc/meminfo"};
    std::string name;
    std::string unit;
    std::uint64_t kibibytes = 0;
    while (file >> name >> kibibytes && std::getline(file, unit))
        if (name.ends_with(':')) sizes[name.substr(0, name.size() - 1)] = kibibytes * 1024;
    return sizes;
}

term system_memory() {
    static constexpr std::array<std::pair<const char*, const char*>, 8> items{{{"system_total_memory", "MemTotal"},
                                                                               {"free_swap", "SwapFree"},
                                                                               {"total_swap", "SwapTotal"},
                                                                               {"cached_memory", "Cached"},
                                                                               {"buffered_memory", "Buffers"},
                                                                               {"free_memory", "MemFree"},
                                                                               {"available_memory", "MemAvailable"},
                                                                               {"total_memory", "MemTotal"}}};
    auto sizes = memory_of_machine();
    std::vector<term> pairs;
    for (const auto& [item, name] : items) pairs.push_back(tuple(atom{item}, sizes[name]));
    return term_list(pairs);
}

/// `[{Path, KiB, PercentUsed}]`
term disks() {
    struct statvfs root {};
    if (statvfs("/", &root) != 0 || root.f_blocks == 0) return nil();
    std::uint64_t used = root.f_blocks - root.f_bfree;
    std::uint64_t kibibytes = root.f_blocks * (root.f_frsize / 1024);
    std::vector<term> all{tuple(erlang_string("/"), kibibytes, used * 100 / root.f_blocks)};
    return term_list(all);
}

outcome os_mon(call_context&, builtin_arguments) {
    std::array<double, 3> load{};
    if (getloadavg(load.data(), static_cast<int>(load.size())) < 0) load = {};
    auto average = [&load](std::size_t i) { return term{std::lround(load.at(i) * load_unit)}; };
    term_map all{{atom{"cpu_avg1"}, average(0)},       {atom{"cpu_avg5"}, average(1)},
                 {atom{"cpu_avg15"}, average(2)},      {atom{"cpu_nprocs"}, term{sysconf(_SC_NPROCESSORS_ONLN)}},
                 {atom{"cpu_per_core"}, nil()},        {atom{"disk"}, disks()},
                 {atom{"system_mem"}, system_memory()}};
    return outcome::value(term{all});
}

} // namespace

void add_operating_system(function_table& table) {
    table.add_raw(module_name, "os_mon_callback", 0, handler{os_mon}, access::info);
}

} // namespace sedge::otp::dashboard
