// SPDX-License-Identifier: Apache-2.0
#include "findings.hpp"

#include "json.hpp"

#include <sedge/base/log.hpp>

#include <algorithm>
#include <cstdio>

namespace sedge::cli {

namespace {

using cluster::cause;
using cluster::finding;
using cluster::verdict;

std::string_view mark(verdict what) { return what == verdict::unknown ? "-" : to_string(what); }

boost::json::object to_json(const finding& f) {
    boost::json::object out{{"step", f.step}, {"verdict", to_string(f.what)}, {"evidence", f.evidence}};
    if (f.why) {
        out["cause"] = cluster::explanation_of(*f.why).id;
        out["advice"] = f.advice();
    }
    return out;
}

verdict worst(const std::vector<finding>& all) {
    verdict out = verdict::ok;
    for (const auto& each : all)
        if (each.what == verdict::problem || (each.what == verdict::warning && out == verdict::ok)) out = each.what;
    return out;
}

} // namespace

void show(const std::vector<section>& sections) {
    std::size_t width = 4;
    for (const auto& section : sections)
        for (const auto& each : section.findings) width = std::max(width, printable(each.step).size());
    for (const auto& section : sections) {
        if (&section != sections.data()) std::printf("\n");
        std::printf("%s%s%s\n", printable(section.from).c_str(), section.to.empty() ? "" : " to ",
                    printable(section.to).c_str());
        for (const auto& each : section.findings) {
            const auto words = each.why ? std::string{to_string(*each.why)} : std::string{};
            auto text = printable(each.evidence);
            if (!words.empty() && !text.starts_with(words)) text = words + (text.empty() ? "" : ": ") + text;
            std::printf("  %-7s  %-*s  %s\n", std::string{mark(each.what)}.c_str(), static_cast<int>(width),
                        printable(each.step).c_str(), text.c_str());
            if (each.why)
                std::printf("  %-7s  %-*s  what to do: %s\n", "", static_cast<int>(width), "",
                            std::string{each.advice()}.c_str());
        }
    }
}

void show_json(const std::vector<section>& sections) {
    boost::json::array all;
    for (const auto& section : sections) {
        boost::json::array findings;
        for (const auto& each : section.findings) findings.push_back(to_json(each));
        boost::json::object out{{"from", section.from}, {"verdict", to_string(worst(section.findings))}};
        if (!section.to.empty()) out["to"] = section.to;
        if (const auto* first = cluster::first_problem(section.findings); first && first->why)
            out["cause"] = cluster::explanation_of(*first->why).id;
        out["findings"] = std::move(findings);
        all.push_back(std::move(out));
    }
    boost::json::object out{{"sections", std::move(all)}};
    if (const auto* first = first_problem(sections); first && first->why)
        out["cause"] = cluster::explanation_of(*first->why).id;
    print_json(out);
}

const finding* first_problem(const std::vector<section>& sections) {
    for (const auto& section : sections)
        if (const auto* first = cluster::first_problem(section.findings)) return first;
    return nullptr;
}

status status_of(cause problem) {
    switch (problem) {
    case cause::bad_name: return status::usage;
    case cause::configuration:
    case cause::no_cookie:
    case cause::cookie_open:
    case cause::cookie_unusable:
    case cause::tls_files: return status::bad_configuration;
    case cause::resolver_silent:
    case cause::port_mapper_silent:
    case cause::port_silent:
    case cause::handshake_silent:
    case cause::large_packets_lost:
    case cause::timed_out: return status::timed_out;
    default: return status::unreachable;
    }
}

} // namespace sedge::cli
