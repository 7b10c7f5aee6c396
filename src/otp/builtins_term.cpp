// SPDX-License-Identifier: Apache-2.0
#include "otp/builtins.hpp"
#include "otp/terms.hpp"

#include <sedge/otp/io_lib.hpp>
#include <sedge/process/node.hpp>

namespace sedge::otp {
namespace {

text_options options_of(call_context& c) {
    text_options options;
    options.local_node = c.self.node().name();
    return options;
}

outcome binary_to_term(call_context& c, builtin_arguments arguments) {
    auto bytes = arguments[0].view().binary();
    if (!bytes) return failure("badarg", c, arguments);
    auto decoded = term::decode(*bytes); // within the limits that messages have
    return decoded ? outcome::value(*std::move(decoded)) : failure("badarg", c, arguments);
}

outcome io_lib_format(call_context& c, builtin_arguments arguments) {
    auto text = format(arguments[0], arguments[1], options_of(c));
    return text ? outcome::value(erlang_string(*text)) : failure("badarg", c, arguments);
}

} // namespace

void add_term_builtins(function_table& table) {
    auto add = [&table](std::string_view module, std::string_view function, int arity, handler run) {
        table.add_raw(module, function, arity, std::move(run), access::info);
    };
    add("erlang", "term_to_binary", 1, [](call_context&, builtin_arguments arguments) {
        return outcome::value(term{arguments[0].external()});
    });
    add("erlang", "binary_to_term", 1, binary_to_term);
    add("erlang", "binary_to_term", 2, binary_to_term); // options: `safe`, which it always is
    add("io_lib", "format", 2, io_lib_format);
    add("Elixir.Kernel", "inspect", 1, [](call_context& c, builtin_arguments arguments) {
        return outcome::value(binary(to_elixir(arguments[0], options_of(c))));
    });
}

} // namespace sedge::otp
