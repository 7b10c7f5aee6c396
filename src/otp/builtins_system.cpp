// SPDX-License-Identifier: Apache-2.0
#include "otp/builtins.hpp"
#include "otp/terms.hpp"

#include <sedge/process/node.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <unistd.h>

namespace sedge::otp {
namespace {

constexpr std::size_t process_limit = std::size_t{1} << 28; ///< Process numbers before the serial counts up.

std::size_t resident_bytes() {
    std::size_t pages = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%*s %zu", &pages) != 1) pages = 0;
        std::fclose(file);
    }
    return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

struct totals {
    std::size_t memory_bytes = 0;
    std::uint64_t messages_handled = 0;
};

totals of_all_processes(node& here) {
    totals sum;
    for (const auto& who : here.processes()) {
        auto info = here.info(who);
        if (!info) continue;
        sum.memory_bytes += info->memory_bytes;
        sum.messages_handled += info->messages_handled;
    }
    return sum;
}

std::optional<term> system_item(node& here, const builtin_options& options, std::string_view item) {
    if (item == "creation") return term{here.creation()};
    if (item == "process_count") return term{here.processes().size()};
    if (item == "process_limit") return term{process_limit};
    if (item == "port_count") return term{here.peers(true).size()};
    if (item == "port_limit") return term{limits::peers_max};
    if (item == "schedulers" || item == "schedulers_online" || item == "logical_processors_available") return term{1};
    if (item == "wordsize") return term{8};
    if (item == "version") return erlang_string(SEDGE_VERSION);
    if (item == "otp_release") return erlang_string(options.otp_release);
    if (item == "system_architecture") return erlang_string(SEDGE_ARCHITECTURE);
    if (item == "system_version") return erlang_string("sedge " SEDGE_VERSION " [C++]\n");
    if (item == "machine") return erlang_string("sedge");
    if (item == "endian") return term{atom{std::endian::native == std::endian::little ? "little" : "big"}};
    if (item == "build_type") return term{atom{"opt"}};
    if (item == "emu_flavor") return term{atom{"emu"}};
    if (item == "smp_support" || item == "threads") return term{false};
    if (item == "os_type") return tuple(atom{"unix"}, atom{"linux"});
    return std::nullopt;
}

struct memory_kind {
    std::string_view name;
    std::size_t bytes;
};

/// As erlang:memory: `total` is `processes` + `system`; this program has no atom table, code area or ets.
std::vector<memory_kind> memory_kinds(node& here, const builtin_options& options) {
    std::size_t resident = options.memory_bytes ? options.memory_bytes() : resident_bytes();
    std::size_t processes = std::min(of_all_processes(here).memory_bytes, resident);
    return {{"total", resident}, {"processes", processes}, {"processes_used", processes},
            {"system", resident - processes}, {"atom", 0}, {"atom_used", 0}, {"binary", 0}, {"code", 0}, {"ets", 0}};
}

outcome memory(call_context& c, builtin_arguments arguments, const builtin_options& options) {
    auto kinds = memory_kinds(c.self.node(), options);
    auto named = [&kinds](const term& name) -> const memory_kind* {
        for (const auto& kind : kinds)
            if (name.is_atom(kind.name)) return &kind;
        return nullptr;
    };
    if (!arguments.empty() && !arguments[0].view().is_list()) {
        const auto* kind = named(arguments[0]);
        return kind ? outcome::value(term{kind->bytes}) : failure("badarg", c, arguments);
    }
    std::vector<term> pairs;
    if (arguments.empty()) {
        for (const auto& kind : kinds) pairs.push_back(tuple(atom{kind.name}, kind.bytes));
        return outcome::value(term_list(pairs));
    }
    auto wanted = proper_list(arguments[0]);
    if (!wanted) return failure("badarg", c, arguments);
    for (const auto& name : *wanted) {
        const auto* kind = named(name);
        if (!kind) return failure("badarg", c, arguments);
        pairs.push_back(tuple(atom{kind->name}, kind->bytes));
    }
    return outcome::value(term_list(pairs));
}

/// `statistics` gives totals with what was added since it was last asked; that is kept here.
struct statistics_marks {
    std::int64_t wall_clock = 0;
    std::uint64_t reductions = 0;
};

outcome statistics(call_context& c, builtin_arguments arguments, const builtin_options& options,
                   statistics_marks& last) {
    const term& item = arguments[0];
    if (item.is_atom("wall_clock")) {
        auto since = c.self.env().now() - options.started;
        auto total = std::chrono::duration_cast<milliseconds>(since).count();
        auto before = std::exchange(last.wall_clock, total);
        return outcome::value(tuple(total, total - before));
    }
    if (item.is_atom("reductions") || item.is_atom("exact_reductions")) {
        auto total = std::max(of_all_processes(c.self.node()).messages_handled, last.reductions);
        auto before = std::exchange(last.reductions, total);
        return outcome::value(tuple(total, total - before));
    }
    if (item.is_atom("run_queue") || item.is_atom("total_run_queue_lengths")) return outcome::value(term{0});
    if (item.is_atom("garbage_collection")) return outcome::value(tuple(0, 0, 0)); // there is none
    return failure("badarg", c, arguments);
}

} // namespace

void add_system_builtins(function_table& table, std::shared_ptr<const builtin_options> options) {
    auto add = [&table](std::string_view function, int arity, handler run) {
        table.add_raw("erlang", function, arity, std::move(run), access::info);
    };
    add("system_info", 1, [options](call_context& c, builtin_arguments arguments) {
        auto item = arguments[0].as<atom>();
        auto value = item ? system_item(c.self.node(), *options, item->text()) : std::nullopt;
        return value ? outcome::value(*std::move(value)) : failure("badarg", c, arguments);
    });
    handler run_memory = [options](call_context& c, builtin_arguments arguments) {
        return memory(c, arguments, *options);
    };
    add("memory", 0, run_memory);
    add("memory", 1, run_memory);
    auto marks = std::make_shared<statistics_marks>();
    add("statistics", 1, [options, marks](call_context& c, builtin_arguments arguments) {
        return statistics(c, arguments, *options, *marks);
    });
}

} // namespace sedge::otp
