// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <source_location>
#include <string>
#include <string_view>

namespace sedge::otp {

/// A C++ function as Erlang names functions: module, function, arity.
struct source_function {
    std::string module;   ///< The source file without its folders: `rex.cpp`.
    std::string function; ///< `run_rex`; in a lambda of it, `-run_rex/2-lambda-`, as Erlang names its funs.
    int arity = 0;
    unsigned line = 0;
};

/// From what the compiler says of a place. Understands the spelling of g++, coroutines included, and of clang++; a
/// function without a name there is called `?`.
source_function function_at(std::string_view file, std::string_view pretty_function, unsigned line);
inline source_function function_at(const std::source_location& place) {
    return function_at(place.file_name(), place.function_name(), place.line());
}

} // namespace sedge::otp
