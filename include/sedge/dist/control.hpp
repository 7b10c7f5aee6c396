// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/result.hpp>
#include <sedge/dist/flags.hpp>
#include <sedge/term/term.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

/// What one node tells another about its processes. Spec: Distribution Protocol 13.4.
///
/// Several wire forms carry one meaning: with or without a trace token (which is dropped), with the reason inside
/// (OTP 21 and older) or behind. A struct here is the meaning; the form is chosen at encoding by what the peer takes.
/// What travels behind the control message, its *payload*, is a term of its own: the message of a send, the reason
/// of an exit, the arguments of a spawn.
namespace sedge::dist::control {

/// Whom a monitor watches.
using target = std::variant<pid, atom>;

/// 22 SEND_SENDER, 2 SEND. Payload: the message.
struct send {
    std::optional<pid> from; ///< Missing in the old form.
    pid to;
};
/// 6 REG_SEND. Payload: the message.
struct reg_send {
    pid from;
    atom to;
};
/// 33 ALIAS_SEND. Payload: the message.
struct alias_send {
    pid from;
    reference to;
};
/// 1 LINK.
struct link {
    pid from;
    pid to;
};
/// 35 UNLINK_ID; 4 UNLINK of peers older than OTP 24, which expects no acknowledgement.
struct unlink_id {
    std::optional<std::uint64_t> id; ///< Missing in the old form; else never 0.
    pid from;
    pid to;
};
/// 36 UNLINK_ID_ACK.
struct unlink_id_ack {
    std::uint64_t id = 0;
    pid from;
    pid to;
};
/// 24 PAYLOAD_EXIT, 3 EXIT: `from` has ended and breaks its link. Payload: the reason.
struct exit {
    pid from;
    pid to;
};
/// 26 PAYLOAD_EXIT2, 8 EXIT2: `from` called exit/2. Payload: the reason.
struct exit2 {
    pid from;
    pid to;
};
/// 19 MONITOR_P.
struct monitor_p {
    pid from;
    target whom;
    reference ref;
};
/// 20 DEMONITOR_P.
struct demonitor_p {
    pid from;
    target whom;
    reference ref;
};
/// 28 PAYLOAD_MONITOR_P_EXIT, 21 MONITOR_P_EXIT: becomes DOWN at `to`. Payload: the reason.
struct monitor_p_exit {
    target whom; ///< As it was given in the monitor.
    pid to;
    reference ref;
};
/// 29 SPAWN_REQUEST. Payload: the list of arguments.
struct spawn_request {
    reference id; ///< Also the reference of the monitor, if one is asked for.
    pid from;
    pid group_leader;
    atom module;
    atom function;
    std::uint32_t arity = 0;
    term options; ///< A list; anything else is answered `badopt`.
};
/// 31 SPAWN_REPLY.
struct spawn_reply {
    static constexpr std::uint32_t link_made = 1;
    static constexpr std::uint32_t monitor_made = 2;
    reference id;
    pid to;
    std::uint32_t made = 0;
    std::variant<pid, atom> outcome; ///< The new process, or what went wrong.
};
/// 7 GROUP_LEADER.
struct group_leader {
    pid leader;
    pid to;
};

} // namespace sedge::dist::control

namespace sedge::dist {

using control_message =
    std::variant<control::send, control::reg_send, control::alias_send, control::link, control::unlink_id,
                 control::unlink_id_ack, control::exit, control::exit2, control::monitor_p, control::demonitor_p,
                 control::monitor_p_exit, control::spawn_request, control::spawn_reply, control::group_leader>;

/// What the options of a SPAWN_REQUEST ask for.
struct spawn_wishes {
    bool link = false;
    bool monitor = false;
};
/// Nothing if the list holds something that OTP 25 does not know: such a request is answered `badopt`. Options that
/// tune memory and scheduling of the BEAM are taken and have no effect.
std::optional<spawn_wishes> read_spawn_options(const term& options);

/// The name of the operation in the documentation: `SEND_SENDER`.
std::string_view operation_name(const control_message& message) noexcept;

/// True if a payload belongs to this message.
bool has_payload(const control_message& message) noexcept;

struct decoded_control {
    control_message message;
    std::optional<term> reason;   ///< The payload, if it came inside (3 EXIT, 8 EXIT2, 21 MONITOR_P_EXIT).
    bool payload_follows = false; ///< The payload is the next term in the packet.
    std::size_t consumed = 0;     ///< Bytes of the control message.
};

/// Reads the control message at the start of `bytes` (no version byte). `header_atoms` are those of the packet.
/// Errors: errc::bad_packet for an unknown operation, a wrong arity, or elements of a wrong type.
result<decoded_control> decode_control(byte_view bytes, std::span<const atom> header_atoms);

/// What `peer` may not say to `self`: speak for processes of others, or ask for processes of others; nothing if all is
/// right. An offender is to be disconnected. Other creations of `self` are no offence: they can race with a restart.
std::optional<std::string> violation(const control_message& message, const atom& peer, const atom& self);

/// Whether a peer with these chosen flags can receive the message at all.
bool is_expressible(const control_message& message, flags chosen) noexcept;

/// Appends the control message in the form that the chosen flags allow. `payload` is needed where the form carries
/// it inside; returns true if it has to follow. Precondition: is_expressible, payload given if has_payload.
bool encode_control(byte_buffer& out, const control_message& message, const term_view* payload, flags chosen);

} // namespace sedge::dist
