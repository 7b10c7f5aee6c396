// SPDX-License-Identifier: Apache-2.0
//
// process_info, item by item. What a coroutine has in place of a BEAM process's innards: its label is the initial
// call; the C++ function that called `receive` or `sleep`, with file and line, is the current function, location and
// stack; messages handled are reductions; and words of memory are the heap. Items without any meaning here keep the
// value that an idle BEAM process shows, since tools match on their form.

#include "otp/builtins.hpp"
#include "otp/source_function.hpp"
#include "otp/terms.hpp"

#include <sedge/process/node.hpp>

#include <algorithm>
#include <charconv>

namespace sedge::otp {
namespace {

constexpr std::size_t word_bytes = 8;
constexpr std::size_t default_heap_words = 233; // of a BEAM process

/// `module:function/arity` as a tuple; any other label as a function of the module sedge.
term function_in(std::string_view label) {
    auto colon = label.find(':');
    auto slash = label.rfind('/');
    int arity = 0;
    if (colon != std::string_view::npos && slash != std::string_view::npos && colon < slash) {
        std::string_view digits = label.substr(slash + 1);
        auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), arity);
        std::string_view module = label.substr(0, colon);
        std::string_view function = label.substr(colon + 1, slash - colon - 1);
        if (failed == std::errc{} && atom::is_valid(module) && atom::is_valid(function))
            return tuple(atom{module}, atom{function}, arity);
    }
    return tuple(atom{"sedge"}, atom{atom::is_valid(label) ? label : "process"}, 0);
}

bool has_place(const process_info& info) { return info.location.line() != 0; }

atom atom_or(std::string_view text, std::string_view otherwise) {
    return atom{atom::is_valid(text) ? text : otherwise};
}

/// Where it waits; of a process that runs, or waits for no message, only what it was started with is known.
term current_function(const process_info& info) {
    if (!has_place(info)) return function_in(info.label);
    auto at = function_at(info.location);
    return tuple(atom_or(at.module, "sedge"), atom_or(at.function, "?"), at.arity);
}

term current_location(const process_info& info) {
    term mfa = current_function(info);
    term where = nil();
    if (has_place(info)) {
        auto at = function_at(info.location);
        std::vector<term> place{tuple(atom{"file"}, erlang_string(at.module)), tuple(atom{"line"}, at.line)};
        where = term_list(place);
    }
    return tuple(term{mfa.element(0)}, term{mfa.element(1)}, term{mfa.element(2)}, where);
}

term current_stacktrace(const process_info& info) {
    if (!has_place(info)) return nil();
    std::vector<term> frames{current_location(info)};
    return term_list(frames);
}

term backtrace(const process_info& info) {
    if (!has_place(info)) return binary("");
    auto at = function_at(info.location);
    return binary(at.module + ":" + std::to_string(at.line) + " (" + at.function + "/" + std::to_string(at.arity) +
                  ")\n");
}

term status(const process_info& info) {
    bool waits = info.waiting_at != "running" && info.waiting_at != "runnable";
    return term{atom{waits ? "waiting" : info.waiting_at}};
}

term watched(const destination& target, const atom& here) {
    if (const auto* process = std::get_if<pid>(&target)) return tuple(atom{"process"}, *process);
    const auto* name = std::get_if<atom>(&target);
    const auto* there = std::get_if<registered>(&target);
    return tuple(atom{"process"}, std::tuple{name ? *name : there->name, name ? here : there->node});
}

term monitors(const process_info& info, const atom& here) {
    std::vector<term> all;
    for (const auto& target : info.monitors) all.push_back(watched(target, here));
    return term_list(all);
}

term heap_limit() {
    byte_buffer bytes;
    encoder out{bytes};
    out.map(3);
    out.atom("error_logger");
    out.boolean(true);
    out.atom("kill");
    out.boolean(true);
    out.atom("size");
    out.integer(0);
    return term::adopt(std::move(bytes));
}

term garbage_collection() {
    std::vector<term> settings{
        tuple(atom{"max_heap_size"}, heap_limit()),
        tuple(atom{"min_bin_vheap_size"}, 46422),
        tuple(atom{"min_heap_size"}, default_heap_words),
        tuple(atom{"fullsweep_after"}, 65535),
        tuple(atom{"minor_gcs"}, 0),
    };
    return term_list(settings);
}

term garbage_collection_info(std::size_t words) {
    std::vector<term> sizes;
    for (const char* item :
         {"old_heap_block_size", "heap_block_size", "mbuf_size", "recent_size", "stack_size", "old_heap_size",
          "heap_size", "bin_vheap_size", "bin_vheap_block_size", "bin_old_vheap_size", "bin_old_vheap_block_size"}) {
        bool is_heap = item == std::string_view{"heap_size"} || item == std::string_view{"heap_block_size"};
        sizes.push_back(tuple(atom{item}, is_heap ? words : 0));
    }
    return term_list(sizes);
}

std::size_t heap_words(const process_info& info) {
    return std::max(info.memory_bytes / word_bytes, default_heap_words);
}

using make = term (*)(node&, const process_info&);
struct item {
    std::string_view name;
    make value;
    bool in_summary = false; // part of process_info/1
};

// In the order in which OTP 25 lists those of process_info/1.
const item items[] = {
    {"current_function", [](node&, const process_info& i) { return current_function(i); }, true},
    {"initial_call", [](node&, const process_info& i) { return function_in(i.label); }, true},
    {"status", [](node&, const process_info& i) { return status(i); }, true},
    {"message_queue_len", [](node&, const process_info& i) { return term{i.message_queue_len}; }, true},
    {"links", [](node&, const process_info& i) { return term{i.links}; }, true},
    {"dictionary", [](node&, const process_info&) { return nil(); }, true},
    {"trap_exit", [](node&, const process_info& i) { return term{i.trap_exit}; }, true},
    {"error_handler", [](node&, const process_info&) { return term{atom{"error_handler"}}; }, true},
    {"priority", [](node&, const process_info&) { return term{atom{"normal"}}; }, true},
    {"group_leader", [](node&, const process_info& i) { return term{i.group_leader}; }, true},
    {"total_heap_size", [](node&, const process_info& i) { return term{heap_words(i)}; }, true},
    {"heap_size", [](node&, const process_info& i) { return term{heap_words(i)}; }, true},
    {"stack_size", [](node&, const process_info&) { return term{1}; }, true},
    {"reductions", [](node&, const process_info& i) { return term{i.messages_handled}; }, true},
    {"garbage_collection", [](node&, const process_info&) { return garbage_collection(); }, true},
    {"suspending", [](node&, const process_info&) { return nil(); }, true},
    {"messages", [](node&, const process_info& i) { return term_list(i.messages); }},
    {"memory", [](node&, const process_info& i) { return term{i.memory_bytes}; }},
    {"monitors", [](node& n, const process_info& i) { return monitors(i, n.name()); }},
    {"monitored_by", [](node&, const process_info& i) { return term{i.monitored_by}; }},
    {"current_location", [](node&, const process_info& i) { return current_location(i); }},
    {"current_stacktrace", [](node&, const process_info& i) { return current_stacktrace(i); }},
    {"backtrace", [](node&, const process_info& i) { return backtrace(i); }},
    {"message_queue_data", [](node&, const process_info&) { return term{atom{"on_heap"}}; }},
    {"fullsweep_after", [](node&, const process_info&) { return term{65535}; }},
    {"garbage_collection_info", [](node&, const process_info& i) { return garbage_collection_info(heap_words(i)); }},
    {"magic_ref", [](node&, const process_info&) { return nil(); }},
    {"min_bin_vheap_size", [](node&, const process_info&) { return term{46422}; }},
    {"parent", [](node&, const process_info& i) { return i.parent ? term{*i.parent} : term{atom{"undefined"}}; }},
    {"trace", [](node&, const process_info&) { return term{0}; }},
    {"min_heap_size", [](node&, const process_info&) { return term{default_heap_words}; }},
    {"max_heap_size", [](node&, const process_info&) { return heap_limit(); }},
    {"catchlevel", [](node&, const process_info&) { return term{0}; }},
    {"last_calls", [](node&, const process_info&) { return term{false}; }},
    {"sequential_trace_token", [](node&, const process_info&) { return nil(); }},
    {"binary", [](node&, const process_info&) { return nil(); }},
};

} // namespace

std::optional<term> process_item(node& here, const process_info& info, std::string_view wanted) {
    atom name{wanted};
    if (wanted == "registered_name")
        return tuple(name, info.registered_name.empty() ? nil() : term{info.registered_name});
    for (const auto& known : items)
        if (known.name == wanted) return tuple(name, known.value(here, info));
    return std::nullopt;
}

term process_items(node& here, const process_info& info) {
    std::vector<term> all;
    if (!info.registered_name.empty()) all.push_back(tuple(atom{"registered_name"}, info.registered_name));
    for (const auto& known : items)
        if (known.in_summary) all.push_back(tuple(atom{known.name}, known.value(here, info)));
    return term_list(all);
}

} // namespace sedge::otp
