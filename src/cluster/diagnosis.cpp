// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/diagnosis.hpp>

#include "cluster/findings.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace sedge::cluster {

std::string_view to_string(verdict what) noexcept {
    switch (what) {
    case verdict::ok: return "ok";
    case verdict::warning: return "warning";
    case verdict::problem: return "problem";
    case verdict::unknown: break;
    }
    return "unknown";
}

std::string_view finding::advice() const noexcept { return why ? explanation_of(*why).advice : std::string_view{}; }

const finding* first_problem(const std::vector<finding>& all) noexcept {
    const auto at = std::ranges::find(all, verdict::problem, &finding::what);
    return at == all.end() ? nullptr : &*at;
}

namespace findings {

finding fine(std::string step, std::string evidence) { return {std::move(step), verdict::ok, {}, std::move(evidence)}; }
finding warning(std::string step, cause why, std::string evidence) {
    return {std::move(step), verdict::warning, why, std::move(evidence)};
}
finding problem(std::string step, cause why, std::string evidence) {
    return {std::move(step), verdict::problem, why, std::move(evidence)};
}
finding unknown(std::string step, std::string evidence) {
    return {std::move(step), verdict::unknown, {}, std::move(evidence)};
}

std::string milliseconds_text(duration d) {
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "%.1f ms", std::chrono::duration<double, std::milli>{d}.count());
    return text.data();
}

std::string joined(const std::vector<wire::ip_address>& addresses) {
    std::string out;
    for (const auto& each : addresses) out += (out.empty() ? "" : ", ") + to_string(each);
    return out;
}

} // namespace findings
} // namespace sedge::cluster
