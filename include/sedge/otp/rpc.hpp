// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/otp/error.hpp>
#include <sedge/otp/outcome.hpp>
#include <sedge/process/node.hpp>

#include <vector>

/// Functions of other nodes, called from here: `:rpc`, `:erpc`, `Node.ping`. All connect first if need be, and work
/// towards this node itself too.
///
/// The function runs in a process of its own over there. A call that times out, or whose task is destroyed, no
/// longer waits; the function runs on, as in OTP.
namespace sedge::otp {

/// How a remote call ended: as the function did, or because it could not be asked.
struct remote_outcome {
    enum class kind {
        value,         ///< `body` is the value.
        thrown,        ///< `body` is the term thrown.
        exited,        ///< The function called exit; `body` is the reason.
        failed,        ///< The function raised an error; `body` is the reason, `stack` the stack.
        signal,        ///< The process that ran the function was ended by a signal with reason `body`.
        refused,       ///< That node did not start the function; `body` is the reason, e.g. `notsup`.
        no_connection, ///< The node cannot be reached, or the connection was lost.
        timed_out,     ///< No answer before the deadline.
    };
    kind what = kind::value;
    term body;
    term stack;
};

/// `erpc:call(On, Module, Function, Arguments, Timeout)`.
[[nodiscard]] task<remote_outcome> erpc_call(node& from, atom on, atom module, atom function,
                                             std::vector<term> arguments, time_point deadline);

/// `erpc:multicall(Nodes, Module, Function, Arguments, Timeout)`: asks all at once; outcomes in the order of the nodes.
[[nodiscard]] task<std::vector<remote_outcome>> erpc_multicall(node& from, std::vector<atom> nodes, atom module,
                                                               atom function, std::vector<term> arguments,
                                                               time_point deadline);

/// `erpc:cast(On, Module, Function, Arguments)`: runs it there and does not hear of it.
void erpc_cast(node& from, const atom& on, const atom& module, const atom& function,
               const std::vector<term>& arguments);

/// What `rpc:call` returns for such an outcome: the value, the term thrown, or `{badrpc, Reason}`.
term rpc_value(const remote_outcome& what);

/// `rpc:call(On, Module, Function, Arguments, Timeout)`; what it shows as `{badrpc, Reason}` is an error.
///
/// Errors: otp::errc::no_connection (`nodedown`), remote_failure (`{'EXIT', Reason}`, written out in the context),
///         refused (`notsup`), errc::timed_out (`timeout`). The context starts `rpc Module:Function/Arity on Node`.
[[nodiscard]] task<result<term>> rpc_call(node& from, atom on, atom module, atom function, std::vector<term> arguments,
                                          time_point deadline);

/// What `rpc:multicall` returns, both in the order of the nodes.
struct rpc_values {
    std::vector<term> values;    ///< As of `rpc_value`.
    std::vector<atom> bad_nodes; ///< Without connection, or without answer until the deadline.
};
/// `rpc:multicall(Nodes, Module, Function, Arguments, Timeout)`.
[[nodiscard]] task<rpc_values> rpc_multicall(node& from, std::vector<atom> nodes, atom module, atom function,
                                             std::vector<term> arguments, time_point deadline);

/// `rpc:block_call(On, Module, Function, Arguments, Timeout)`: the other node runs such calls one after another.
///
/// Errors: those of `rpc_call`; otp::errc::no_process if that node has no `rex`.
[[nodiscard]] task<result<term>> rpc_block_call(node& from, atom on, atom module, atom function,
                                                std::vector<term> arguments, time_point deadline);

/// What `rpc:sbcast` returns, both in the order of the nodes.
struct broadcast_outcome {
    std::vector<atom> good_nodes;
    std::vector<atom> bad_nodes; ///< Without connection, without such a process, or without answer until the deadline.
};
/// `rpc:sbcast(Nodes, Name, Message)`: sends to the process registered as `name` on each node, and hears from each node
/// whether there is one. Has a deadline, which OTP's has not.
[[nodiscard]] task<broadcast_outcome> rpc_sbcast(node& from, std::vector<atom> nodes, atom name, term message,
                                                 time_point deadline);

/// `rpc:server_call(On, Name, ReplyWrapper, Message)`: sends `{Self, Message}` to a registered process and waits for
/// `{ReplyWrapper, On, Reply}`. For old servers; `otp::call` is for those of today. Has a deadline, which OTP's has
/// not.
///
/// Errors: otp::errc::no_process, no_connection, errc::timed_out.
[[nodiscard]] task<result<term>> rpc_server_call(node& from, atom on, atom name, atom reply_wrapper, term message,
                                                 time_point deadline);

/// `Node.ping`: connects, and asks the other node's `net_kernel` whether it is one.
///
/// Errors: those of `node::connect`; otp::errc::no_process, no_connection, unexpected, errc::timed_out if the node
///         answers wrongly or not at all. Other than OTP it leaves the connection up then.
[[nodiscard]] task<result<void>> ping(node& from, atom on, time_point deadline);

} // namespace sedge::otp
