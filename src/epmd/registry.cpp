// SPDX-License-Identifier: Apache-2.0
//
// Who is registered at a port mapper.
//
// A node registers a name on a connection and keeps that open; the end of the connection, or any byte on it, ends
// the registration. There is no keep-alive: nodes die or their sockets do. A name that is taken is refused with
// result 1; nobody is ever replaced.
//
// Creations tell apart two lives of one name: they are part of every pid. OTP's mapper takes the wall clock's
// seconds for a name it has not seen, and counts on for one it has. A mapper that lives in a node dies and comes
// back with it, maybe within one second, maybe on a board whose clock starts at the same minute after each boot.
// So ours counts every registration with one counter, which its driver starts at random: a peer can only compare
// creations for being equal, and sees no difference.
//
// Nodes of OTP 22 and earlier take 16 bits, of which only 1 to 3 are used. For them a name that comes back must
// not meet its last value, which is why names that are gone are remembered for a while.
#include <sedge/base/limits.hpp>
#include <sedge/epmd/registry.hpp>

#include <algorithm>

namespace sedge::epmd {

namespace {

constexpr std::uint32_t creation_least = 4; // smaller ones mean an old node, 0 means any

constexpr std::uint32_t short_creation(std::uint32_t creation) { return creation % 3 + 1; }

alive_answer refusal(const node_entry& node) { return {1, refused_creation, node.highest < 6}; }

} // namespace

registry::registry(std::uint16_t port, std::uint32_t first_creation)
    : port_(port), next_creation_(std::max(first_creation, creation_least)) {}

registry::outcome registry::handle(connection from, const request& what, rights allowed) {
    if (auto* alive = std::get_if<alive_request>(&what)) return register_node(from, alive->node, allowed);
    if (auto* port = std::get_if<port_request>(&what)) {
        if (!allowed.look_up) return {};
        const node_entry* node = find(port->name);
        return {encode(port_answer{node ? std::optional{*node} : std::nullopt}), next::close};
    }
    if (std::holds_alternative<names_request>(what)) {
        if (!allowed.list) return {};
        return {encode(names_answer{port_, names()}), next::close};
    }
    if (std::holds_alternative<kill_request>(what) && allowed.register_names) {
        return {byte_buffer{'N', 'O'}, next::close}; // as OTP's does while names are registered
    }
    return {}; // DUMP and STOP are for OTP's own daemon: closed without an answer
}

registry::outcome registry::register_node(connection from, const node_entry& node, rights allowed) {
    if (!allowed.register_names) return {};
    const bool has_one = std::ranges::any_of(live_, [&](const registered& r) { return r.owner == from; });
    if (!is_acceptable_name(node.name) || find(node.name) || has_one ||
        live_.size() >= limits::epmd_registrations_max) {
        return {encode(refusal(node)), next::wait_for_close};
    }
    const std::uint32_t creation = creation_for(node.name);
    live_.push_front({from, node, creation});
    const bool short_form = node.highest < 6;
    return {encode(alive_answer{0, short_form ? short_creation(creation) : creation, short_form}), next::hold};
}

std::uint32_t registry::creation_for(const std::string& name) {
    auto take = [this] {
        const std::uint32_t creation = next_creation_;
        next_creation_ = creation == 0xffffffff ? creation_least : creation + 1;
        return creation;
    };
    std::uint32_t creation = take();
    if (auto last = remembered_.find(name); last != remembered_.end()) {
        if (short_creation(last->second) == short_creation(creation)) creation = take();
        std::erase(remembered_order_, name);
        remembered_.erase(last);
    }
    return creation;
}

std::string registry::ended(connection gone) {
    auto found = std::ranges::find(live_, gone, &registered::owner);
    if (found == live_.end()) return {};
    std::string name = std::move(found->node.name);
    remember(name, found->creation);
    live_.erase(found);
    return name;
}

void registry::remember(const std::string& name, std::uint32_t creation) {
    if (remembered_.size() >= limits::epmd_remembered_names_max) {
        remembered_.erase(remembered_order_.front());
        remembered_order_.pop_front();
    }
    remembered_[name] = creation;
    remembered_order_.push_back(name);
}

const node_entry* registry::find(std::string_view name) const {
    auto found = std::ranges::find_if(live_, [&](const registered& r) { return r.node.name == name; });
    return found == live_.end() ? nullptr : &found->node;
}

std::vector<name_and_port> registry::names() const {
    std::vector<name_and_port> all;
    for (const auto& r : live_) all.push_back({r.node.name, r.node.port});
    return all;
}

} // namespace sedge::epmd
