// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/error.hpp>

namespace sedge::dist {

/// How a connection to a peer can fail to come up, or end. The context of each error is a sentence for people that
/// names the peer, the step and what to do.
enum class errc {
    refused = 1,       ///< The peer ended the handshake without a reason; or ours is not willing to go on.
    wrong_cookie,      ///< One side could not prove that it knows the cookie. Set the same cookie on both.
    not_allowed,       ///< The peer has an allow list and this node is not on it; or ours does not allow the peer.
    name_mismatch,     ///< Somebody else answers there than the node that was dialled.
    name_kind,         ///< Short names on one side, long names on the other. Start both with the same kind.
    name_invalid,      ///< Not a node name: `alive@host` with letters, digits, `_` and `-` before the `@`.
    flags_missing,     ///< The peer lacks capabilities that are mandatory; the context lists them.
    bad_handshake,     ///< What answers there does not speak this protocol.
    already_connected, ///< There is a connection to that node, or another attempt has won. Nothing to do.
    bad_packet,        ///< The peer sent bytes that break the protocol; its connection is closed.
    tick_timeout,      ///< The peer fell silent for `tick_time`.
    queue_full,        ///< The peer does not take what is sent to it; `send_queue_bytes_max` was reached.
    slow_peer,         ///< The peer took nothing of what waits for it for `send_stall_time`.
    not_supported,     ///< The peer cannot receive such a message; it did not advertise the capability.
    cookie_unusable,   ///< The cookie or its file cannot be used; the context says why and what to do.
    unreachable,       ///< The peer's port did not take a connection in time. Is a firewall on the way?
    tls_there,         ///< The peer speaks TLS, and this node does not. Give both TLS, or neither.
    silent,            ///< The peer took the connection and did not go on in time. It hangs, or one side has TLS.
};

const std::error_category& dist_category() noexcept;
inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), dist_category()}; }

} // namespace sedge::dist

template <>
struct std::is_error_code_enum<sedge::dist::errc> : std::true_type {};
