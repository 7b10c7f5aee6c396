// SPDX-License-Identifier: Apache-2.0
#include "wire/simulated_datagram.hpp"

#include <algorithm>

namespace sedge::wire {

namespace {

constexpr std::size_t inbox_bytes_max = 212'992;  // net.core.rmem_default; beyond it the kernel drops
constexpr std::size_t datagram_bytes_max = 65'507; // what fits into one IPv4 packet

bool is_broadcast(const ip_address& a) {
    return a.is_v4() && (a.v4_host_order() & 0xff) == 0xff;
}

void put(simulated_machine& machine, const endpoint& from, const endpoint& to, const byte_buffer& bytes) {
    const bool to_all = to.address.is_multicast() || is_broadcast(to.address);
    // To one address, the socket that was bound last gets it, as in Linux.
    for (auto s = machine.sockets.rbegin(); s != machine.sockets.rend(); ++s) {
        simulated_socket_state& socket = **s;
        if (!socket.hears(to)) continue;
        if (socket.inbox_bytes + bytes.size() <= inbox_bytes_max) {
            socket.inbox.push_back({from, to.address, bytes});
            socket.inbox_bytes += bytes.size() + 1;
            socket.receiving.wake(*socket.owner);
        }
        if (!to_all) return;
    }
}

void travel(simulated_world& world, simulated_machine& from_machine, simulated_machine& to_machine, endpoint from,
            endpoint to, const std::shared_ptr<const byte_buffer>& bytes) {
    const auto& link = world.link(from_machine, to_machine);
    if (world.chance(link.datagram_loss)) return;
    const int copies = world.chance(link.datagram_duplicate) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
        const time_point due = world.now + world.delay(from_machine, to_machine);
        world.at(due, [&world, &from_machine, &to_machine, from, to, bytes] {
            if (!world.path_open(from_machine, to_machine)) return;
            world.trace.fold(*bytes);
            put(to_machine, from, to, *bytes);
        });
    }
}

class simulated_socket final : public datagram_socket {
public:
    explicit simulated_socket(std::shared_ptr<simulated_socket_state> s) : state_(std::move(s)) {}
    ~simulated_socket() override {
        state_->open = false;
        std::erase(state_->owner->machine.sockets, state_.get());
    }

    task<result<datagram>> receive(std::span<std::uint8_t> into) override {
        auto state = state_;
        while (state->inbox.empty()) co_await wait_slot::awaiter{state->receiving};
        auto first = std::move(state->inbox.front());
        state->inbox.pop_front();
        state->inbox_bytes -= first.bytes.size() + 1;
        std::copy_n(first.bytes.begin(), std::min(first.bytes.size(), into.size()), into.begin());
        datagram got{first.bytes.size(), first.from, first.to, 0};
        for (const auto& i : state->owner->machine.interfaces)
            if (i.address.is_loopback() == first.from.address.is_loopback()) got.interface = i.index;
        co_return got;
    }

    result<void> send(const endpoint& to, byte_view bytes) override;
    endpoint local() const override { return state_->at; }

private:
    std::shared_ptr<simulated_socket_state> state_;
};

result<void> simulated_socket::send(const endpoint& to, byte_view bytes) {
    auto& program = *state_->owner;
    auto& world = program.world;
    auto& machine = program.machine;
    const auto fails = [&](std::errc e) { return error{std::make_error_code(e), "send to " + to_string(to)}; };
    if (bytes.size() > datagram_bytes_max) return fails(std::errc::message_size);
    if (!program.alive) return {};
    const bool broadcast = is_broadcast(to.address);
    if (broadcast && !state_->options.broadcast) return fails(std::errc::permission_denied);

    endpoint from{state_->at.address, state_->at.port};
    const auto& multicast = state_->options.multicast;
    if (from.address.is_unspecified() || from.address.is_multicast()) from.address = machine.source_for(to.address);
    if (to.address.is_multicast() && multicast && multicast->interface && !multicast->interface->is_unspecified())
        from.address = *multicast->interface;
    auto shared = std::make_shared<const byte_buffer>(bytes.begin(), bytes.end());

    if (!to.address.is_multicast() && !broadcast) {
        auto* target = to.address.is_loopback() || machine.has(to.address) ? &machine : world.machine_at(to.address);
        if (target) travel(world, machine, *target, from, to, shared);
        return {};
    }
    if (broadcast || !multicast || multicast->loop) travel(world, machine, machine, from, to, shared);
    if (to.address.is_multicast() && (!world.options.multicast || from.address.is_loopback())) return {};
    world.each_machine([&](simulated_machine& other) {
        if (&other != &machine) travel(world, machine, other, from, to, shared);
    });
    return {};
}

} // namespace

bool simulated_socket_state::hears(const endpoint& to) const {
    if (!open || at.port != to.port) return false;
    if (to.address.is_multicast()) {
        const bool bound_for_it = at.address.is_unspecified() || at.address == to.address;
        return bound_for_it && options.multicast && options.multicast->group == to.address;
    }
    if (at.address == to.address) return true;
    return at.address.is_unspecified() && at.address.is_v4() == to.address.is_v4();
}

result<std::unique_ptr<datagram_socket>> simulated_program::open_datagram(datagram_options options) {
    const auto fails = [&](std::error_code e) { return error{e, "open UDP " + to_string(options.bind)}; };
    endpoint at = options.bind;
    const bool any = at.address.is_unspecified() || at.address.is_multicast() || is_broadcast(at.address);
    if (!any && !at.address.is_loopback() && !machine.has(at.address))
        return fails(std::make_error_code(std::errc::address_not_available));
    if (options.multicast) {
        const auto& chosen = options.multicast->interface;
        if (!options.multicast->group.is_multicast()) return fails(std::make_error_code(std::errc::invalid_argument));
        const bool by_scope = chosen && !chosen->is_v4() && chosen->scope() > 0 && chosen->scope() <= 2;
        if (chosen && !chosen->is_unspecified() && !by_scope && !machine.has(*chosen))
            return fails(make_error_code(errc::no_such_interface));
    }
    auto overlaps = [&](const simulated_socket_state* s) {
        return s->at.port == at.port && s->at.address.is_v4() == at.address.is_v4() &&
               (s->at.address == at.address || s->at.address.is_unspecified() || at.address.is_unspecified());
    };
    if (at.port == 0) {
        do at.port = static_cast<std::uint16_t>(32768 + world.random.next() % 28000);
        while (std::any_of(machine.sockets.begin(), machine.sockets.end(), overlaps));
    }
    for (const auto* other : machine.sockets)
        if (overlaps(other) && !(other->options.reuse_address && options.reuse_address))
            return fails(std::make_error_code(std::errc::address_in_use));

    auto state = std::make_shared<simulated_socket_state>();
    state->owner = this;
    state->at = at;
    state->options = std::move(options);
    if (alive) machine.sockets.push_back(state.get());
    return std::unique_ptr<datagram_socket>{std::make_unique<simulated_socket>(std::move(state))};
}

} // namespace sedge::wire
