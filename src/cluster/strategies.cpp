// SPDX-License-Identifier: Apache-2.0
#include "cluster/config_check.hpp"
#include "cluster/strategies/builtin.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace sedge::cluster {
namespace {

using option_type = strategy_option::type;

// `10.0.0.53`, `10.0.0.53:5353`, `[fd00::53]:5353`.
std::optional<wire::endpoint> name_server(std::string_view text) {
    constexpr std::uint16_t usual_port = 53;
    if (auto alone = wire::ip_address::parse(text)) return wire::endpoint{*alone, usual_port};
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto host = text.substr(0, colon);
    const auto digits = text.substr(colon + 1);
    const bool in_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (in_brackets) host = host.substr(1, host.size() - 2);
    auto address = wire::ip_address::parse(host);
    if (!address || address->is_v4() == in_brackets) return std::nullopt;
    std::uint16_t port = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failure != std::errc{} || end != digits.data() + digits.size() || port == 0) return std::nullopt;
    return wire::endpoint{*address, port};
}

std::string_view describe(option_type what) {
    switch (what) {
    case option_type::integer: return "a whole number";
    case option_type::boolean: return "true or false";
    case option_type::text: return "text";
    case option_type::address: return "an IP address in quotes";
    case option_type::endpoint_list: return "a list of addresses, with port or without, in quotes";
    case option_type::text_list: return "a list of texts";
    case option_type::milliseconds: return "a number of milliseconds, or \"infinity\"";
    }
    return "";
}

bool is_text_list(const config_value& value) {
    return value.what == config_value::kind::list &&
           std::ranges::all_of(value.items, [](const auto& i) { return i.what == config_value::kind::text; });
}

bool has_type(const config_value& value, option_type wanted) {
    using kind = config_value::kind;
    switch (wanted) {
    case option_type::integer: return value.what == kind::integer;
    case option_type::boolean: return value.what == kind::boolean;
    case option_type::text:
    case option_type::address: return value.what == kind::text;
    case option_type::endpoint_list:
    case option_type::text_list: return is_text_list(value);
    case option_type::milliseconds:
        return value.what == kind::integer || (value.what == kind::text && value.text == "infinity");
    }
    return false;
}

// The value has the right type already; whether it makes sense.
std::optional<std::string> objection(const config_value& value, const strategy_option& option) {
    bool is_number = value.what == config_value::kind::integer;
    if (is_number && option.what == option_type::milliseconds && value.number < 0) return "must not be negative";
    if (is_number && (value.number < option.least || value.number > option.most))
        return "must be from " + std::to_string(option.least) + " to " + std::to_string(option.most);
    if (option.what == option_type::address) {
        auto parsed = wire::ip_address::parse(value.text);
        if (!parsed) return "is no IP address: \"" + printable(value.text) + "\"";
    }
    if (option.what == option_type::endpoint_list)
        for (const auto& item : value.items)
            if (!name_server(item.text)) return "has no address or address with port: \"" + printable(item.text) + "\"";
    return std::nullopt;
}

result<void> check_option(const config_place& place, const strategy_option& option, const config_value& value) {
    if (value.is_absent()) return {}; // nil in config.exs: as if not given
    auto name = "\"" + option.name + "\" in " + place.section;
    if (!has_type(value, option.what))
        return place.complain(config_errc::wrong_type, value.line,
                              name + " must be " + std::string{describe(option.what)} + ", not " +
                                  std::string{cluster::describe(value.what)});
    if (auto why = objection(value, option))
        return place.complain(config_errc::bad_value, value.line, name + " " + *why);
    return {};
}

result<void> check_options(const config_place& place, const strategy_definition& definition,
                           const config_value& config) {
    if (!config.is_absent() && config.what != config_value::kind::map)
        return place.complain(config_errc::wrong_type, config.line, place.section + " must be a table of options");
    std::vector<std::string> names;
    for (const auto& option : definition.options) {
        names.push_back(option.name);
        const auto* given = config.find(option.name);
        if (option.required && (!given || given->is_absent()))
            return place.complain(config_errc::bad_value, config.line,
                                  "strategy " + definition.name + " needs \"" + option.name + "\" in " + place.section +
                                      ": " + option.description);
    }
    for (const auto& [name, value] : config.fields) {
        auto option = std::ranges::find(definition.options, name, &strategy_option::name);
        if (option == definition.options.end()) {
            if (definition.any_option) continue;
            return place.unknown_key(value.line, name, names);
        }
        auto checked = check_option(place, *option, value);
        if (!checked) return checked;
    }
    return {};
}

result<void> check_trust(const config_place& place, const strategy_definition& definition, const config_value& trust) {
    if (trust.is_absent()) return {};
    if (!definition.takes_trust)
        return place.complain(config_errc::unknown_key, trust.line,
                              "strategy " + definition.name + " takes no \"trust\" (in " + place.section +
                                  "): it dials no nodes but those it was given");
    bool is_lan = trust.what == config_value::kind::text && trust.text == "lan";
    if (is_lan || is_text_list(trust)) return {};
    return place.complain(config_errc::wrong_type, trust.line,
                          "\"trust\" in " + place.section + R"( must be "lan" or a list of node-name patterns)");
}

std::string type_word(option_type what) {
    switch (what) {
    case option_type::integer: return "integer";
    case option_type::boolean: return "boolean";
    case option_type::text: return "text";
    case option_type::address: return "IP address";
    case option_type::endpoint_list: return "list of addresses";
    case option_type::text_list: return "list of texts";
    case option_type::milliseconds: return "milliseconds";
    }
    return "";
}

} // namespace

strategies::strategies()
    : definitions_{
          epmd_definition(),         gossip_definition(),   mdns_definition(),     local_epmd_definition(),
          erlang_hosts_definition(), dns_poll_definition(), postgres_definition(), etcd_definition(),
          kubernetes_definition(),   rancher_definition(),
          kubernetes_dns_definition(), kubernetes_dns_srv_definition(),
      } {}

void strategies::add(strategy_definition definition) {
    std::erase_if(definitions_, [&definition](const auto& known) { return known.name == definition.name; });
    definitions_.push_back(std::move(definition));
}

result<std::unique_ptr<strategy>> strategies::make(const topology_settings& settings, const std::string& file) const {
    config_place place{file, "topologies." + settings.name};
    auto known = std::ranges::find_if(definitions_, [&settings](const auto& d) {
        return d.name == settings.strategy ||
               (!d.libcluster_module.empty() && d.libcluster_module == settings.strategy);
    });
    if (known == definitions_.end()) {
        std::vector<std::string> names;
        std::string listed;
        for (const auto& d : definitions_) {
            names.push_back(d.name);
            listed += (listed.empty() ? "" : ", ") + d.name;
        }
        auto close = nearest(settings.strategy, names);
        return place.complain(config_errc::unknown_strategy, settings.line,
                              "no strategy \"" + printable(settings.strategy) + "\" for " + place.section +
                                  " (there are: " + listed + ")" + (close ? "; did you mean \"" + *close + "\"?" : ""));
    }
    auto trust_checked = check_trust(place, *known, settings.trust);
    if (!trust_checked) return trust_checked.error();
    config_place inner{file, place.section + ".config"};
    auto options_checked = check_options(inner, *known, settings.config);
    if (!options_checked) return options_checked.error();
    auto made = known->make(settings);
    if (!made)
        return place.complain(made.error().code(), settings.config.line,
                              "in " + inner.section + ": " + made.error().context());
    return made;
}

std::vector<std::string> trusted_patterns(const config_value& trust) {
    if (trust.what == config_value::kind::text) return {"*"}; // "lan", which `check_trust` has made sure of
    std::vector<std::string> out;
    for (const auto& item : trust.items) out.push_back(item.text);
    return out;
}

const config_value* option_reader::find(std::string_view name) const {
    const auto* value = config_->find(name);
    return value && !value->is_absent() ? value : nullptr;
}
void option_reader::read(std::string_view name, bool& into) const {
    if (const auto* value = find(name)) into = value->truth;
}
void option_reader::read(std::string_view name, std::string& into) const {
    if (const auto* value = find(name)) into = value->text;
}
void option_reader::read(std::string_view name, std::vector<std::string>& into) const {
    const auto* value = find(name);
    if (!value) return;
    into.clear();
    for (const auto& item : value->items) into.push_back(item.text);
}
void option_reader::read(std::string_view name, wire::ip_address& into) const {
    if (const auto* value = find(name)) into = wire::ip_address::parse(value->text).value_or(into);
}
void option_reader::read(std::string_view name, std::vector<wire::endpoint>& into) const {
    const auto* value = find(name);
    if (!value) return;
    into.clear();
    for (const auto& item : value->items)
        if (auto parsed = name_server(item.text)) into.push_back(*parsed);
}
void option_reader::read(std::string_view name, milliseconds& into) const {
    if (const auto* value = find(name)) into = milliseconds{value->number};
}
void option_reader::read(std::string_view name, std::optional<milliseconds>& into) const {
    const auto* value = find(name);
    if (value && value->what == config_value::kind::integer) into = milliseconds{value->number};
}

std::string strategies_guide(const strategies& known) {
    std::string out =
        "# Strategies and their options\n\n"
        "Made from the option tables in the program (`strategies_guide`); a test compares. In `sedge.toml`:\n\n"
        "```toml\n"
        "[topologies.clusters1]\n"
        "strategy = \"gossip\"\n"
        "trust = \"lan\"\n"
        "config = { port = 45892, multicast_if = \"172.24.176.1\" }\n"
        "```\n\n"
        "Options inside `config` have libcluster's names and meaning; libcluster's own "
        "`config :libcluster, topologies: [...]` is read as it is (`--config config.exs`).\n"
        "Whatever the strategy: a node that is wanted and away is dialled until it is back or no longer wanted, with "
        "pauses that grow from 0.5 to 5 s.\n";
    for (const auto& d : known.all()) {
        out += "\n## " + d.name + "\n\n";
        if (!d.libcluster_module.empty()) out += "`" + d.libcluster_module + "` of libcluster. ";
        out += d.description + "\n\n| option | type | default | |\n|---|---|---|---|\n";
        if (d.takes_trust)
            out +=
                "| `trust` (beside `config`) | `\"lan\"` or list of texts | none | nodes that may be dialled without "
                "`secret`; with `secret`, a further restriction |\n";
        for (const auto& o : d.options) {
            out += "| `" + o.name + "` | " + type_word(o.what) + " | ";
            if (o.required)
                out += "required";
            else
                out += o.value_default.empty() ? "none" : "`" + o.value_default + "`";
            out += " | " + o.description + " |\n";
        }
    }
    return out;
}

} // namespace sedge::cluster
