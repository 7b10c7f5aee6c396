// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/assert.hpp>
#include <sedge/dist/control.hpp>
#include <sedge/term/encoder.hpp>

#include "dist/control_codes.hpp"

namespace sedge::dist {

namespace {

/// Writes one control message; each function returns whether the payload has to follow.
class control_writer {
public:
    control_writer(byte_buffer& out, const term_view* payload, flags chosen)
        : out_(out), payload_(payload), chosen_(chosen) {}

    bool operator()(const control::send& m) {
        if (m.from && chosen_.has(capability::send_sender)) {
            begin(3, operation::send_sender);
            out_.pid(*m.from);
        } else {
            begin(3, operation::send);
            out_.atom(""); // where the cookie once was
        }
        out_.pid(m.to);
        return true;
    }
    bool operator()(const control::reg_send& m) {
        begin(4, operation::reg_send);
        out_.pid(m.from);
        out_.atom("");
        out_.atom(m.to.text());
        return true;
    }
    bool operator()(const control::alias_send& m) {
        begin(3, operation::alias_send);
        out_.pid(m.from);
        out_.reference(m.to);
        return true;
    }
    bool operator()(const control::link& m) { return pair(operation::link, m.from, m.to); }
    bool operator()(const control::unlink_id& m) {
        if (!m.id || !chosen_.has(capability::unlink_id)) return pair(operation::unlink, m.from, m.to);
        return numbered_pair(operation::unlink_id, *m.id, m.from, m.to);
    }
    bool operator()(const control::unlink_id_ack& m) {
        return numbered_pair(operation::unlink_id_ack, m.id, m.from, m.to);
    }
    bool operator()(const control::exit& m) { return exit(operation::payload_exit, operation::exit, m.from, m.to); }
    bool operator()(const control::exit2& m) { return exit(operation::payload_exit2, operation::exit2, m.from, m.to); }
    bool operator()(const control::monitor_p& m) { return monitor(operation::monitor_p, m.from, m.whom, m.ref); }
    bool operator()(const control::demonitor_p& m) { return monitor(operation::demonitor_p, m.from, m.whom, m.ref); }
    bool operator()(const control::monitor_p_exit& m) {
        const bool behind = chosen_.has(capability::exit_payload);
        begin(behind ? 4 : 5, behind ? operation::payload_monitor_p_exit : operation::monitor_p_exit);
        write(m.whom);
        out_.pid(m.to);
        out_.reference(m.ref);
        return reason(behind);
    }
    bool operator()(const control::spawn_request& m) {
        begin(6, operation::spawn_request);
        out_.reference(m.id);
        out_.pid(m.from);
        out_.pid(m.group_leader);
        out_.tuple(3);
        out_.atom(m.module.text());
        out_.atom(m.function.text());
        out_.integer(m.arity);
        out_.copy(m.options);
        return true;
    }
    bool operator()(const control::spawn_reply& m) {
        begin(5, operation::spawn_reply);
        out_.reference(m.id);
        out_.pid(m.to);
        out_.integer(m.made);
        write(m.outcome);
        return false;
    }
    bool operator()(const control::group_leader& m) { return pair(operation::group_leader, m.leader, m.to); }

private:
    void begin(std::size_t arity, operation code) {
        out_.tuple(arity);
        out_.integer(static_cast<std::int64_t>(code));
    }
    void write(const std::variant<pid, atom>& either) {
        if (const auto* process = std::get_if<pid>(&either))
            out_.pid(*process);
        else
            out_.atom(std::get<atom>(either).text());
    }
    bool pair(operation code, const pid& first, const pid& second) {
        begin(3, code);
        out_.pid(first);
        out_.pid(second);
        return false;
    }
    bool numbered_pair(operation code, std::uint64_t id, const pid& first, const pid& second) {
        begin(4, code);
        out_.unsigned_integer(id);
        out_.pid(first);
        out_.pid(second);
        return false;
    }
    bool monitor(operation code, const pid& from, const control::target& whom, const reference& ref) {
        begin(4, code);
        out_.pid(from);
        write(whom);
        out_.reference(ref);
        return false;
    }
    bool exit(operation behind_code, operation inside_code, const pid& from, const pid& to) {
        const bool behind = chosen_.has(capability::exit_payload);
        begin(behind ? 3 : 4, behind ? behind_code : inside_code);
        out_.pid(from);
        out_.pid(to);
        return reason(behind);
    }
    /// The reason inside, unless it goes behind.
    bool reason(bool behind) {
        if (!behind) out_.copy(*payload_);
        return behind;
    }

    encoder out_;
    const term_view* payload_;
    flags chosen_;
};

} // namespace

bool encode_control(byte_buffer& out, const control_message& message, const term_view* payload, flags chosen) {
    SEDGE_ASSERT(!has_payload(message) || payload != nullptr);
    return std::visit(control_writer{out, payload, chosen}, message);
}

} // namespace sedge::dist
