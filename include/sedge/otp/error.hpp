// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <system_error>

namespace sedge::otp {

/// How a call to another process or function can fail, beside `sedge::errc::timed_out` and `stopped`.
/// The context holds the call, and the reason as Erlang text where there is one.
enum class errc {
    no_process = 1, ///< Nobody is there: the name is not registered, or the process has ended (`noproc`).
    no_connection,  ///< The node is not there, or the connection was lost (`noconnection`, `nodedown`).
    ended,          ///< The other process ended before it answered.
    remote_failure, ///< The function failed: `undef`, an error, an exit. The context has the stack.
    refused,        ///< The node does not let us do that (`notsup`).
    unexpected,     ///< An answer that this call never has.
};

const std::error_category& otp_category() noexcept;
inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), otp_category()}; }

} // namespace sedge::otp

template <>
struct std::is_error_code_enum<sedge::otp::errc> : std::true_type {};
