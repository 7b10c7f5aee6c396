// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "console.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sedge::shell {

/// What can be completed to, gathered when somebody presses Tab.
struct known_words {
    std::vector<std::string> functions; ///< `Node.list`, `self`, `:rpc.call`
    std::vector<std::string> names;     ///< Bindings.
    std::vector<std::string> atoms;     ///< Names of nodes and of registered processes, without colon.
};

/// Candidates for the word that ends `text`: behind a colon atoms (`:"no` gives `:"node2@host"`), else functions
/// and bindings.
completion complete(std::string_view text, const known_words& words);

} // namespace sedge::shell
