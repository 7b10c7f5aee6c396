// SPDX-License-Identifier: Apache-2.0
//
// Prometheus' text format, version 0.0.4:
//
//   # HELP press_plates_total Plates pressed.
//   # TYPE press_plates_total counter
//   press_plates_total{line="a \"quoted\" one"} 17
//
// In HELP `\` and newlines are escaped, in labels `"` too. A label that is empty means the same as none.
#include <sedge/cluster/metrics.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>

namespace sedge::cluster {
namespace {

bool is_name(std::string_view text, bool colons) {
    const auto fits = [colons](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               (colons && c == ':');
    };
    return !text.empty() && !(text.front() >= '0' && text.front() <= '9') && std::ranges::all_of(text, fits);
}

std::string escaped(std::string_view text, bool quotes) {
    std::string out;
    for (char c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || (quotes && c == '"')) out += '\\';
        out += c;
    }
    return out;
}

std::string text_of(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    std::array<char, 40> out;
    constexpr double exact_most = 9007199254740992.0; // 2^53: whole numbers up to there are meant as such
    const bool is_whole = std::abs(value) <= exact_most && value == std::floor(value);
    std::snprintf(out.data(), out.size(), is_whole ? "%.0f" : "%.17g", value);
    return out.data();
}

void append_sample(std::string& out, const std::string& name, const metric_sample& sample) {
    out += name;
    std::string labels;
    for (const auto& [label, value] : sample.labels)
        if (is_name(label, false) && !value.empty())
            labels += (labels.empty() ? "" : ",") + label + "=\"" + escaped(value, true) + '"';
    if (!labels.empty()) out += '{' + labels + '}';
    out += ' ' + text_of(sample.value) + '\n';
}

} // namespace

std::vector<metric_family> metrics::collect() const {
    std::vector<metric_family> out;
    for (const auto& each : collectors_) std::ranges::move(each(), std::back_inserter(out));
    return out;
}

std::string to_prometheus(const std::vector<metric_family>& families) {
    std::string out;
    std::set<std::string_view> told;
    for (const auto& family : families) {
        if (!is_name(family.name, true) || family.samples.empty() || !told.insert(family.name).second) continue;
        const bool counts = family.what == metric_family::type::counter;
        out += "# HELP " + family.name + ' ' + escaped(family.help, false) + '\n';
        out += "# TYPE " + family.name + (counts ? " counter\n" : " gauge\n");
        for (const auto& sample : family.samples) append_sample(out, family.name, sample);
    }
    return out;
}

} // namespace sedge::cluster
