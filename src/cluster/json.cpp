// SPDX-License-Identifier: Apache-2.0
#include "cluster/json.hpp"

#include "cluster/source_limits.hpp"

#include <boost/json/parse.hpp>

namespace sedge::cluster {

result<boost::json::value> parse_json(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = limits::json_nesting_max;
    boost::json::error_code code;
    auto value = boost::json::parse({text.data(), text.size()}, code, {}, options);
    if (code) return error{errc::malformed, "the answer is no JSON: " + code.message()};
    return value;
}

const boost::json::value* json_at(const boost::json::value& from, std::initializer_list<std::string_view> path) {
    const auto* at = &from;
    for (auto key : path) {
        const auto* object = at->if_object();
        if (!object) return nullptr;
        at = object->if_contains({key.data(), key.size()});
        if (!at) return nullptr;
    }
    return at;
}

std::string_view json_text(const boost::json::value& from, std::initializer_list<std::string_view> path) {
    const auto* at = json_at(from, path);
    const auto* text = at ? at->if_string() : nullptr;
    return text ? std::string_view{text->data(), text->size()} : std::string_view{};
}

const boost::json::array& json_list(const boost::json::value& from, std::initializer_list<std::string_view> path) {
    static const boost::json::array none;
    const auto* at = json_at(from, path);
    const auto* list = at ? at->if_array() : nullptr;
    return list ? *list : none;
}

} // namespace sedge::cluster
