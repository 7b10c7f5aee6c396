// SPDX-License-Identifier: Apache-2.0
#include "dist/recorded.hpp"

#include "support/json.hpp"
#include "support/vectors.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace sedge::test {

byte_buffer read_hex(const std::string& file) {
    std::ifstream in{vectors(file)};
    if (!in) throw std::runtime_error{"cannot read " + file};
    std::ostringstream text;
    text << in.rdbuf();
    return from_hex(text.str()).value();
}

const boost::json::object* recorded_stream::find(std::string_view kind) const {
    for (const auto& frame : frames)
        if (frame.at("kind").as_string() == kind) return &frame.as_object();
    return nullptr;
}

byte_view recorded_stream::bytes(const boost::json::object& frame) const {
    const byte_view all = sent[from_initiator(frame) ? 0 : 1];
    return all.subspan(number_of(frame, "offset"), number_of(frame, "length"));
}

recorded_stream recorded(const std::string& name) {
    const std::string file = "streams/" + name;
    const auto description = read_vectors(file + ".frames.json");
    recorded_stream s;
    s.name = name;
    s.cookie = dist::cookie::from_text(description.at("cookie").as_string()).value();
    s.sent[0] = read_hex(file + ".i2a.hex");
    s.sent[1] = read_hex(file + ".a2i.hex");
    s.frames = description.at("frames").as_array();
    return s;
}

std::vector<recorded_stream> recorded_streams(const std::string& folder) {
    static constexpr std::string_view ending = ".frames.json";
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator{vectors("streams/" + folder)}) {
        const auto file = entry.path().filename().string();
        if (file.ends_with(ending)) names.push_back(folder + "/" + file.substr(0, file.size() - ending.size()));
    }
    if (names.empty()) throw std::runtime_error{"no recorded streams in " + folder};
    std::sort(names.begin(), names.end());
    std::vector<recorded_stream> all;
    for (const auto& name : names) all.push_back(recorded(name));
    return all;
}

std::string text_of(const boost::json::object& frame, std::string_view key) {
    const auto* found = frame.if_contains(key);
    return found == nullptr ? std::string{} : std::string{found->as_string()};
}

std::uint64_t number_of(const boost::json::object& frame, std::string_view key) {
    const auto* found = frame.if_contains(key);
    if (found == nullptr) return 0;
    if (found->is_string()) return std::stoull(std::string{found->as_string()}, nullptr, 16);
    return found->to_number<std::uint64_t>();
}

bool from_initiator(const boost::json::object& frame) {
    return frame.at("dir").as_string() == "i2a";
}

} // namespace sedge::test
