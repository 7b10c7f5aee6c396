// SPDX-License-Identifier: Apache-2.0
#include "interop/otp_node.hpp"

#include <sstream>

namespace sedge::test {
namespace {

// Reads a question per line, `e` or `x` and the expression, and answers with a line that starts with the mark.
constexpr const char* driver = R"(
application:ensure_all_started(elixir),
Erl = fun(Text, B) ->
    {ok, Tokens, _} = erl_scan:string(Text ++ "."),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    {value, V, More} = erl_eval:exprs(Expressions, B),
    {io_lib:format("~0tp", [V]), More}
end,
Elixir = fun(Text, B) ->
    {V, More} = 'Elixir.Code':eval_string(unicode:characters_to_binary(Text), B),
    {'Elixir.Kernel':inspect(V, [{limit, infinity}, {printable_limit, infinity}]), More}
end,
Loop = fun Loop(E, X) ->
    case io:get_line("") of
        eof -> halt();
        Read ->
            [Language | Line] = unicode:characters_to_list(Read),
            Text = string:trim(Line),
            {Answer, E1, X1} =
                try case Language of
                    $e -> {T, B} = Erl(Text, E), {T, B, X};
                    $x -> {T, B} = Elixir(Text, X), {T, E, B}
                end
                catch Class:Reason -> {io_lib:format("~0tp:~0tp", [Class, Reason]), E, X} end,
            io:format("~n@answer ~ts~n", [Answer]),
            Loop(E1, X1)
    end
end,
spawn(fun() ->
    io:setopts([{encoding, unicode}]),
    register(driver, self()),
    io:format("~n@running~n"),
    Loop([], [])
end).
)";

program_options command(const otp_options& o) {
    program_options made;
    made.arguments = {"erl", "-noshell", "-start_epmd", "false", "-pa", "/usr/lib/elixir/lib/elixir/ebin",
                      "/usr/lib/elixir/lib/logger/ebin", o.short_names ? "-sname" : "-name", o.name, "-setcookie",
                      o.cookie};
    made.arguments.insert(made.arguments.end(), o.more.begin(), o.more.end());
    made.arguments.insert(made.arguments.end(), {"-eval", driver});
    made.environment = {{"ERL_EPMD_PORT", std::to_string(o.epmd_port)}, {"ERL_CRASH_DUMP_SECONDS", "0"}};
    made.environment.insert(o.environment.begin(), o.environment.end());
    return made;
}

} // namespace

otp_node::otp_node(otp_options options, std::function<void()> meanwhile)
    : name_(options.name), program_(command(options)) {
    program_.meanwhile = std::move(meanwhile);
    program_.wait_for("@running", std::chrono::seconds{30});
}

std::string otp_node::erl(const std::string& expression, std::chrono::milliseconds most) {
    ask_erl(expression);
    return answer(most);
}

std::string otp_node::elixir(const std::string& expression, std::chrono::milliseconds most) {
    ask_elixir(expression);
    return answer(most);
}

void otp_node::ask_erl(const std::string& expression) { program_.write("e" + expression + "\n"); }
void otp_node::ask_elixir(const std::string& expression) { program_.write("x" + expression + "\n"); }

std::string otp_node::answer(std::chrono::milliseconds most) { return program_.wait_for_line("@answer ", most); }

std::string otp_node::complaints(const std::vector<std::string>& expected) {
    std::istringstream output{program_.output()};
    std::string found;
    std::string line;
    bool inside = false;
    while (std::getline(output, line)) {
        bool head = line.starts_with("=ERROR REPORT") || line.starts_with("=WARNING REPORT") ||
                    line.starts_with("=CRASH REPORT") || line.find("[error]") != std::string::npos ||
                    line.find("[warning]") != std::string::npos;
        if (line.starts_with("@") || line.empty()) inside = false;
        if (head) {
            inside = true;
            continue; // the head has only the time
        }
        if (!inside) continue;
        bool known = false;
        for (const auto& text : expected) known = known || line.find(text) != std::string::npos;
        if (!known) found += line + "\n";
    }
    return found;
}

} // namespace sedge::test
