// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <system_error>

namespace sedge::epmd {

/// What a port mapper, or the absence of one, answers. The context of the error names the mapper and the name.
enum class errc {
    name_taken = 1,    ///< Another program with this name runs on the machine. Choose another name or stop it.
    name_refused,      ///< The mapper does not take that name: too long, or not text.
    not_found,         ///< No node of that name is registered there: it does not run, or has another name.
    no_answer,         ///< Nothing answers on the port: no node and no mapper runs there, or a firewall rejects.
    not_a_mapper,      ///< Something answers, but not as a port mapper does. Use another port for one of the two.
    closed_unanswered, ///< The mapper ended the connection without a word: busy, ending, or it may not tell us.
    version_mismatch,  ///< The node found speaks neither version 5 nor 6 of the distribution protocol.
    port_taken,        ///< An embedded server cannot listen: another program has the port.
    silent,            ///< No complete answer in time: the machine is off, or a firewall drops what goes to the port.
    resolver_silent,   ///< The name of the machine was not resolved in time: DNS does not answer.
};

const std::error_category& epmd_category() noexcept;
inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), epmd_category()}; }

} // namespace sedge::epmd

template <>
struct std::is_error_code_enum<sedge::epmd::errc> : std::true_type {};
