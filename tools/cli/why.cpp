// SPDX-License-Identifier: Apache-2.0
#include "findings.hpp"
#include "visit.hpp"

#include <sedge/base/log.hpp>
#include <sedge/cluster/examination.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/system.hpp>

#include <cstdio>

namespace sedge::cli {

namespace {

using cluster::finding;
using cluster::verdict;

constexpr std::string_view here = "this machine";
constexpr std::string_view unanswered = "question"; ///< The step of a node that does not say what it sees.

struct why_options {
    std::string peer, other;
    bool json = false;
};

/// Everything that is asked, from what was given on the command line.
struct request {
    cluster::peer_question first;
    std::string own;   ///< The node that the configuration names; empty: none.
    std::string other; ///< The second node; empty: none.
};

task<std::vector<finding>> examine(environment& env, node* through, cluster::peer_question what) {
    auto examining = cluster::examine_peer(env, through, std::move(what));
    const auto facts = co_await std::move(examining);
    co_return cluster::diagnose(facts);
}

/// What `from` sees of `to`. A refusal to tell is a line as well.
task<section> seen_from(node& through, std::string from, std::string to) {
    section out{from, to, {}};
    auto asking = cluster::ask_about(through, atom{from}, to);
    auto told = co_await std::move(asking);
    if (told) {
        out.findings = *std::move(told);
    } else {
        const finding mute{std::string{unanswered}, verdict::unknown, {}, from + " " + told.error().context()};
        out.findings.push_back(mute);
    }
    co_return out;
}

/// One line that sums up the way back, for the way there.
finding way_back(const section& back, const std::string& own) {
    const bool is_told = back.findings.empty() || back.findings.front().step != unanswered;
    if (!is_told) return {"way back", verdict::unknown, {}, back.findings.front().evidence};
    const auto* wrong = cluster::first_problem(back.findings);
    if (!wrong) return {"way back", verdict::ok, {}, printable(own) + " can be reached from there"};
    if (wrong->why == cluster::cause::name_not_registered)
        return {"way back", verdict::unknown, {}, printable(own) + " does not run now"};
    return {"way back", verdict::warning, cluster::cause::one_way,
            (wrong->why ? std::string{to_string(*wrong->why)} + ": " : "") + wrong->evidence};
}

/// What this machine sees of a node becomes a section; true if the node can be reached.
task<bool> add_from_here(cluster::visitor& visitor, cluster::peer_question what, std::vector<section>* into) {
    const auto peer = what.peer;
    auto examining = examine(visitor.env(), &visitor.node(), std::move(what));
    auto found = co_await std::move(examining);
    into->push_back({std::string{here}, peer, std::move(found)});
    co_return !cluster::first_problem(into->back().findings);
}

task<> add_seen_from(cluster::visitor& visitor, std::string from, std::string to, std::vector<section>* into) {
    auto asking = seen_from(visitor.node(), std::move(from), std::move(to));
    auto found = co_await std::move(asking);
    into->push_back(std::move(found));
}

task<int> examine_all(cluster::visitor& visitor, request what, std::vector<section>* into) {
    const auto peer = what.first.peer;
    auto there = add_from_here(visitor, what.first, into);
    const bool connected = co_await std::move(there);
    if (!what.other.empty()) {
        if (connected) {
            auto onwards = add_seen_from(visitor, peer, what.other, into);
            co_await std::move(onwards);
        }
        auto second = what.first;
        second.peer = what.other;
        auto to_other = add_from_here(visitor, std::move(second), into);
        const bool other_connected = co_await std::move(to_other);
        if (other_connected) {
            auto backwards = add_seen_from(visitor, what.other, peer, into);
            co_await std::move(backwards);
        }
    } else if (connected && !what.own.empty() && what.own != peer) {
        auto backwards = add_seen_from(visitor, peer, what.own, into);
        co_await std::move(backwards);
        into->front().findings.push_back(way_back(into->back(), what.own));
    }
    co_return 0;
}

request request_of(const cluster::configuration& config, const why_options& options) {
    request out;
    const auto& node = config.node;
    const auto own = !node.name.empty() ? node.name : node.sname;
    const auto peer = node_name::parse(options.peer);
    out.first.peer = options.peer;
    out.first.long_names = own.empty() ? !peer || peer->is_long() : !node.name.empty();
    if (config.epmd.port != 0) out.first.mapper_port = static_cast<std::uint16_t>(config.epmd.port);
    out.first.tls = !config.tls.certificate.empty();
    out.first.tick_time = seconds{node.tick_time};
    out.first.setup_time = milliseconds{node.setup_time};
    if (own.find('@') != std::string::npos && !own.starts_with("undefined@")) out.own = own;
    out.other = options.other;
    return out;
}

int explain(const cluster::configuration& config, const why_options& options) {
    auto what = request_of(config, options);
    std::vector<section> sections;
    const auto visited = try_to_visit(config, what.first.long_names,
                                      [&](cluster::visitor& visitor) { return examine_all(visitor, what, &sections); });
    if (!visited) { // no cookie, say: all but the handshake can be examined nevertheless
        wire::system_environment env;
        what.first.cannot_connect = visited.error();
        sections = {{std::string{here}, options.peer, env.block_on(examine(env, nullptr, what.first))}};
        const auto why = cluster::cause_of(visited.error().code());
        sections.front().findings.push_back({"own settings", verdict::problem, why, visited.error().message()});
    }
    if (options.json)
        show_json(sections);
    else
        show(sections);
    const auto* first = first_problem(sections);
    if (!options.json && first && first->why)
        std::printf("\n%s\n", std::string{to_string(*first->why)}.c_str());
    else if (!options.json)
        std::printf("\nthey can connect\n");
    if (!first) return static_cast<int>(status::ok);
    return static_cast<int>(first->why ? status_of(*first->why) : status::unreachable);
}

} // namespace

void add_why(CLI::App& app, chosen& main) {
    auto* command = app.add_subcommand("why", "Tell why two nodes do not connect, step by step, and what to do.");
    auto options = std::make_shared<why_options>();
    command->add_option("node", options->peer, "node2@172.24.176.2: from this machine to it")->required();
    command->add_option("other", options->other, "another node: from the first one to it as well, and back");
    command->add_flag("--json", options->json, "one JSON object");
    command->footer("Give it what the node is given: --config, --cookie-file, ... With a name (--name, or in the\n"
                    "configuration) the other node is asked whether it can reach that one.\n"
                    "Exit codes: 0 they can connect, 2 no such name, 3 they cannot, 4 something there is silent,\n"
                    "5 the configuration or the cookie file here is wrong.");
    configuration_arguments arguments{*command, offered::all};
    command->callback([&main, options, arguments] {
        main = [options, arguments] {
            const auto config = arguments.read();
            if (!config) return static_cast<int>(tell(config.error()));
            return explain(*config, *options);
        };
    });
}

} // namespace sedge::cli
