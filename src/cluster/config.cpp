// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/config.hpp>

#include "cluster/config_check.hpp"
#include "cluster/config_keys.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/base/log.hpp>
#include <sedge/dist/node_name.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <sstream>

namespace sedge::cluster {
namespace {

using kind = config_value::kind;

constexpr std::string_view plain_sections[] = {"node",   "detection", "epmd", "pg",
                                               "events", "metrics",   "tls",  "log"}; // of config_keys

class config_category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "sedge.config"; }
    std::string message(int) const override { return {}; } // the context is the sentence, always
};

result<void> set_text(const config_place& place, const config_key& key, const config_value& value,
                      std::string& member) {
    if (value.what != kind::text)
        return place.complain(config_errc::wrong_type, value.line,
                              "\"" + key.name() + "\" in " + place.section + " must be text, not " +
                                  std::string{describe(value.what)});
    if (!key.choices.empty() && std::ranges::find(key.choices, value.text) == key.choices.end()) {
        std::string choices;
        for (const auto& choice : key.choices) choices += (choices.empty() ? "" : ", ") + choice;
        return place.complain(config_errc::bad_value, value.line,
                              "\"" + key.name() + "\" in " + place.section + " must be one of " + choices + ", not \"" +
                                  printable(value.text) + "\"");
    }
    member = value.text;
    return {};
}

result<void> set_number(const config_place& place, const config_key& key, const config_value& value,
                        std::int64_t& member) {
    if (value.what != kind::integer)
        return place.complain(config_errc::wrong_type, value.line,
                              "\"" + key.name() + "\" in " + place.section + " must be a whole number, not " +
                                  std::string{describe(value.what)});
    if (value.number < key.least || value.number > key.most)
        return place.complain(config_errc::bad_value, value.line,
                              "\"" + key.name() + "\" in " + place.section + " must be from " +
                                  std::to_string(key.least) + " to " + std::to_string(key.most));
    member = value.number;
    return {};
}

result<void> set_flag(const config_place& place, const config_key& key, const config_value& value, bool& member) {
    if (value.what != kind::boolean)
        return place.complain(config_errc::wrong_type, value.line,
                              "\"" + key.name() + "\" in " + place.section + " must be true or false, not " +
                                  std::string{describe(value.what)});
    member = value.truth;
    return {};
}

result<void> set_member(const config_place& place, const config_key& key, const config_value& value,
                        configuration& out) {
    if (const auto* text = std::get_if<std::string& (*)(configuration&)>(&key.member))
        return set_text(place, key, value, (*text)(out));
    if (const auto* number = std::get_if<std::int64_t& (*)(configuration&)>(&key.member))
        return set_number(place, key, value, (*number)(out));
    return set_flag(place, key, value, std::get<bool& (*)(configuration&)>(key.member)(out));
}

result<void> expect_map(const config_place& place, const config_value& value) {
    if (value.what == kind::map) return {};
    return place.complain(config_errc::wrong_type, value.line,
                          place.section + " must be a table, not " + std::string{describe(value.what)});
}

/// `[node.peer_cookies]`: the name of a node, and the file with the cookie for it.
result<void> read_peer_cookies(const config_place& place, const config_value& table, configuration& out) {
    auto is_map = expect_map(place, table);
    if (!is_map) return is_map;
    for (const auto& [node, file] : table.fields) {
        if (file.what != kind::text || file.text.empty())
            return place.complain(config_errc::wrong_type, file.line,
                                  "\"" + printable(node) + "\" in " + place.section +
                                      " must be the name of a file, not " + std::string{describe(file.what)});
        auto name = node_name::parse(node);
        if (!name)
            return place.complain(config_errc::bad_value, file.line, place.section + ": " + name.error().context());
        out.node.peer_cookies.emplace_back(node, file.text);
    }
    return {};
}

result<void> read_section(const config_place& place, const config_value& section, configuration& out) {
    auto is_map = expect_map(place, section);
    if (!is_map) return is_map;
    std::vector<std::string> names;
    for (const auto& key : config_keys())
        if (key.section() == place.section) names.push_back(key.name());
    if (place.section == "node") names.emplace_back("peer_cookies");
    for (const auto& [name, value] : section.fields) {
        auto wanted = place.section + "." + name;
        if (wanted == "node.peer_cookies") {
            auto read = read_peer_cookies({place.file, wanted}, value, out);
            if (!read) return read;
            continue;
        }
        auto key = std::ranges::find_if(config_keys(), [&wanted](const auto& k) { return k.shown.key == wanted; });
        if (key == config_keys().end()) return place.unknown_key(value.line, name, names);
        auto set = set_member(place, *key, value, out);
        if (!set) return set;
    }
    return {};
}

result<topology_settings> read_topology(const config_place& place, std::string name, const config_value& value) {
    auto is_map = expect_map(place, value);
    if (!is_map) return is_map.error();
    topology_settings out;
    out.name = std::move(name);
    out.line = value.line;
    for (const auto& [key, field] : value.fields) {
        if (key == "strategy") {
            if (field.what != kind::text)
                return place.complain(config_errc::wrong_type, field.line,
                                      "\"strategy\" in " + place.section + " must be text, not " +
                                          std::string{describe(field.what)});
            out.strategy = field.text;
            out.line = field.line;
        } else if (key == "trust") {
            out.trust = field;
        } else if (key == "config") {
            out.config = field;
        } else {
            return place.unknown_key(field.line, key, {"strategy", "trust", "config"});
        }
    }
    if (out.strategy.empty())
        return place.complain(config_errc::bad_value, value.line,
                              place.section + " needs a strategy: strategy = \"epmd\" or \"gossip\"");
    return out;
}

result<std::string> read_file(const std::string& path) {
    errno = 0;
    std::ifstream in{path, std::ios::binary};
    if (!in) return error{config_errc::unreadable, path + ": " + std::generic_category().message(errno ? errno : EIO)};
    std::string text(limits::config_bytes_max + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) return error{config_errc::unreadable, path + ": it is no file that can be read"};
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > limits::config_bytes_max)
        return error{config_errc::unreadable,
                     path + ": longer than " + std::to_string(limits::config_bytes_max) + " bytes"};
    return text;
}

// The value that `text` means for a key: as the key's type says where it is known, else as TOML, else as plain text.
config_value value_of_assignment(const assignment& given) {
    auto key = std::ranges::find_if(config_keys(), [&given](const auto& k) { return k.shown.key == given.key; });
    bool is_text = key != config_keys().end() && std::holds_alternative<std::string& (*)(configuration&)>(key->member);
    if (is_text) return config_value::of(given.text);
    auto parsed = read_toml("value = " + given.text + "\n", {});
    const config_value* value = parsed ? parsed->find("value") : nullptr;
    if (!value || parsed->fields.size() != 1) return config_value::of(given.text);
    return *value;
}

void forget_lines(config_value& value) {
    value.line = 0;
    for (auto& item : value.items) forget_lines(item);
    for (auto& [name, field] : value.fields) forget_lines(field);
}

// A relative file means beside the configuration that names it, wherever the program was started.
void anchor(config_value* named, const std::string& file) {
    auto slash = file.rfind('/');
    if (!named || named->text.empty() || named->text.front() == '/') return;
    if (slash != std::string::npos) named->text.insert(0, file, 0, slash + 1);
}

void anchor_files(config_value& root, const std::string& file) {
    if (auto* tls = root.find("tls"))
        for (const auto* key : {"ca", "certificate", "key"}) anchor(tls->find(key), file);
    if (auto* events = root.find("events")) anchor(events->find("file"), file);
    auto* node = root.find("node");
    if (!node) return;
    anchor(node->find("cookie_file"), file);
    anchor(node->find("members_file"), file);
    auto* of_peers = node->find("peer_cookies");
    if (!of_peers) return;
    for (auto& [peer, cookie_file] : of_peers->fields) anchor(&cookie_file, file);
}

result<configuration> finish(config_value root, const std::string& file, const std::vector<assignment>& over) {
    anchor_files(root, file);
    auto laid = overlay(root, over);
    if (!laid) return laid.error();
    auto config = read_configuration(root, file);
    if (config) config->over = over;
    return config;
}

} // namespace

const std::error_category& config_category() noexcept {
    static const config_category_type category;
    return category;
}

error config_place::complain(std::error_code code, int line, const std::string& sentence) const {
    std::string where = "command line: ";
    if (line > 0) where = file + ":" + std::to_string(line) + ": ";
    return {code, where + sentence};
}

error config_place::unknown_key(int line, std::string_view name, const std::vector<std::string>& valid) const {
    std::string sentence = "unknown key \"" + printable(name) + "\"";
    if (!section.empty()) sentence += " in " + section;
    if (auto close = nearest(name, valid)) {
        sentence += "; did you mean \"" + *close + "\"?";
    } else {
        sentence += "; valid are ";
        for (std::size_t i = 0; i < valid.size(); ++i) sentence += (i ? ", " : "") + valid[i];
    }
    return complain(config_errc::unknown_key, line, sentence);
}

result<configuration> read_configuration(const config_value& root, const std::string& file) {
    configuration out;
    out.file = file;
    for (const auto& [name, section] : root.fields) {
        if (std::ranges::find(plain_sections, name) != std::end(plain_sections)) {
            auto read = read_section({file, name}, section, out);
            if (!read) return read.error();
        } else if (name == "topologies") {
            auto is_map = expect_map({file, name}, section);
            if (!is_map) return is_map.error();
            for (const auto& [topology, value] : section.fields) {
                auto read = read_topology({file, "topologies." + printable(topology)}, topology, value);
                if (!read) return std::move(read).error();
                out.topologies.push_back(std::move(*read));
            }
        } else if (name == "ready") {
            auto read = read_ready({file, name}, section);
            if (!read) return std::move(read).error();
            out.ready = std::move(*read);
        } else if (name == "roles") {
            auto is_map = expect_map({file, name}, section);
            if (!is_map) return is_map.error();
            for (const auto& [role, value] : section.fields) {
                auto read = read_role({file, "roles." + printable(role)}, role, value);
                if (!read) return std::move(read).error();
                out.roles.push_back(std::move(*read));
            }
        } else {
            return config_place{file, ""}.unknown_key(
                section.line, name,
                {"node", "detection", "epmd", "pg", "events", "metrics", "tls", "log", "ready", "topologies", "roles"});
        }
    }
    for (auto& t : out.topologies) t.epmd_port = static_cast<std::uint16_t>(out.epmd.port);
    return out;
}

result<void> overlay(config_value& root, const std::vector<assignment>& over) {
    root.what = kind::map;
    for (const auto& given : over) {
        config_value* at = &root;
        std::string_view rest = given.key;
        while (!rest.empty()) {
            if (at->what != kind::absent && at->what != kind::map)
                return error{config_errc::bad_value, given.origin + ": \"" + printable(given.key) +
                                                         "\" would be inside of a value that is no table"};
            auto dot = rest.find('.');
            at = &at->at(rest.substr(0, dot));
            rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
        }
        auto value = value_of_assignment(given);
        forget_lines(value);
        *at = std::move(value);
    }
    return {};
}

result<configuration> parse_toml(std::string_view text, const std::string& file, const std::vector<assignment>& over) {
    auto root = read_toml(text, file);
    if (!root) return std::move(root).error();
    return finish(std::move(*root), file, over);
}

result<configuration> parse_config_exs(std::string_view text, const std::string& file,
                                       const std::vector<assignment>& over) {
    auto reading = read_config_exs(text, file);
    if (!reading) return std::move(reading).error();
    auto out = finish(std::move(reading->root), file, over);
    if (out) out->advice = std::move(reading->advice);
    return out;
}

bool same(const topology_settings& a, const topology_settings& b) {
    return a.name == b.name && a.strategy == b.strategy && same(a.trust, b.trust) && same(a.config, b.config);
}

result<configuration> load_configuration(const std::string& path, const std::vector<assignment>& over) {
    if (path.empty()) return finish(config_value::map(), {}, over);
    auto text = read_file(path);
    if (!text) return std::move(text).error();
    return path.ends_with(".exs") ? parse_config_exs(*text, path, over) : parse_toml(*text, path, over);
}

} // namespace sedge::cluster
