// SPDX-License-Identifier: Apache-2.0
#include "otp/system_facts.hpp"

#include "otp/terms.hpp"

#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <ctime>
#include <unistd.h>

namespace sedge::otp {
namespace {

constexpr const char* allocator = "libc_alloc";             ///< The C library's is the only one.
constexpr std::size_t process_limit = std::size_t{1} << 28; ///< Process numbers before the serial counts up.

std::size_t resident_bytes() {
    std::size_t pages = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%*s %zu", &pages) != 1) pages = 0;
        std::fclose(file);
    }
    return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

duration processor_time_used() {
    timespec used{};
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return {};
    return seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

/// Of the machine; `undefined` when the system does not say, as OTP has it.
term processors(int which) {
    long count = sysconf(which);
    return count > 0 ? term{count} : term{atom{"undefined"}};
}

std::optional<term> count_or_limit(node& here, std::string_view item) {
    if (item == "process_count") return term{totals_of(here).count};
    if (item == "process_limit") return term{process_limit};
    if (item == "port_count") return term{here.peers(true).size()}; // a connection is what comes nearest to a port
    if (item == "port_limit") return term{limits::peers_max};
    // Atoms are values here, in no table that could be full, and there is no ets; the limits are OTP's, since tools
    // divide by them.
    if (item == "atom_count" || item == "ets_count") return term{0};
    if (item == "atom_limit") return term{1048576};
    if (item == "ets_limit") return term{8192};
    if (item == "dist_buf_busy_limit") return term{here.options().send_wait_bytes};
    return std::nullopt;
}

unsigned workers_of(node& here) { return std::clamp(here.options().workers, 1u, limits::workers_max); }

std::optional<term> thread_item(node& here, std::string_view item) {
    const unsigned workers = workers_of(here);
    if (item == "schedulers" || item == "schedulers_online") return term{workers};
    if (item == "scheduler_id") return term{1}; // calls of other nodes run on worker 0
    if (item == "dirty_cpu_schedulers" || item == "dirty_cpu_schedulers_online" || item == "dirty_io_schedulers")
        return term{0};
    if (item == "multi_scheduling") return term{atom{workers > 1 ? "enabled" : "disabled"}};
    if (item == "scheduler_bind_type") return term{atom{"unbound"}};
    if (item == "scheduler_bindings") { // one for each, in a tuple
        byte_buffer bytes;
        encoder out{bytes};
        out.tuple(workers);
        for (unsigned i = 0; i < workers; ++i) out.atom("unbound");
        return term::adopt(std::move(bytes));
    }
    if (item == "logical_processors") return processors(_SC_NPROCESSORS_CONF);
    if (item == "logical_processors_online" || item == "logical_processors_available")
        return processors(_SC_NPROCESSORS_ONLN);
    if (item == "smp_support" || item == "threads") return term{workers > 1};
    if (item == "thread_pool_size") return term{0};
    if (item == "kernel_poll") return term{true};
    return std::nullopt;
}

std::optional<term> build_item(const builtin_options& options, std::string_view item) {
    if (item == "wordsize") return term{8};
    if (item == "version") return erlang_string(SEDGE_VERSION);
    if (item == "otp_release") return erlang_string(options.otp_release);
    if (item == "system_architecture") return erlang_string(SEDGE_ARCHITECTURE);
    if (item == "system_version") return erlang_string("sedge " SEDGE_VERSION " [C++]\n");
    if (item == "machine") return erlang_string("sedge");
    if (item == "endian") return term{atom{std::endian::native == std::endian::little ? "little" : "big"}};
    if (item == "build_type") return term{atom{"opt"}};
    if (item == "emu_flavor") return term{atom{"emu"}};
    if (item == "emu_type") return term{atom{"opt"}};
    if (item == "compat_rel") return term{25};
    if (item == "c_compiler_used")
        return tuple(atom{"gnuc"}, std::tuple{__GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__});
    if (item == "os_type") return os_type();
    if (item == "alloc_util_allocators") return term{std::vector<atom>{atom{allocator}}};
    return std::nullopt;
}

/// Settings of a BEAM that nobody can change here: the values that mean "as usual".
std::optional<term> usual_item(std::string_view item) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> atoms{{
        {"heap_type", "private"},
        {"message_queue_data", "on_heap"},
        {"time_correction", "true"},
        {"time_offset", "final"},
        {"time_warp_mode", "no_time_warp"},
        {"tolerant_timeofday", "enabled"},
        {"debug_compiled", "false"},
        {"dynamic_trace", "none"},
        {"dynamic_trace_probes", "false"},
        {"port_parallelism", "false"},
        {"modified_timing_level", "undefined"},
        {"cpu_topology", "undefined"},
        {"cpu_quota", "unknown"},
        {"update_cpu_info", "unchanged"},
    }};
    for (const auto& [name, value] : atoms)
        if (name == item) return term{atom{value}};
    if (item == "multi_scheduling_blockers" || item == "normal_multi_scheduling_blockers") return nil();
    if (item == "trace_control_word") return term{0};
    return std::nullopt;
}

/// `[{Node, Port}]` of all peers, hidden ones too.
term controllers(node& here) {
    std::vector<term> all;
    for (const auto& peer : here.peer_details()) all.push_back(tuple(peer.name, port_of(here, peer)));
    return term_list(all);
}

} // namespace

term os_type() { return tuple(atom{"unix"}, atom{"linux"}); }

port port_of(node& here, const peer_info& peer) { return port{here.name(), peer.connection, here.creation()}; }

system_facts::system_facts(builtin_options options) : options_(std::move(options)), used_before_(processor_time()) {}

std::optional<term> system_facts::item(node& here, const term& wanted) const {
    if (is_tagged(wanted, "wordsize", 2)) {
        term_view which = wanted.element(1);
        if (which.is_atom("internal") || which.is_atom("external")) return term{8};
        return std::nullopt;
    }
    if (is_tagged(wanted, "allocator_sizes", 2)) return allocators(here);
    auto name = wanted.as<atom>();
    if (!name) return std::nullopt;
    if (*name == "creation") return term{here.creation()};
    if (*name == "dist_ctrl") return controllers(here);
    if (auto found = count_or_limit(here, name->text())) return found;
    if (auto found = thread_item(here, name->text())) return found;
    if (auto found = usual_item(name->text())) return found;
    return build_item(options_, name->text());
}

std::vector<memory_kind> system_facts::memory(node& here) const {
    std::size_t resident = options_.memory_bytes ? options_.memory_bytes() : resident_bytes();
    std::size_t processes = std::min(totals_of(here).memory_bytes, resident);
    return {{"total", resident},
            {"processes", processes},
            {"processes_used", processes},
            {"system", resident - processes},
            {"atom", 0},
            {"atom_used", 0},
            {"binary", 0},
            {"code", 0},
            {"ets", 0}};
}

term system_facts::allocators(node& here) const {
    std::size_t resident = memory(here).front().bytes;
    auto one = [](const term& t) { return term_list(std::vector<term>{t}); };
    atom size{"size"};
    term block = tuple(atom{allocator}, one(tuple(size, resident, resident, resident)));
    std::vector<term> parts{tuple(atom{"blocks"}, one(block)),
                            tuple(atom{"carriers_size"}, resident, resident, resident)};
    term instance = tuple(atom{"instance"}, 0, one(tuple(atom{"mbcs"}, term_list(parts))));
    return one(tuple(atom{allocator}, one(instance)));
}

milliseconds system_facts::uptime(node& here) const {
    return std::chrono::duration_cast<milliseconds>(here.env().now() - options_.started);
}

duration system_facts::processor_time() const {
    return options_.processor_time ? options_.processor_time() : processor_time_used();
}

duration system_facts::busy_time() const { return processor_time() - used_before_; }

term system_facts::io(node& here) const {
    auto bytes = here.traffic();
    return tuple(std::tuple{atom{"input"}, bytes.bytes_in}, std::tuple{atom{"output"}, bytes.bytes_out});
}

term system_facts::scheduler_wall_time(node& here) const {
    auto total = std::chrono::duration_cast<std::chrono::nanoseconds>(here.env().now() - options_.started).count();
    const unsigned workers = workers_of(here);
    // The system tells what the program has used, other threads of it included, so each worker is given its part.
    auto busy = std::clamp<std::int64_t>(busy_time().count() / workers, 0, total);
    std::vector<term> schedulers;
    for (unsigned i = 1; i <= workers; ++i) schedulers.push_back(tuple(i, busy, total));
    return term_list(schedulers);
}

} // namespace sedge::otp
