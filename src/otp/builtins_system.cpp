// SPDX-License-Identifier: Apache-2.0
#include "otp/builtins.hpp"
#include "otp/system_facts.hpp"
#include "otp/terms.hpp"

#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <utility>

namespace sedge::otp {
namespace {

outcome memory(call_context& c, builtin_arguments arguments, const system_facts& facts) {
    auto kinds = facts.memory(c.self.node());
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
    std::int64_t runtime = 0;
    std::uint64_t reductions = 0;
};

term total_and_new(std::int64_t total, std::int64_t& last) {
    auto before = std::exchange(last, total);
    return tuple(total, total - before);
}

/// How much waits to run: as a number, or as the list of one number for each scheduler.
std::optional<term> queue_statistics(node& here, std::string_view item) {
    bool runs = item.find("active_tasks") != std::string_view::npos; // counts what runs too
    bool known = runs || item == "run_queue" || item.find("run_queue_lengths") != std::string_view::npos;
    if (!known) return std::nullopt;
    if (item.ends_with("_all")) item.remove_suffix(4); // there are no other schedulers
    process_totals now = totals_of(here);
    if (runs) ++now.runnable, ++now.runnable_by_worker.front(); // who asks
    if (item == "run_queue" || item == "total_run_queue_lengths" || item == "total_active_tasks")
        return term{now.runnable};
    if (item == "run_queue_lengths" || item == "active_tasks") return term{now.runnable_by_worker};
    return std::nullopt;
}

outcome statistics(call_context& c, builtin_arguments arguments, const system_facts& facts, statistics_marks& last) {
    node& here = c.self.node();
    auto item = arguments[0].as<atom>();
    if (!item) return failure("badarg", c, arguments);
    if (*item == "wall_clock") return outcome::value(total_and_new(facts.uptime(here).count(), last.wall_clock));
    if (*item == "runtime") {
        auto used = std::chrono::duration_cast<milliseconds>(facts.busy_time()).count();
        return outcome::value(total_and_new(used, last.runtime));
    }
    if (*item == "reductions" || *item == "exact_reductions") {
        auto total = std::max(totals_of(here).messages_handled, last.reductions);
        auto before = std::exchange(last.reductions, total);
        return outcome::value(tuple(total, total - before));
    }
    if (*item == "io") return outcome::value(facts.io(here));
    if (*item == "scheduler_wall_time" || *item == "scheduler_wall_time_all")
        return outcome::value(facts.scheduler_wall_time(here));
    if (*item == "garbage_collection") return outcome::value(tuple(0, 0, 0)); // there is none
    if (*item == "context_switches") return outcome::value(tuple(totals_of(here).messages_handled, 0));
    auto queue = queue_statistics(here, item->text());
    return queue ? outcome::value(*std::move(queue)) : failure("badarg", c, arguments);
}

} // namespace

void add_system_builtins(function_table& table, std::shared_ptr<const system_facts> facts) {
    auto add = [&table](std::string_view function, int arity, handler run) {
        table.add_raw("erlang", function, arity, std::move(run), access::info);
    };
    add("system_info", 1, [facts](call_context& c, builtin_arguments arguments) {
        auto value = facts->item(c.self.node(), arguments[0]);
        return value ? outcome::value(*std::move(value)) : failure("badarg", c, arguments);
    });
    handler run_memory = [facts](call_context& c, builtin_arguments arguments) { return memory(c, arguments, *facts); };
    add("memory", 0, run_memory);
    add("memory", 1, run_memory);
    auto marks = std::make_shared<statistics_marks>();
    add("statistics", 1, [facts, marks](call_context& c, builtin_arguments arguments) {
        return statistics(c, arguments, *facts, *marks);
    });
}

} // namespace sedge::otp
