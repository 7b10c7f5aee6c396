// SPDX-License-Identifier: Apache-2.0
//
// libcluster's block in an Elixir configuration, as the value that the same topologies in TOML would give:
//
//   config :libcluster,
//     topologies: [
//       clusters1: [strategy: Cluster.Strategy.Epmd, config: [hosts: [:"node1@172.24.176.1"]]]
//     ]
//
// also as `config :libcluster, :topologies, [...]`, and as `topologies = [...]` in code. Nothing is evaluated: other
// lines of the file are skipped, but a call inside of the block is an error that says so. Atoms are texts, 4-tuples
// of numbers are addresses.
#include "cluster/config_check.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/base/log.hpp>
#include <sedge/term/elixir_syntax.hpp>

#include <algorithm>

namespace sedge::cluster {
namespace {

using elixir::expression;
using kind = config_value::kind;

int line_of(const expression& e) {
    return static_cast<int>(e.at.line);
}

// The text of an atom literal; the alias `A.B` without the `Elixir.` that Elixir keeps in front of it.
std::optional<std::string> atom_of(const expression& e) {
    const auto* literal = std::get_if<elixir::literal>(&e.value);
    if (!literal) return std::nullopt;
    auto text = literal->value.view().atom_text();
    if (!text) return std::nullopt;
    constexpr std::string_view alias_prefix = "Elixir.";
    return std::string{text->starts_with(alias_prefix) ? text->substr(alias_prefix.size()) : *text};
}

bool is_pair_with_key(const expression& e) {
    const auto* tuple = std::get_if<elixir::tuple>(&e.value);
    return tuple && tuple->items.size() == 2 && atom_of(tuple->items[0]);
}

class exs_reader {
public:
    explicit exs_reader(const std::string& file) : place_{file, {}} {}

    result<config_value> value_of(const expression& e) const;

    [[nodiscard]] error cannot(const expression& e, const std::string& what) const {
        return place_.complain(config_errc::syntax, line_of(e), what);
    }

private:
    result<config_value> literal_of(const expression& e, const elixir::literal& literal) const;
    result<config_value> list_of(const expression& e, const elixir::list& list) const;
    result<config_value> tuple_of(const elixir::tuple& tuple) const;

    config_place place_;
};

result<config_value> exs_reader::literal_of(const expression& e, const elixir::literal& literal) const {
    auto view = literal.value.view();
    if (auto text = atom_of(e)) {
        if (*text == "nil") return config_value{};
        if (*text == "true" || *text == "false") return config_value::of(*text == "true");
        return config_value::of(std::move(*text));
    }
    if (auto number = view.as<std::int64_t>()) return config_value::of(*number);
    if (auto bytes = view.binary()) return config_value::of(std::string{as_text(*bytes)});
    return cannot(e, "only numbers, texts, atoms, lists and tuples have a meaning here");
}

result<config_value> exs_reader::list_of(const expression& e, const elixir::list& list) const {
    if (!list.tail.empty()) return cannot(e, "a list with a tail has no meaning here");
    bool is_keywords = !list.items.empty() && std::ranges::all_of(list.items, is_pair_with_key);
    config_value out;
    out.what = is_keywords ? kind::map : kind::list;
    for (const auto& item : list.items) {
        const auto* pair = is_keywords ? std::get_if<elixir::tuple>(&item.value) : nullptr;
        auto value = value_of(pair ? pair->items[1] : item);
        if (!value) return value;
        if (!pair) out.items.push_back(std::move(*value));
        else if (auto key = *atom_of(pair->items[0]); !out.find(key)) out.at(key) = std::move(*value); // the first wins
    }
    return out;
}

// `{172, 24, 176, 1}` is an address; other tuples are as good as lists: nobody takes them, and the sentence says so.
result<config_value> exs_reader::tuple_of(const elixir::tuple& tuple) const {
    config_value out;
    out.what = kind::list;
    bool is_address = tuple.items.size() == 4;
    for (const auto& item : tuple.items) {
        auto value = value_of(item);
        if (!value) return value;
        is_address = is_address && value->what == kind::integer;
        out.items.push_back(std::move(*value));
    }
    if (!is_address) return out;
    std::string address;
    for (const auto& part : out.items) address += (address.empty() ? "" : ".") + std::to_string(part.number);
    return config_value::of(std::move(address));
}

result<config_value> exs_reader::value_of(const expression& e) const {
    if (e.nesting > limits::config_nesting_max) return cannot(e, "nested too deep");
    result<config_value> out = config_value{};
    if (const auto* literal = std::get_if<elixir::literal>(&e.value)) {
        out = literal_of(e, *literal);
    } else if (const auto* list = std::get_if<elixir::list>(&e.value)) {
        out = list_of(e, *list);
    } else if (const auto* tuple = std::get_if<elixir::tuple>(&e.value)) {
        out = tuple_of(*tuple);
    } else if (const auto* call = std::get_if<elixir::call>(&e.value)) {
        return cannot(e, "the call of " + printable(call->function) + " cannot be evaluated here; write the value");
    } else {
        return cannot(e, "this expression cannot be evaluated here; write the value");
    }
    if (out) out->line = line_of(e);
    return out;
}

// The expression that holds the topologies if `e` is one of the three forms; else null.
const expression* topologies_in(const expression& e) {
    if (const auto* assigned = std::get_if<elixir::operation>(&e.value)) {
        if (assigned->symbol != "=" || assigned->operands.size() != 2) return nullptr;
        const auto* name = std::get_if<elixir::variable>(&assigned->operands[0].value);
        return name && name->name == "topologies" ? &assigned->operands[1] : nullptr;
    }
    const auto* call = std::get_if<elixir::call>(&e.value);
    if (!call || !call->module.empty() || call->function != "config" || call->arguments.empty()) return nullptr;
    if (atom_of(call->arguments[0]) != "libcluster") return nullptr;
    if (call->arguments.size() == 3)
        return atom_of(call->arguments[1]) == "topologies" ? &call->arguments[2] : nullptr;
    const auto* options = call->arguments.size() == 2 ? std::get_if<elixir::list>(&call->arguments[1].value) : nullptr;
    if (!options) return nullptr;
    for (const auto& item : options->items) {
        if (!is_pair_with_key(item)) continue;
        const auto& pair = std::get<elixir::tuple>(item.value);
        if (atom_of(pair.items[0]) == "topologies") return &pair.items[1];
    }
    return nullptr;
}

// One topology as libcluster has it -> as `[topologies.NAME]` has it.
config_value translate(const std::string& name, config_value topology, std::vector<std::string>& advice) {
    for (const auto* hook : {"connect", "disconnect", "list_nodes"}) {
        auto removed = std::erase_if(topology.fields, [hook](const auto& field) { return field.name == hook; });
        if (removed)
            advice.push_back("topology " + printable(name) + ": " + hook +
                             " names an Elixir function and has no meaning here; it is left out");
    }
    auto* strategy = topology.find("strategy");
    auto* config = topology.find("config");
    if (config && config->what == kind::list && config->items.empty()) config->what = kind::map; // `config: []`
    bool is_gossip = strategy && strategy->text == "Cluster.Strategy.Gossip";
    const auto* secret = config ? config->find("secret") : nullptr;
    if (is_gossip && !topology.find("trust") && (!secret || secret->is_absent())) {
        auto trust = config_value::of(std::string{"lan"});
        trust.line = strategy->line;
        topology.at("trust") = std::move(trust);
        advice.push_back("topology " + printable(name) + ": gossip without secret dials whomever anybody on the "
                         "network names, as libcluster does, and that lets them in without the cookie; set a secret");
    }
    return topology;
}

} // namespace

result<exs_reading> read_config_exs(std::string_view text, const std::string& file) {
    if (text.size() > limits::config_bytes_max) return error{config_errc::unreadable, file + ": too long"};
    auto expressions = parse_elixir_expressions(text);
    if (!expressions) return error{config_errc::syntax, file + ": " + printable(expressions.error().context())};
    exs_reader reader{file};
    exs_reading out;
    out.root = config_value::map();
    bool found = false;
    for (const auto& e : *expressions) {
        const auto* block = topologies_in(e);
        if (!block) continue;
        found = true;
        auto topologies = reader.value_of(*block);
        if (!topologies) return std::move(topologies).error();
        bool is_empty = topologies->what == kind::list && topologies->items.empty();
        if (topologies->what != kind::map && !is_empty)
            return reader.cannot(*block, "topologies must be a keyword list: [name: [strategy: ..., config: [...]]]");
        auto& all = out.root.at("topologies");
        if (all.is_absent()) all = config_value::map();
        for (auto& [name, topology] : topologies->fields) {
            bool is_map = topology.what == kind::map;
            all.at(name) = is_map ? translate(name, std::move(topology), out.advice) : std::move(topology);
        }
    }
    if (!found)
        return error{config_errc::syntax, file + ": there is no `config :libcluster, topologies: [...]` in it"};
    return out;
}

} // namespace sedge::cluster
