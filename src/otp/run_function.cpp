// SPDX-License-Identifier: Apache-2.0
#include "otp/kernel_state.hpp"
#include "otp/terms.hpp"
#include "otp/utf8.hpp"

#include <sedge/wire/environment.hpp>

namespace sedge::otp {
namespace {

std::string name_of(const call_request& call) {
    return call.module.str() + ":" + call.function.str() + "/" + std::to_string(call.arguments.size());
}

outcome cxx_exception(environment& env, const call_request& call, const std::string& what) {
    env.log(log_level::error, printable("[sedge:rpc] " + name_of(call) + " for " + call.caller.node.str() +
                                        " ended with a C++ exception: " + what));
    return outcome::failed(tuple(atom{"cxx_exception"}, binary(is_utf8(what) ? what : "not UTF-8")));
}

} // namespace

task<outcome> run_entry(std::shared_ptr<const function_entry> entry, process& self, call_request call) {
    call_context context{self, call.caller, call.group_leader, call.module, call.function};
    outcome what;
    try {
        if (const auto* at_once = std::get_if<handler>(&entry->run)) {
            what = (*at_once)(context, call.arguments);
        } else {
            task<outcome> job = std::get<task_handler>(entry->run)(context, call.arguments);
            what = co_await std::move(job);
        }
    } catch (const raised& erlang_way) {
        what = erlang_way.what;
    } catch (const process_exit& exit) {
        what = outcome::exited(exit.reason());
    } catch (const std::exception& failure) {
        what = cxx_exception(self.env(), call, failure.what());
    } catch (...) {
        what = cxx_exception(self.env(), call, "of an unknown type");
    }
    if (what.what == outcome::kind::failed && !what.stack.view().is_list()) {
        std::vector<term> stack{tuple(call.module, call.function, call.arguments.size(), nil())};
        what.stack = term_list(stack);
    }
    co_return what;
}

task<outcome> run_function(std::shared_ptr<kernel_state> state, process& self, call_request call) {
    auto entry = state->functions.find(call.module, call.function, call.arguments.size());
    if (!entry) {
        note_unknown(*state, call);
        co_return failure("undef", call.module, call.function, call.arguments);
    }
    if (!may_run(*state, call, *entry)) co_return failure("not_permitted", call.module, call.function, call.arguments);
    call_slot slot{state, call.origin};
    if (!slot.is_within_quota()) co_return failure("system_limit", call.module, call.function, call.arguments);
    auto running = run_entry(std::move(entry), self, std::move(call));
    co_return co_await std::move(running);
}

} // namespace sedge::otp
