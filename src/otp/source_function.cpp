// SPDX-License-Identifier: Apache-2.0
//
// Reads the names of functions that a compiler writes. For a coroutine, g++ 12 names the function that its frame is
// handed to, and the signature of the coroutine stands inside:
//
//   void a::run(a::run(P&, int)::_ZN1a3runER1Pi.Frame*)
//   void main()::<lambda(P&)>::operator()(main()::<lambda(P&)>::_ZZ4mainENKUlR1PE_clES0_.Frame*)

#include "otp/source_function.hpp"

namespace sedge::otp {
namespace {

constexpr std::string_view frame_end = ".Frame*)";
constexpr std::string_view lambda_begin = "<lambda(";

bool opens(char c) { return c == '(' || c == '<' || c == '[' || c == '{'; }
bool closes(char c) { return c == ')' || c == '>' || c == ']' || c == '}'; }

/// Where the bracket opens that closes at `end`; npos if none does.
std::size_t opening(std::string_view text, std::size_t end) {
    int depth = 0;
    for (std::size_t i = end + 1; i-- > 0;) {
        if (closes(text[i])) ++depth;
        if (opens(text[i]) && --depth == 0) return i;
    }
    return std::string_view::npos;
}

/// The signature of the coroutine itself; any other text unchanged.
std::string_view without_frame(std::string_view text) {
    if (!text.ends_with(frame_end)) return text;
    auto begin = opening(text, text.size() - 1);
    auto mangled = text.rfind("::_Z");
    if (begin == std::string_view::npos || mangled == std::string_view::npos || mangled < begin) return text;
    return text.substr(begin + 1, mangled - begin - 1);
}

int count_parameters(std::string_view list) {
    if (list.empty() || list == "void") return 0;
    int depth = 0;
    int count = 1;
    for (char c : list) {
        if (opens(c)) ++depth;
        if (closes(c)) --depth;
        if (c == ',' && depth == 0) ++count;
    }
    return count;
}

/// `run` of `task<> a::run<int>`.
std::string_view last_name(std::string_view qualified) {
    if (qualified.ends_with('>') && !qualified.ends_with("operator>")) {
        auto begin = opening(qualified, qualified.size() - 1);
        if (begin != std::string_view::npos) qualified = qualified.substr(0, begin);
    }
    if (auto own = qualified.rfind("operator"); own != std::string_view::npos) return qualified.substr(own);
    auto before = qualified.find_last_of(" :*&");
    return before == std::string_view::npos ? qualified : qualified.substr(before + 1);
}

struct signature {
    std::string_view name;
    int arity = 0;
};

signature parse(std::string_view text) {
    auto end = text.rfind(')');
    auto begin = end == std::string_view::npos ? end : opening(text, end);
    if (begin == std::string_view::npos) return {last_name(text), 0};
    return {last_name(text.substr(0, begin)), count_parameters(text.substr(begin + 1, end - begin - 1))};
}

/// What a lambda takes, from the text behind `<lambda(`.
int lambda_arity(std::string_view text) {
    int depth = 1;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (opens(text[i])) ++depth;
        if (closes(text[i]) && --depth == 0) return count_parameters(text.substr(0, i));
    }
    return 0;
}

} // namespace

source_function function_at(std::string_view file, std::string_view pretty_function, unsigned line) {
    source_function found;
    found.line = line;
    auto folder = file.rfind('/');
    found.module = folder == std::string_view::npos ? file : file.substr(folder + 1);
    std::string_view text = without_frame(pretty_function);
    auto lambda = text.find("::" + std::string{lambda_begin});
    signature named = parse(text.substr(0, lambda));
    found.arity = named.arity;
    found.function = named.name.empty() ? "?" : named.name;
    if (lambda != std::string_view::npos) {
        found.function = "-" + found.function + "/" + std::to_string(named.arity) + "-lambda-";
        auto innermost = text.rfind(lambda_begin) + lambda_begin.size();
        found.arity = lambda_arity(text.substr(innermost));
    }
    return found;
}

} // namespace sedge::otp
