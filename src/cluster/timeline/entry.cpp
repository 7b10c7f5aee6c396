// SPDX-License-Identifier: Apache-2.0
//
// Entries as lines of JSON:
//
//   {"number":17,"at":"2026-11-26T05:32:08.123456Z","event":"libcluster.connect_node.error","node":"b@10.0.0.2",
//    "topology":"clusters1","seconds":7.0,"reason":"wrong cookie","left_out":3}
//
// What an entry does not have is left out. One entry is one line, so that a file of them can be cut anywhere and read
// by any tool for lines.
#include "cluster/json.hpp"
#include "cluster/timeline/timeline_limits.hpp"

#include "term/utf8.hpp"

#include <sedge/cluster/timeline.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace sedge::cluster {
namespace {

using std::chrono::microseconds;
using time = std::chrono::system_clock::time_point;

std::string to_text(time at) {
    const auto whole = std::chrono::floor<seconds>(at);
    const auto rest = std::chrono::duration_cast<microseconds>(at - whole).count();
    const std::time_t since_1970 = std::chrono::system_clock::to_time_t(whole);
    std::tm utc{};
    gmtime_r(&since_1970, &utc);
    std::array<char, 32> date;
    std::array<char, 16> fraction;
    std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(rest));
    return std::string{date.data()} + fraction.data();
}

std::optional<time> time_from(const std::string& text) {
    std::tm utc{};
    int micros = 0;
    int end = 0;
    const int read = std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%6dZ%n", &utc.tm_year, &utc.tm_mon,
                                 &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &micros, &end);
    const auto within = [](int value, int least, int most) { return value >= least && value <= most; };
    constexpr int last_year = 2261; // the last that is whole in nanoseconds since 1970
    if (read != 7 || static_cast<std::size_t>(end) != text.size() || !within(utc.tm_year, 1970, last_year) ||
        !within(utc.tm_mon, 1, 12) || !within(utc.tm_mday, 1, 31) || !within(utc.tm_hour, 0, 23) ||
        !within(utc.tm_min, 0, 59) || !within(utc.tm_sec, 0, 60) || micros < 0)
        return std::nullopt;
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    return std::chrono::system_clock::from_time_t(timegm(&utc)) + microseconds{micros};
}

/// At most so many bytes, without half a character at the end.
std::string_view cut(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
    return text.substr(0, most);
}

std::string ascii_of(std::string_view text) {
    std::string out{text};
    std::ranges::replace_if(
        out, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
    return out;
}

std::uint64_t count_in(const boost::json::value& from, std::string_view key) {
    const auto* value = json_at(from, {key});
    const auto* number = value ? value->if_int64() : nullptr;
    return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

} // namespace

std::string to_json(const timeline_entry& entry) {
    boost::json::object out;
    if (entry.number != 0) out["number"] = entry.number;
    out["at"] = to_text(entry.at);
    const auto add = [&out](const char* key, std::string_view text) {
        if (text.empty()) return;
        text = cut(text, limits::timeline_text_bytes_max);
        if (utf8::is_valid(text)) // else it is of a stranger, and JSON has no form for it
            out[key] = text;
        else
            out[key] = ascii_of(text);
    };
    add("event", entry.event);
    add("node", entry.node);
    add("topology", entry.topology);
    if (entry.took) // microseconds, as the time: what fits a double exactly reads back the same
        out["seconds"] = std::chrono::duration<double>{std::chrono::round<microseconds>(*entry.took)}.count();
    add("reason", entry.reason);
    if (entry.left_out != 0) out["left_out"] = entry.left_out;
    return boost::json::serialize(out);
}

result<timeline_entry> timeline_entry_from_json(std::string_view line) {
    if (line.size() > limits::timeline_line_bytes_max)
        return error{errc::limit_exceeded,
                     "an entry is longer than " + std::to_string(limits::timeline_line_bytes_max) + " bytes"};
    auto parsed = parse_json(line);
    if (!parsed) return std::move(parsed).error();
    timeline_entry out;
    const auto at = time_from(std::string{json_text(*parsed, {"at"})});
    out.event = json_text(*parsed, {"event"});
    if (!at || out.event.empty()) return error{errc::malformed, "an entry has no time or no event"};
    out.at = *at;
    out.number = count_in(*parsed, "number");
    out.left_out = count_in(*parsed, "left_out");
    out.node = json_text(*parsed, {"node"});
    out.topology = json_text(*parsed, {"topology"});
    out.reason = json_text(*parsed, {"reason"});
    const auto* took = json_at(*parsed, {"seconds"});
    constexpr double took_most = 1e9; // seconds; what fits into a duration
    if (took && took->is_number()) {
        const auto count = took->to_number<double>();
        if (count >= 0 && count <= took_most)
            out.took = std::chrono::round<microseconds>(std::chrono::duration<double>{count});
    }
    return out;
}

} // namespace sedge::cluster
