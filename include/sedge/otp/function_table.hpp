// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/task.hpp>
#include <sedge/otp/outcome.hpp>
#include <sedge/otp/typed_handler.hpp>
#include <sedge/process/process.hpp>

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace sedge::otp {

/// What a function may be used for by others, least first. `kernel_options::permit` decides by it.
enum class access {
    info,   ///< Only reads.
    report, ///< The same, and may also run as a process of its own, which sends what it reads to the node that asked.
    call,   ///< Does something and answers: rpc and erpc.
    spawn,  ///< May also run as a process of its own: `Node.spawn(node, module, function, arguments)`.
};

/// Who calls, and on which process the call runs.
struct call_context {
    process& self; ///< Made for this one call; ends with it. Killed if the caller's node asks for it.
    pid caller;
    term group_leader; ///< Where output of the call belongs; a pid, or the atom `user`.
    atom module;
    atom function;
};

/// A function of Erlang terms. `arguments` are valid during the call.
using handler = std::function<outcome(call_context& context, std::span<const term> arguments)>;
/// The same as a coroutine, which may wait; `context` is valid until it ends.
using task_handler = std::function<task<outcome>(call_context& context, std::vector<term> arguments)>;

struct function_name {
    atom module;
    atom function;
    int arity = 0;
    friend auto operator<=>(const function_name&, const function_name&) = default;
};

struct function_entry {
    function_name name;
    access level = access::call;
    std::variant<handler, task_handler> run;
};

/// The functions that other nodes may call here: those that were added, and no others.
///
///     table.add("calc", "add", [](std::int64_t a, std::int64_t b) { return a + b; });
///     table.add("calc", "later", [](call_context& c, std::int64_t n) -> task<std::int64_t> { ... });
///
/// `rpc:call(Node, calc, add, [1, 2])` then gives 3. Unknown functions fail with `undef`, as on a BEAM.
///
/// Threads: only on the node's thread. Functions may be added and removed while calls run.
class function_table {
public:
    static constexpr int any_arity = -1;

    /// Adds a C++ function; replaces one of the same name and arity. It may take a `call_context&` first; the other
    /// parameters are C++ types that have a `term_codec`. If the arguments are not of these types, the caller sees
    /// `function_clause`.
    ///
    /// It may return a type with a codec, nothing (`ok`), `result<T>` (`{ok, Value}` or `{error, <<"why">>}`),
    /// `outcome`, or a `task` of these; a lambda with captures is safe as a coroutine here. An exception becomes the
    /// error `{cxx_exception, <<"what">>}`; `raised` becomes what it holds.
    template <class F>
    void add(std::string_view module, std::string_view function, F f, access level = access::call) {
        using traits = detail::function_traits<F>;
        add_entry(module, function, static_cast<int>(traits::arity), detail::make_handler(std::move(f)), level);
    }
    /// Adds a function of terms for one arity, or for all with `any_arity`.
    void add_raw(std::string_view module, std::string_view function, int arity, handler run,
                 access level = access::call);
    void add_raw(std::string_view module, std::string_view function, int arity, task_handler run,
                 access level = access::call);
    /// False if there was none.
    bool remove(std::string_view module, std::string_view function, int arity);

    /// Null if there is none. The exact arity goes before `any_arity`.
    [[nodiscard]] std::shared_ptr<const function_entry> find(const atom& module, const atom& function,
                                                             std::size_t arity) const;
    /// All names in order.
    [[nodiscard]] std::vector<function_name> names() const;

private:
    void add_entry(std::string_view module, std::string_view function, int arity,
                   std::variant<handler, task_handler> run, access level);

    std::map<function_name, std::shared_ptr<const function_entry>> entries_; // shared with calls under way
};

/// The error `undef`, `function_clause`, `badarg`, ... raised in the function called with these arguments, as OTP
/// reports it: stack `[{Module, Function, Arguments, []}]`.
outcome failure(std::string_view reason, const atom& module, const atom& function, std::span<const term> arguments);
inline outcome failure(std::string_view reason, const call_context& c, std::span<const term> arguments) {
    return failure(reason, c.module, c.function, arguments);
}

} // namespace sedge::otp
