// SPDX-License-Identifier: Apache-2.0
#include "json.hpp"
#include "visit.hpp"

#include "shell/show.hpp"

#include <sedge/base/log.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/term/convert.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <map>

namespace sedge::cli {

namespace {

constexpr seconds answer_time{10};

struct topology_options {
    std::string node, name, strategy;
    std::vector<std::string> options; ///< KEY=VALUE
    bool json = false;
};

/// What is called, and what is done with the value.
struct question {
    atom on;
    std::string function;
    std::vector<term> arguments;
    bool json = false;
};

void show_topologies(const term& value) {
    for (const auto topology : value.view().elements()) {
        const auto field = [&topology](std::string_view key) { return topology.find_atom(key); };
        const auto text = [](const std::optional<term_view>& from) {
            return from ? printable(from->as<std::string>().value_or("")) : std::string{};
        };
        const auto strategy = text(field("strategy"));
        std::printf("%s (%s)\n", text(field("name")).c_str(), strategy.empty() ? "of the program" : strategy.c_str());
        const auto nodes = field("nodes");
        if (!nodes || !nodes->is_list()) continue;
        for (const auto node : nodes->elements()) {
            const auto name = node.find_atom("name");
            const auto state = node.find_atom("state");
            const auto reason = text(node.find_atom("reason"));
            std::printf("  %-32s %-10s %s\n",
                        name ? shell::show(*name, std::numeric_limits<std::size_t>::max()).c_str() : "",
                        state ? std::string{state->atom_text().value_or("")}.c_str() : "", reason.c_str());
        }
    }
}

int show_answer(const term& value, const question& asked) {
    const auto view = value.view();
    if (asked.function == "list" && view.is_list()) {
        if (asked.json)
            print_json(to_json(view));
        else
            show_topologies(value);
        return static_cast<int>(status::ok);
    }
    const bool is_pair = view.kind() == term_kind::tuple && view.arity() == 2;
    const auto text = is_pair ? view.element(1).as<std::string>() : std::nullopt;
    if (is_pair && view.element(0).is_atom("error"))
        return static_cast<int>(tell(status::failed, text.value_or("refused")));
    if (text) std::printf("%s\n", printable(*text).c_str());
    return static_cast<int>(status::ok);
}

task<int> ask(cluster::visitor& visitor, question asked) {
    const auto deadline = visitor.env().now() + answer_time;
    auto connecting = with_deadline(visitor.env(), deadline, visitor.node().connect(asked.on));
    const auto connected = co_await std::move(connecting);
    if (!connected) {
        const auto code = tell(connected.error());
        co_return static_cast<int>(code == status::failed ? status::unreachable : code);
    }
    auto calling = otp::erpc_call(visitor.node(), asked.on, atom{"sedge_topology"}, atom{asked.function},
                                  asked.arguments, deadline);
    const auto answer = co_await std::move(calling);
    using kind = otp::remote_outcome::kind;
    if (answer.what == kind::value) co_return show_answer(answer.body, asked);
    const auto name = printable(asked.on.text());
    if (answer.what == kind::timed_out) co_return static_cast<int>(tell(status::timed_out, name + " does not answer"));
    if (answer.what == kind::no_connection)
        co_return static_cast<int>(tell(status::unreachable, "the connection to " + name + " was lost"));
    auto why = name + " is no node of sedge with topologies";
    if (answer.body.view().is_atom("not_permitted"))
        why = name + " does not let this node change its topologies: ask on its own machine, or give this one the "
                     "right \"control\" in a role of its configuration";
    co_return static_cast<int>(tell(status::failed, why));
}

/// `KEY=VALUE`s as the list of pairs that the node takes; nothing after telling what is wrong.
std::optional<term> pairs_of(const std::vector<std::string>& options) {
    std::vector<std::tuple<std::string, std::string>> pairs;
    for (const auto& each : options) {
        const auto equals = each.find('=');
        if (equals == std::string::npos || equals == 0) {
            tell(status::usage, "options of a strategy are KEY=VALUE, not " + each);
            return std::nullopt;
        }
        pairs.emplace_back(each.substr(0, equals), each.substr(equals + 1));
    }
    return term{pairs};
}

using asking = std::function<std::optional<std::vector<term>>(const topology_options&)>;

struct subcommand {
    CLI::App* command;
    std::string function;
    asking arguments;
};

void complete(const subcommand& made, const std::shared_ptr<topology_options>& options, chosen& main) {
    configuration_arguments configuration{*made.command, offered::for_visitors};
    made.command->callback([&main, made, options, configuration] {
        main = [made, options, configuration] {
            auto config = configuration.read();
            if (!config) return static_cast<int>(tell(config.error()));
            const auto peer = node_argument(options->node);
            auto arguments = made.arguments(*options);
            if (!peer || !arguments) return static_cast<int>(status::usage);
            question asked{peer->full, made.function, *std::move(arguments), options->json};
            return visit(*std::move(config), *peer, [&](cluster::visitor& visitor) { return ask(visitor, asked); });
        };
    });
}

std::optional<std::vector<term>> no_arguments(const topology_options&) { return std::vector<term>{}; }
std::optional<std::vector<term>> name_only(const topology_options& given) {
    return std::vector<term>{term{given.name}};
}
std::optional<std::vector<term>> whole_topology(const topology_options& given) {
    auto pairs = pairs_of(given.options);
    if (!pairs) return std::nullopt;
    return std::vector<term>{term{given.name}, term{given.strategy}, *std::move(pairs)};
}

} // namespace

void add_topology(CLI::App& app, chosen& main) {
    auto* command = app.add_subcommand("topology", "List or change the topologies of a running node of sedge.");
    command->require_subcommand(1);
    auto options = std::make_shared<topology_options>();
    const auto add = [&](const std::string& name, const std::string& description) {
        auto* made = command->add_subcommand(name, description);
        made->add_option("node", options->node, "node1@172.24.176.1")->required();
        return made;
    };
    const auto add_whole = [&](const std::string& name, const std::string& description) {
        auto* made = add(name, description);
        made->add_option("name", options->name, "clusters1")->required();
        made->add_option("strategy", options->strategy, "epmd, gossip, ...")->required();
        made->add_option("options", options->options, "the strategy's, as hosts='[\"b@10.0.0.2\"]', and trust")
            ->type_name("KEY=VALUE");
        made->footer("Example: sedge topology " + name + " node1@172.24.176.1 clusters2 gossip trust=lan port=45893");
        return made;
    };
    auto* list = add("list", "Show the topologies and what each knows of its nodes.");
    list->add_flag("--json", options->json, "an array of objects");
    complete({list, "list", no_arguments}, options, main);
    complete({add_whole("add", "Start one more, until the node ends."), "add", whole_topology}, options, main);
    complete({add_whole("change", "Give one another strategy or options; what stays wanted stays connected."), "change",
              whole_topology},
             options, main);
    auto* remove = add("remove", "Stop one; nodes that no other topology wants are disconnected.");
    remove->add_option("name", options->name, "clusters1")->required();
    complete({remove, "remove", name_only}, options, main);
    complete({add("reload", "Read the node's configuration file again, as SIGHUP does."), "reload", no_arguments},
             options, main);
}

} // namespace sedge::cli
