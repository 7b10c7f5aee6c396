// SPDX-License-Identifier: Apache-2.0
//
//   file  = { blank | comment | host "." ( blank | end ) }
//   host  = plain | "'" quoted "'" | '"' quoted '"'
//   plain = lower-case letter { letter | digit | "_" | "@" }
//
// OTP reads the file as any Erlang terms (`file:consult`) and fails later on those that are no hosts. It refuses the
// whole file for one mistake, and so do we: half of a list of hosts is not what somebody wrote.
#include <sedge/base/log.hpp>
#include <sedge/cluster/hosts_file.hpp>
#include <sedge/cluster/limits.hpp>

#include <algorithm>
#include <cstdlib>

namespace sedge::cluster {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_plain(char c) {
    return is_lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '@';
}
// What may stand in a host name or address literal.
bool is_host_character(char c) { return c > ' ' && c <= '~' && c != '@'; }

class hosts_parser {
public:
    explicit hosts_parser(std::string_view text) : text_(text) {}
    result<std::vector<std::string>> parse();

private:
    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    char take() {
        if (text_[at_] == '\n') ++line_;
        return text_[at_++];
    }
    void skip_blanks_and_comments();
    result<std::string> host();
    result<std::string> quoted(char quote);
    [[nodiscard]] error bad(const std::string& what, errc code = errc::malformed) const {
        return {code, "line " + std::to_string(line_) + ": " + what};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
};

void hosts_parser::skip_blanks_and_comments() {
    while (!at_end()) {
        if (text_[at_] == '%') {
            while (!at_end() && text_[at_] != '\n') take();
        } else if (is_blank(text_[at_])) {
            take();
        } else {
            return;
        }
    }
}

result<std::string> hosts_parser::quoted(char quote) {
    take();
    std::string out;
    while (!at_end() && text_[at_] != quote && text_[at_] != '\n') {
        char c = take();
        if (c == '\\') {
            if (at_end()) break;
            c = take();
        }
        out += c;
    }
    if (at_end() || text_[at_] != quote) return bad("the quote is not closed");
    take();
    return out;
}

result<std::string> hosts_parser::host() {
    const char first = text_[at_];
    if (first == '\'' || first == '"') return quoted(first);
    if (!is_lower(first)) return bad("a host is an atom: 'box1.plant' with quotes, or box1");
    std::string out;
    while (!at_end() && is_plain(text_[at_])) out += take();
    return out;
}

result<std::vector<std::string>> hosts_parser::parse() {
    std::vector<std::string> out;
    for (;;) {
        skip_blanks_and_comments();
        if (at_end()) return out;
        auto next = host();
        if (!next) return std::move(next).error();
        if (next->empty() || next->size() > limits::node_name_characters_max ||
            !std::ranges::all_of(*next, is_host_character))
            return bad("\"" + printable(next->substr(0, limits::node_name_characters_max)) + "\" is no host");
        skip_blanks_and_comments();
        if (at_end() || text_[at_] != '.') return bad("a period must stand behind " + printable(*next));
        take();
        if (!at_end() && !is_blank(text_[at_]) && text_[at_] != '%')
            return bad("a host with dots needs quotes: '" + printable(*next) + "...'");
        if (std::ranges::find(out, *next) != out.end()) continue;
        if (out.size() == limits::hosts_max)
            return bad("more than " + std::to_string(limits::hosts_max) + " hosts", errc::limit_exceeded);
        out.push_back(*std::move(next));
    }
}

} // namespace

result<std::vector<std::string>> parse_hosts_file(std::string_view text) {
    if (text.size() > limits::hosts_file_bytes_max)
        return error{errc::limit_exceeded, "longer than " + std::to_string(limits::hosts_file_bytes_max) + " bytes"};
    return hosts_parser{text}.parse();
}

std::vector<std::string> hosts_file_places(const std::string& root) {
    constexpr const char* name = ".hosts.erlang";
    std::vector<std::string> out{std::string{"./"} + name};
    const auto add = [&](const std::string& folder) {
        if (!folder.empty()) out.push_back(folder + "/" + name);
    };
    const auto variable = [](const char* which) {
        const char* value = std::getenv(which);
        return std::string{value ? value : ""};
    };
    add(variable("HOME"));
    if (!root.empty()) {
        add(root);
    } else if (auto given = variable("ROOTDIR"); !given.empty()) {
        add(given);
    } else {
        add("/usr/lib/erlang");
        add("/usr/local/lib/erlang");
    }
    return out;
}

} // namespace sedge::cluster
