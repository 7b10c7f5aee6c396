// SPDX-License-Identifier: Apache-2.0
#include <sedge/dist/control.hpp>

#include <algorithm>
#include <iterator>

namespace sedge::dist {

namespace {

template <class... Cases>
struct overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
overloaded(Cases...) -> overloaded<Cases...>;

/// Options of a spawn that tune a BEAM process.
constexpr std::string_view tuning[] = {"min_heap_size",    "min_bin_vheap_size", "max_heap_size",
                                       "fullsweep_after",  "message_queue_data", "scheduler",
                                       "async_dist"};

const atom* node_of(const control::target& whom) noexcept {
    const auto* process = std::get_if<pid>(&whom);
    return process != nullptr ? &process->node : nullptr;
}

/// Checks who speaks and who is spoken to. The first offence is kept.
class ownership {
public:
    ownership(const atom& peer, const atom& self) : peer_(peer), self_(self) {}

    ownership& from(const atom& node, std::string_view what) {
        if (node != peer_) note(std::string{what} + " in the name of a process of " + node.str());
        return *this;
    }
    ownership& to(const atom& node, std::string_view what) {
        if (node != self_) note(std::string{what} + " for a process of " + node.str());
        return *this;
    }
    ownership& from(const control::target& whom, std::string_view what) {
        const auto* node = node_of(whom);
        return node != nullptr ? from(*node, what) : *this;
    }
    ownership& to(const control::target& whom, std::string_view what) {
        const auto* node = node_of(whom);
        return node != nullptr ? to(*node, what) : *this;
    }
    [[nodiscard]] std::optional<std::string> offence() && { return std::move(offence_); }

private:
    void note(std::string what) {
        if (!offence_) offence_ = std::move(what);
    }
    const atom& peer_;
    const atom& self_;
    std::optional<std::string> offence_;
};

} // namespace

std::optional<spawn_wishes> read_spawn_options(const term& options) {
    const auto view = options.view();
    if (!view.is_list() || view.tail().kind() != term_kind::nil) return std::nullopt;
    spawn_wishes wishes;
    for (const auto option : view.elements()) {
        const bool pair = option.kind() == term_kind::tuple && option.arity() == 2;
        const auto name = pair ? option.element(0).atom_text() : option.atom_text();
        if (!name) return std::nullopt;
        if (*name == "monitor") {
            wishes.monitor = true;
        } else if (*name == "link" && !pair) {
            wishes.link = true;
        } else if (pair && *name == "priority") {
            static constexpr std::string_view levels[] = {"low", "normal", "high", "max"};
            const auto level = option.element(1).atom_text();
            if (!level || std::find(std::begin(levels), std::end(levels), *level) == std::end(levels))
                return std::nullopt;
        } else if (!pair || std::find(std::begin(tuning), std::end(tuning), *name) == std::end(tuning)) {
            return std::nullopt;
        }
    }
    return wishes;
}

std::string_view operation_name(const control_message& message) noexcept {
    static constexpr std::string_view names[] = {"SEND_SENDER",
                                                 "REG_SEND",
                                                 "ALIAS_SEND",
                                                 "LINK",
                                                 "UNLINK_ID",
                                                 "UNLINK_ID_ACK",
                                                 "PAYLOAD_EXIT",
                                                 "PAYLOAD_EXIT2",
                                                 "MONITOR_P",
                                                 "DEMONITOR_P",
                                                 "PAYLOAD_MONITOR_P_EXIT",
                                                 "SPAWN_REQUEST",
                                                 "SPAWN_REPLY",
                                                 "GROUP_LEADER"};
    static_assert(std::size(names) == std::variant_size_v<control_message>);
    return names[message.index()];
}

bool has_payload(const control_message& message) noexcept {
    return std::visit(overloaded{
                          [](const control::send&) { return true; },
                          [](const control::reg_send&) { return true; },
                          [](const control::alias_send&) { return true; },
                          [](const control::exit&) { return true; },
                          [](const control::exit2&) { return true; },
                          [](const control::monitor_p_exit&) { return true; },
                          [](const control::spawn_request&) { return true; },
                          [](const auto&) { return false; },
                      },
                      message);
}

// Sends are not checked: the sender's pid in them is information, and a message for a process elsewhere is dropped
// where the process is looked up, as OTP does.
std::optional<std::string> violation(const control_message& message, const atom& peer, const atom& self) {
    if (std::holds_alternative<control::send>(message)) return std::nullopt;
    ownership owners{peer, self};
    const auto name = operation_name(message);
    std::visit(overloaded{
                   [](const control::send&) {},
                   [](const control::reg_send&) {},
                   [](const control::alias_send&) {},
                   [&](const control::monitor_p& m) { owners.from(m.from.node, name).to(m.whom, name); },
                   [&](const control::demonitor_p& m) { owners.from(m.from.node, name).to(m.whom, name); },
                   [&](const control::monitor_p_exit& m) { owners.from(m.whom, name).to(m.to.node, name); },
                   [&](const control::spawn_request& m) { owners.from(m.from.node, name).from(m.id.node, name); },
                   [&](const control::spawn_reply& m) { owners.to(m.id.node, name).to(m.to.node, name); },
                   [&](const control::group_leader& m) { owners.to(m.to.node, name); },
                   [&](const auto& m) { owners.from(m.from.node, name).to(m.to.node, name); },
               },
               message);
    return std::move(owners).offence();
}

bool is_expressible(const control_message& message, flags chosen) noexcept {
    const auto can_watch = [chosen](const control::target& whom) {
        return chosen.has(std::holds_alternative<pid>(whom) ? capability::dist_monitor : capability::dist_monitor_name);
    };
    return std::visit(overloaded{
                          [&](const control::alias_send&) { return chosen.has(capability::alias); },
                          [&](const control::monitor_p& m) { return can_watch(m.whom); },
                          [&](const control::demonitor_p& m) { return can_watch(m.whom); },
                          [&](const control::monitor_p_exit& m) { return can_watch(m.whom); },
                          [&](const control::spawn_request&) { return chosen.has(capability::spawn); },
                          [&](const control::spawn_reply&) { return chosen.has(capability::spawn); },
                          [&](const control::unlink_id_ack&) { return chosen.has(capability::unlink_id); },
                          [](const auto&) { return true; },
                      },
                      message);
}

} // namespace sedge::dist
