// SPDX-License-Identifier: Apache-2.0
//
// [roles.NAME]: nodes, may, functions, names, scopes, calls_max. A key that is left out keeps what `otp::role` says.
#include "cluster/config_check.hpp"

#include <sedge/base/log.hpp>

namespace sedge::cluster {
namespace {

using kind = config_value::kind;

result<std::vector<std::string>> read_texts(const config_place& place, const std::string& key,
                                            const config_value& value) {
    if (value.what != kind::list)
        return place.complain(config_errc::wrong_type, value.line,
                              "\"" + key + "\" in " + place.section + " must be a list of texts, not " +
                                  std::string{describe(value.what)});
    std::vector<std::string> texts;
    for (const auto& item : value.items) {
        if (item.what != kind::text)
            return place.complain(config_errc::wrong_type, value.line,
                                  "\"" + key + "\" in " + place.section + " must be a list of texts; one is " +
                                      std::string{describe(item.what)});
        texts.push_back(item.text);
    }
    return texts;
}

result<std::set<otp::right>> read_rights(const config_place& place, const config_value& value) {
    auto texts = read_texts(place, "may", value);
    if (!texts) return std::move(texts).error();
    std::set<otp::right> rights;
    for (const auto& text : *texts) {
        auto one = otp::right_from(text);
        if (!one)
            return place.complain(config_errc::bad_value, value.line,
                                  "\"may\" in " + place.section + " has no right \"" + printable(text) +
                                      "\"; there are info, call, spawn, send, link, control");
        rights.insert(*one);
    }
    return rights;
}

result<std::size_t> read_calls_max(const config_place& place, const config_value& value) {
    if (value.what == kind::integer && value.number >= 0 &&
        static_cast<std::uint64_t>(value.number) <= limits::calls_per_peer_max)
        return static_cast<std::size_t>(value.number);
    return place.complain(config_errc::bad_value, value.line,
                          "\"calls_max\" in " + place.section + " must be a whole number from 0 to " +
                              std::to_string(limits::calls_per_peer_max));
}

} // namespace

result<otp::role> read_role(const config_place& place, const std::string& name, const config_value& value) {
    if (value.what != kind::map)
        return place.complain(config_errc::wrong_type, value.line,
                              place.section + " must be a table, not " + std::string{describe(value.what)});
    otp::role out;
    out.name = name;
    for (const auto& [key, field] : value.fields) {
        auto texts = [&, &key = key, &field = field](std::vector<std::string>& into) -> result<void> {
            auto read = read_texts(place, key, field);
            if (!read) return std::move(read).error();
            into = *std::move(read);
            return {};
        };
        result<void> done;
        if (key == "nodes") {
            done = texts(out.nodes);
        } else if (key == "certificates") {
            done = texts(out.certificates);
        } else if (key == "functions") {
            done = texts(out.functions);
        } else if (key == "names") {
            done = texts(out.names);
        } else if (key == "scopes") {
            done = texts(out.scopes);
        } else if (key == "may") {
            auto rights = read_rights(place, field);
            if (!rights) return std::move(rights).error();
            out.may = *std::move(rights);
        } else if (key == "calls_max") {
            auto most = read_calls_max(place, field);
            if (!most) return std::move(most).error();
            out.calls_max = *most;
        } else {
            return place.unknown_key(field.line, key,
                                     {"nodes", "certificates", "may", "functions", "names", "scopes", "calls_max"});
        }
        if (!done) return done.error();
    }
    if (out.nodes.empty() && name != "default")
        return place.complain(config_errc::bad_value, value.line,
                              place.section + " needs nodes, as in nodes = [\"web*@10.0.0.*\"]; only the role "
                                              "default is for all others");
    return out;
}

} // namespace sedge::cluster
