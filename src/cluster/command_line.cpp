// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/command_line.hpp>

#include <sedge/base/log.hpp>

#include <algorithm>
#include <optional>

namespace sedge::cluster {
namespace {

const option_definition config_option{"--config", "", "FILE", "",
                                      "sedge.toml, or a config.exs with libcluster's block"};
const option_definition set_option{"--set", "", "KEY=VALUE", "",
                                   "any key of the file, as in topologies.clusters1.trust=\"lan\""};

error bad(const std::string& sentence) { return {config_errc::bad_option, sentence}; }

const option_definition* find_option(std::string_view flag) {
    if (flag == config_option.flag) return &config_option;
    if (flag == set_option.flag) return &set_option;
    for (const auto& option : configuration_options())
        if (flag == option.flag) return &option;
    return nullptr;
}

error unknown(std::string_view flag) {
    std::vector<std::string> flags{config_option.flag, set_option.flag, "--help"};
    for (const auto& option : configuration_options()) flags.push_back(option.flag);
    auto close = nearest(flag, flags);
    return bad("unknown option " + printable(flag) + (close ? "; did you mean " + *close + "?" : "; see --help"));
}

// `--flag=value` and `--no-flag` taken apart.
struct argument {
    std::string flag;
    std::optional<std::string> value;
    bool negated = false;
};

argument take_apart(const std::string& text) {
    argument out;
    auto equals = text.find('=');
    out.flag = text.substr(0, equals);
    if (equals != std::string::npos) out.value = text.substr(equals + 1);
    if (out.flag.starts_with("--no-")) {
        std::string positive = "--" + out.flag.substr(5);
        const auto* option = find_option(positive);
        if (option && option->value_name.empty()) {
            out.flag = positive;
            out.negated = true;
        }
    }
    return out;
}

} // namespace

result<parsed_command_line> parse_command_line(const std::vector<std::string>& arguments, bool accept_rest) {
    parsed_command_line out;
    std::string file;
    bool cookie_given = false;
    std::vector<assignment> over;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto& text = arguments[i];
        if (text == "--help" || text == "-h") return parsed_command_line{{}, {}, true};
        auto given = take_apart(text);
        const auto* option = find_option(given.flag);
        if (!option) {
            if (!accept_rest) return unknown(given.flag);
            out.rest.push_back(text);
            continue;
        }
        if (option->value_name.empty()) {
            if (given.value && *given.value != "true" && *given.value != "false")
                return bad(given.flag + " takes no value");
            bool on = given.negated == (given.value == "false");
            over.push_back({option->key, on ? "true" : "false"});
            continue;
        }
        if (!given.value) {
            if (++i == arguments.size())
                return bad(given.flag + " needs a value: " + given.flag + " " + option->value_name);
            given.value = arguments[i];
        }
        if (option == &config_option) {
            file = *given.value;
        } else if (option == &set_option) {
            auto equals = given.value->find('=');
            if (equals == std::string::npos || equals == 0)
                return bad("--set needs KEY=VALUE, not " + printable(*given.value));
            over.push_back({given.value->substr(0, equals), given.value->substr(equals + 1)});
        } else {
            over.push_back({option->key, *given.value});
        }
        cookie_given = cookie_given || (!over.empty() && over.back().key == "node.cookie");
    }
    auto config = load_configuration(file, over);
    if (!config) return std::move(config).error();
    out.config = std::move(*config);
    out.config.cookie_on_command_line = cookie_given;
    return out;
}

std::string command_line_help() {
    static constexpr std::size_t description_column = 30;
    std::string out;
    auto line = [&out](const option_definition& option) {
        std::string left = "  " + option.flag;
        if (!option.value_name.empty()) left += " " + option.value_name;
        left.resize(std::max(left.size() + 2, description_column), ' ');
        out += left + option.description;
        if (!option.value_default.empty()) out += " [" + option.value_default + "]";
        out += '\n';
    };
    line(config_option);
    for (const auto& option : configuration_options()) line(option);
    line(set_option);
    out += "  --help                      this text\n";
    return out;
}

} // namespace sedge::cluster
