// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/global/effects.hpp"
#include "otp/global/messages.hpp"

#include <sedge/otp/global.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace sedge::otp::registry {

/// The fun that stands for a method: `fun global:random_exit_name/3` and its like.
term fun_of(conflict_method method);
/// `fun Module:Function/3`
term exported_fun(std::string_view module, std::string_view function);
/// The method behind a fun, if it is one of `global`'s own.
std::optional<conflict_method> method_of(const term_view& fun);
/// What `exported_fun` was made of; nothing for other funs, which only the code of their module can run.
std::optional<std::pair<atom, atom>> exported_in(const term_view& fun);
/// What `register_name/3` takes: a fun of arity 3, or `{Module, Function}` for such a one.
std::optional<term> as_resolver(const term& given);

/// What a method does to two processes of one name.
struct settlement {
    std::optional<pid> kept; ///< Nothing: the name goes.
    std::optional<pid> killed;
    std::vector<std::pair<pid, term>> told; ///< Messages.
};
settlement settle(conflict_method method, const term& name, const pid& one, const pid& other);

/// What the names of another partition mean for ours.
struct comparison {
    std::vector<named> unknown_here;
    std::vector<conflict> conflicts;
};
comparison compare_names(const name_table& ours, const std::vector<named>& his);

enum class verdict { his, mine, none };

/// The verdicts as what both sides have to do: `{here, there}`.
std::pair<operations, operations> carry_out(const std::vector<conflict>& conflicts, const std::vector<verdict>& each);

} // namespace sedge::otp::registry
