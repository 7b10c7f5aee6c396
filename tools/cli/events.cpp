// SPDX-License-Identifier: Apache-2.0
#include "visit.hpp"

#include <sedge/base/log.hpp>
#include <sedge/cluster/timeline.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/term/convert.hpp>
#include <sedge/wire/environment.hpp>
#include <sedge/wire/system.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <filesystem>

namespace sedge::cli {

namespace {

using cluster::timeline_entry;

constexpr seconds answer_time{10};
constexpr milliseconds follow_pause{250};
constexpr std::uint64_t entries_per_answer = 500;
constexpr std::size_t entries_in_file_max = 20'000;

struct events_options {
    std::string node, file, since;
    std::size_t lines = 100;
    bool follow = false;
    bool json = false;
};

std::string time_text(std::chrono::system_clock::time_point at) {
    const auto whole = std::chrono::floor<seconds>(at);
    const std::time_t since_1970 = std::chrono::system_clock::to_time_t(whole);
    std::tm local{};
    localtime_r(&since_1970, &local);
    std::array<char, 48> out;
    const auto length = std::strftime(out.data(), out.size(), "%Y-%m-%d %H:%M:%S", &local);
    std::snprintf(out.data() + length, out.size() - length, ".%03d",
                  static_cast<int>(std::chrono::duration_cast<milliseconds>(at - whole).count()));
    return out.data();
}

std::string took_text(duration took) {
    const auto count = std::chrono::duration<double>{took}.count();
    std::array<char, 48> out;
    if (count < 1)
        std::snprintf(out.data(), out.size(), "%.1f ms", count * 1000);
    else
        std::snprintf(out.data(), out.size(), count < 100 ? "%.1f s" : "%.0f s", count);
    return out.data();
}

std::string line_of(const timeline_entry& entry) {
    std::string rest;
    const auto append = [&rest](const std::string& text) { rest += (rest.empty() ? "" : "  ") + text; };
    if (!entry.topology.empty()) append("[" + printable(entry.topology) + "]");
    if (entry.took) append(took_text(*entry.took));
    if (!entry.reason.empty()) append(printable(entry.reason));
    if (entry.left_out != 0) append("(" + std::to_string(entry.left_out) + " like it left out)");
    auto out = time_text(entry.at) + "  " + printable(entry.event);
    if (rest.empty() && entry.node.empty()) return out;
    constexpr std::size_t node_column = 25 + 30;
    out.resize(std::max(out.size(), node_column), ' ');
    out += "  " + printable(entry.node);
    if (rest.empty()) return out;
    constexpr std::size_t rest_column = node_column + 2 + 24;
    out.resize(std::max(out.size(), rest_column), ' ');
    return out + "  " + rest;
}

/// What of the entries is shown.
class listing {
public:
    explicit listing(const events_options& options) : options_(options) {
        if (const auto before = seconds_from(options.since))
            since_ = std::chrono::system_clock::now() -
                     std::chrono::duration_cast<std::chrono::seconds>(std::chrono::duration<double>{*before});
    }
    /// False when nobody reads any more.
    bool show(const timeline_entry& entry) {
        if (entry.at < since_) return true;
        const auto text = options_.json ? to_json(entry) : line_of(entry);
        return std::printf("%s\n", text.c_str()) >= 0 && std::fflush(stdout) == 0;
    }
    /// The newest of those that were there already.
    bool show_last(const std::vector<timeline_entry>& entries) {
        const auto from = entries.size() - std::min(entries.size(), options_.lines);
        return std::all_of(entries.begin() + static_cast<std::ptrdiff_t>(from), entries.end(),
                           [this](const auto& entry) { return show(entry); });
    }

private:
    const events_options& options_;
    std::chrono::system_clock::time_point since_{};
};

// -- of a running node ---------------------------------------------------------------------------------------------

std::optional<timeline_entry> entry_from(const term_view& value) {
    const auto parts = value.as<std::tuple<std::uint64_t, std::int64_t, std::vector<atom>, std::map<atom, std::int64_t>,
                                           std::map<atom, term>>>();
    if (!parts) return std::nullopt;
    const auto& [number, micros, event, measurements, metadata] = *parts;
    timeline_entry out;
    out.number = number;
    out.at = std::chrono::system_clock::time_point{std::chrono::microseconds{micros}};
    for (const auto& part : event) out.event += (out.event.empty() ? "" : ".") + part.str();
    if (const auto took = measurements.find(atom{"duration"}); took != measurements.end())
        out.took = duration{took->second};
    if (const auto left = measurements.find(atom{"left_out"}); left != measurements.end())
        out.left_out = static_cast<std::uint64_t>(left->second);
    const auto text = [&metadata = metadata](std::string_view key) -> std::string {
        const auto at = metadata.find(atom{key});
        if (at == metadata.end()) return {};
        const auto view = at->second.view();
        if (const auto name = view.atom_text()) return std::string{*name};
        return view.as<std::string>().value_or("");
    };
    out.node = text("node");
    out.topology = text("topology");
    out.reason = text("reason");
    return out;
}

/// What came after that entry. Errors are told.
task<std::optional<std::vector<timeline_entry>>> entries_after(cluster::visitor* visitor, atom of,
                                                               std::uint64_t after) {
    const auto deadline = visitor->env().now() + answer_time;
    std::vector<term> arguments{term{after}, term{entries_per_answer}};
    auto calling =
        otp::erpc_call(visitor->node(), of, atom{"sedge_events"}, atom{"since"}, std::move(arguments), deadline);
    const auto answer = co_await std::move(calling);
    using kind = otp::remote_outcome::kind;
    const auto name = printable(of.text());
    std::vector<timeline_entry> out;
    if (answer.what == kind::value && answer.body.view().is_list()) {
        for (const auto each : answer.body.view().elements())
            if (auto entry = entry_from(each)) out.push_back(*std::move(entry));
        co_return out;
    }
    if (answer.what == kind::timed_out)
        tell(status::timed_out, name + " does not answer");
    else if (answer.what == kind::no_connection)
        tell(status::unreachable, "the connection to " + name + " was lost");
    else
        tell(status::failed, name + " is no node of sedge that tells its events");
    co_return std::nullopt;
}

task<int> events_of_node(cluster::visitor& visitor, atom of, events_options options) {
    const auto deadline = visitor.env().now() + answer_time;
    auto connecting = with_deadline(visitor.env(), deadline, visitor.node().connect(of));
    const auto connected = co_await std::move(connecting);
    if (!connected) {
        const auto code = tell(connected.error());
        co_return static_cast<int>(code == status::failed ? status::unreachable : code);
    }
    listing shown{options};
    std::uint64_t last = 0;
    std::vector<timeline_entry> earlier;
    bool is_following = false;
    for (;;) {
        auto asking = entries_after(&visitor, of, last);
        auto next = co_await std::move(asking);
        if (!next) co_return static_cast<int>(visitor.node().is_connected(of) ? status::failed : status::unreachable);
        if (!next->empty()) last = std::max(last, next->back().number);
        const bool is_all = next->size() < entries_per_answer;
        if (is_following) {
            if (!std::ranges::all_of(*next, [&shown](const auto& entry) { return shown.show(entry); })) co_return 0;
        } else {
            std::ranges::move(*next, std::back_inserter(earlier));
            if (!is_all) continue;
            if (!shown.show_last(earlier) || !options.follow) co_return static_cast<int>(status::ok);
            is_following = true;
        }
        auto pause = sleep_for(visitor.env(), follow_pause);
        co_await std::move(pause);
    }
}

// -- of a file -----------------------------------------------------------------------------------------------------

task<int> follow_file(environment* env, events_options options, std::uint64_t last) {
    listing shown{options};
    std::error_code away;
    auto seen = std::filesystem::last_write_time(options.file, away);
    for (;;) {
        auto pause = sleep_for(*env, follow_pause);
        co_await std::move(pause);
        const auto written = std::filesystem::last_write_time(options.file, away);
        if (away || written == seen) continue;
        seen = written;
        const auto now = cluster::read_timeline(options.file, entries_in_file_max);
        if (!now || now->entries.empty()) continue;
        if (now->entries.back().number < last) last = 0; // another file, which counts anew
        for (const auto& entry : now->entries)
            if (entry.number > std::exchange(last, std::max(last, entry.number)) && !shown.show(entry)) co_return 0;
    }
}

int events_of_file(const events_options& options) {
    const auto read = cluster::read_timeline(options.file, entries_in_file_max);
    if (!read) return static_cast<int>(tell(read.error()));
    listing shown{options};
    if (!shown.show_last(read->entries)) return static_cast<int>(status::ok);
    if (read->lines_ignored > 0)
        std::fprintf(stderr, "sedge: %zu lines are ignored: they are no events\n", read->lines_ignored);
    if (!options.follow) return static_cast<int>(status::ok);
    const auto last = read->entries.empty() ? 0 : read->entries.back().number;
    wire::system_environment env;
    return env.block_on(follow_file(&env, options, last));
}

int show_events(const configuration_arguments& arguments, const events_options& options) {
    if (options.node.empty() == options.file.empty())
        return static_cast<int>(tell(status::usage, "whose events? Name a node, or a file with --file"));
    if (!options.since.empty() && !seconds_from(options.since))
        return static_cast<int>(tell(status::usage, "--since is a time such as 30s, 10m or 2h, not " + options.since));
    if (!options.file.empty()) return events_of_file(options);
    auto config = arguments.read();
    if (!config) return static_cast<int>(tell(config.error()));
    const auto peer = node_argument(options.node);
    if (!peer) return static_cast<int>(status::usage);
    return visit(*std::move(config), *peer,
                 [&](cluster::visitor& visitor) { return events_of_node(visitor, peer->full, options); });
}

} // namespace

void add_events(CLI::App& app, chosen& main) {
    auto* command = app.add_subcommand("events", "Show what happened at a node: nodes up and down, dials, topologies.");
    auto options = std::make_shared<events_options>();
    command->add_option("node", options->node, "a running node of sedge, node1@172.24.176.1");
    command->add_option("--file", options->file, "the [events] file of a node instead, which need not run");
    command->add_flag("-f,--follow", options->follow, "go on with what happens from now on");
    command->add_option("-n,--lines", options->lines, "at most so many of what has happened [100]");
    command->add_option("--since", options->since, "only of the last 30s, 10m, 2h")->type_name("TIME");
    command->add_flag("--json", options->json, "one object a line");
    command->footer("Example: sedge events -f node1@172.24.176.1");
    configuration_arguments arguments{*command, offered::for_visitors};
    command->callback(
        [&main, options, arguments] { main = [options, arguments] { return show_events(arguments, *options); }; });
}

} // namespace sedge::cli
