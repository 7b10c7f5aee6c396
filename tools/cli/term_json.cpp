// SPDX-License-Identifier: Apache-2.0
#include "term_json.hpp"

#include <sedge/term/text.hpp>

#include <boost/json/src.hpp>

namespace sedge::cli {
namespace {

constexpr int depth_max = 100; // deeper parts are shown as text

boost::json::value convert(const term_view& t, int depth) {
    if (depth > depth_max) return boost::json::string(to_elixir(t));
    if (auto n = t.as<std::int64_t>()) return *n;
    if (auto n = t.as<double>()) return *n;
    if (auto b = t.as<bool>()) return *b;
    if (t.is_atom("nil") || t.is_atom("undefined")) return nullptr;
    if (auto a = t.atom_text()) return boost::json::string(*a);
    if (auto s = t.as<std::string>()) return boost::json::string(*s);
    if (t.kind() == term_kind::tuple || (t.is_list() && t.tail().kind() == term_kind::nil)) {
        boost::json::array all;
        for (auto e : t.elements()) all.push_back(convert(e, depth + 1));
        return all;
    }
    if (t.kind() == term_kind::map) {
        boost::json::object all;
        auto pairs = t.keys_and_values();
        for (auto i = pairs.begin(); i != pairs.end();) {
            auto key = *i++;
            auto value = *i++;
            auto text = key.atom_text() ? std::string{*key.atom_text()} : key.as<std::string>().value_or(to_elixir(key));
            all[text] = convert(value, depth + 1);
        }
        return all;
    }
    return boost::json::string(to_elixir(t));
}

} // namespace

boost::json::value to_json(const term_view& t) {
    return convert(t, 0);
}

} // namespace sedge::cli
