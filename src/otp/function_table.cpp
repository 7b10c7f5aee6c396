// SPDX-License-Identifier: Apache-2.0
#include <sedge/otp/function_table.hpp>

#include "otp/terms.hpp"

namespace sedge::otp {

void function_table::add_raw(std::string_view module, std::string_view function, int arity, handler run, access level) {
    add_entry(module, function, arity, std::move(run), level);
}

void function_table::add_raw(std::string_view module, std::string_view function, int arity, task_handler run,
                             access level) {
    add_entry(module, function, arity, std::move(run), level);
}

void function_table::add_entry(std::string_view module, std::string_view function, int arity,
                               std::variant<handler, task_handler> run, access level) {
    function_name name{atom{module}, atom{function}, arity};
    entries_[name] = std::make_shared<const function_entry>(function_entry{name, level, std::move(run)});
}

bool function_table::remove(std::string_view module, std::string_view function, int arity) {
    return entries_.erase(function_name{atom{module}, atom{function}, arity}) != 0;
}

std::shared_ptr<const function_entry> function_table::find(const atom& module, const atom& function,
                                                           std::size_t arity) const {
    auto found = entries_.find({module, function, static_cast<int>(arity)});
    if (found == entries_.end()) found = entries_.find({module, function, any_arity});
    return found == entries_.end() ? nullptr : found->second;
}

std::vector<function_name> function_table::names() const {
    std::vector<function_name> all;
    all.reserve(entries_.size());
    for (const auto& [name, entry] : entries_) all.push_back(name);
    return all;
}

outcome failure(std::string_view reason, const atom& module, const atom& function, std::span<const term> arguments) {
    std::vector<term> info;
    if (module == "erlang" && reason == "badarg") {
        // A BIF's failure refers the reader to the module of the caller's own runtime that explains it in words.
        byte_buffer bytes;
        encoder out{bytes};
        out.tuple(2);
        out.atom("error_info");
        out.map(1);
        out.atom("module");
        out.atom("erl_erts_errors");
        info.push_back(term::adopt(std::move(bytes)));
    }
    std::vector<term> stack{tuple(module, function, term_list(arguments), term_list(info))};
    return outcome::failed(term{atom{reason}}, term_list(stack));
}

} // namespace sedge::otp
