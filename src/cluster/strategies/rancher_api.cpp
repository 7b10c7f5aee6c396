// SPDX-License-Identifier: Apache-2.0
#include "cluster/strategies/rancher_api.hpp"

#include "cluster/json.hpp"

namespace sedge::cluster {

result<std::vector<std::string>> read_rancher_service(std::string_view json, const std::string& basename) {
    auto root = parse_json(json);
    if (!root) return std::move(root).error();
    if (!root->is_object()) return error{errc::malformed, "the answer is no service"};
    std::vector<std::string> out;
    for (const auto& container : json_list(*root, {"containers"})) {
        const auto& ips = json_list(container, {"ips"});
        const auto* first = ips.empty() ? nullptr : ips.front().if_string();
        if (first) out.push_back(basename + "@" + std::string{first->data(), first->size()});
    }
    return out;
}

} // namespace sedge::cluster
