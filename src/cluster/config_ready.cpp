// SPDX-License-Identifier: Apache-2.0
//
// [ready]: at_least, nodes, within.
#include "cluster/config_check.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/base/log.hpp>
#include <sedge/dist/node_name.hpp>

namespace sedge::cluster {
namespace {

using kind = config_value::kind;

constexpr std::int64_t within_most = 86'400; // a day

result<std::vector<std::string>> read_names(const config_place& place, const config_value& value) {
    std::vector<std::string> out;
    if (value.what != kind::list)
        return place.complain(config_errc::wrong_type, value.line,
                              "\"nodes\" in " + place.section + " must be a list of node names, not " +
                                  std::string{describe(value.what)});
    for (const auto& item : value.items) {
        auto name = item.what == kind::text ? node_name::parse(item.text) : error{errc::malformed, "it is no text"};
        if (!name)
            return place.complain(config_errc::bad_value, value.line,
                                  "\"nodes\" in " + place.section + ": " + printable(name.error().context()));
        out.push_back(item.text);
    }
    return out;
}

} // namespace

result<ready_settings> read_ready(const config_place& place, const config_value& value) {
    if (value.what != kind::map)
        return place.complain(config_errc::wrong_type, value.line,
                              place.section + " must be a table, not " + std::string{describe(value.what)});
    ready_settings out;
    for (const auto& [key, field] : value.fields) {
        const bool is_whole = field.what == kind::integer;
        if (key == "at_least") {
            if (!is_whole || field.number < 0 || field.number > static_cast<std::int64_t>(limits::peers_max))
                return place.complain(config_errc::bad_value, field.line,
                                      "\"at_least\" in " + place.section + " must be a whole number from 0 to " +
                                          std::to_string(limits::peers_max));
            out.at_least = field.number;
        } else if (key == "nodes") {
            auto names = read_names(place, field);
            if (!names) return std::move(names).error();
            out.nodes = std::move(*names);
        } else if (key == "within") {
            out.within = is_whole ? static_cast<double>(field.number) : field.real;
            if ((!is_whole && field.what != kind::floating) || !(out.within > 0) || out.within > within_most)
                return place.complain(config_errc::bad_value, field.line,
                                      "\"within\" in " + place.section + " must be a number of seconds, at most " +
                                          std::to_string(within_most));
        } else {
            return place.unknown_key(field.line, key, {"at_least", "nodes", "within"});
        }
    }
    return out;
}

} // namespace sedge::cluster
