// SPDX-License-Identifier: Apache-2.0
#include "functions.hpp"

#include <utility>

namespace sedge::shell {

const std::vector<shell_function>& shell_functions() {
    static const std::vector<shell_function> all = [] {
        auto out = kernel_functions();
        for (auto part : {node_functions(), gen_functions(), process_functions()})
            for (auto& f : part) out.push_back(std::move(f));
        return out;
    }();
    return all;
}

const shell_function* find_function(std::string_view module, std::string_view name, std::size_t arity) {
    if (module == "Elixir.Kernel") module = "";
    for (const auto& f : shell_functions())
        if (f.module == module && f.name == name && arity >= f.arity_least && arity <= f.arity_most) return &f;
    return nullptr;
}

} // namespace sedge::shell
