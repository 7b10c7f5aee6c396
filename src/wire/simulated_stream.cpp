// SPDX-License-Identifier: Apache-2.0
#include "wire/simulated_stream.hpp"

#include <algorithm>

namespace sedge::wire {

namespace {
constexpr std::size_t backlog_max = 128;                   // what a kernel queues for a listener, by default
constexpr std::chrono::seconds connect_again_after{1};     // first retransmission of a SYN in Linux
constexpr std::chrono::seconds neighbour_unknown_after{3}; // three ARP requests, one second each

std::error_code code(std::errc e) { return std::make_error_code(e); }
} // namespace

bool simulated_listener_state::takes(const endpoint& to) const {
    if (!open || at.port != to.port) return false;
    if (at.address == to.address) return true;
    if (!at.address.is_unspecified()) return false;
    return at.address.is_v4() == to.address.is_v4() || (to.address.is_v4() && !options.v6_only);
}

connection::connection(simulated_program& from, endpoint local, endpoint remote, simulated_machine& to)
    : world_(from.world), number_(world_.next_connection++) {
    ends_[0].owner = &from;
    ends_[0].machine = &from.machine;
    ends_[0].at = local;
    ends_[1].machine = &to;
    ends_[1].at = remote;
    world_.connections.emplace(number_, this);
}

connection::~connection() { world_.connections.erase(number_); }

// ---- what a program does ----

io_step connection::try_read(int end, std::span<std::uint8_t> into) {
    side& s = ends_[end];
    if (s.closed) return {io_step::outcome::failed, 0, make_error_code(errc::closed)};
    if (unread(s) > 0) {
        std::size_t count = std::min(unread(s), into.size());
        if (world_.options.step_bytes_max > 0) count = std::min(count, world_.options.step_bytes_max);
        std::copy_n(s.inbox.begin() + static_cast<std::ptrdiff_t>(s.read), count, into.begin());
        s.read += count;
        if (s.read == s.inbox.size()) {
            s.inbox.clear();
            s.read = 0;
        }
        if (auto* writer = ends_[1 - end].owner) ends_[1 - end].writing.wake(*writer);
        return {io_step::outcome::done, count, {}};
    }
    if (s.failure) return {io_step::outcome::failed, 0, s.failure};
    if (s.finished) return {io_step::outcome::closed, 0, {}};
    return {};
}

io_step connection::try_write(int end, byte_view bytes) {
    side& s = ends_[end];
    if (s.closed) return {io_step::outcome::failed, 0, make_error_code(errc::closed)};
    if (s.failure) return {io_step::outcome::failed, 0, s.failure};
    std::size_t count = std::min(bytes.size(), room(end));
    if (world_.options.step_bytes_max > 0) count = std::min(count, world_.options.step_bytes_max);
    if (count == 0) return {};
    send(1 - end, kind::data, bytes.first(count));
    return {io_step::outcome::done, count, {}};
}

bool connection::can_read(int end) const {
    const side& s = ends_[end];
    return unread(s) > 0 || s.finished || s.failure || s.closed;
}

bool connection::can_write(int end) const {
    const side& s = ends_[end];
    return room(end) > 0 || s.failure || s.closed;
}

std::size_t connection::room(int writer) const noexcept {
    const side& peer = ends_[1 - writer];
    const std::size_t held = peer.arriving_bytes + (peer.closed ? 0 : unread(peer));
    return held >= world_.options.stream_buffer_bytes ? 0 : world_.options.stream_buffer_bytes - held;
}

delivery connection::delivered(int end) const {
    const side& s = ends_[end];
    const bool under_way = s.acknowledged_at > world_.now;
    const auto& l = world_.link(*s.machine, *ends_[1 - end].machine);
    return {ends_[1 - end].arriving_bytes > 0 || s.acknowledgement_lost || under_way,
            under_way ? duration{} : world_.now - s.acknowledged_at, 2 * l.delay_least};
}

void connection::acknowledge(int writer) {
    side& s = ends_[writer];
    const auto& from = *ends_[1 - writer].machine;
    s.acknowledgement_lost = !world_.path_open(from, *s.machine);
    // The least delay, not a drawn one: what is drawn decides everything that comes later in a simulation.
    if (!s.acknowledgement_lost) s.acknowledged_at = world_.now + world_.link(from, *s.machine).delay_least;
}

void connection::connect() { send(1, kind::connect); }

void connection::close(int end, bool unaccepted) noexcept {
    side& s = ends_[end];
    if (s.closed) return;
    s.closed = true;
    if (state_ == phase::connecting && end == 0) {
        ends_[1].arriving.clear(); // the kernel forgets a SYN that nobody answered
    } else if (!s.failure && !s.lost) {
        send(1 - end, unread(s) > 0 || unaccepted ? kind::reset : kind::finish);
    }
    byte_buffer{}.swap(s.inbox);
    s.read = 0;
    wake(end);
}

void connection::reset() {
    for (int end : {0, 1}) {
        ends_[end].arriving.clear();
        ends_[end].arriving_bytes = 0;
        fail(end, code(std::errc::connection_reset));
    }
}

// ---- what the network does ----

void connection::send(int to, kind what, byte_view bytes) {
    side& s = ends_[to];
    time_point due = world_.now + world_.delay(*ends_[1 - to].machine, *s.machine);
    if (!s.arriving.empty()) due = std::max(due, s.arriving.back().due);
    s.arriving.push_back({what, due, {bytes.begin(), bytes.end()}});
    s.arriving_bytes += bytes.size();
    schedule(to);
}

void connection::schedule(int to) {
    side& s = ends_[to];
    if (s.scheduled || s.arriving.empty()) return;
    s.scheduled = true;
    world_.at(s.arriving.front().due, [self = shared_from_this(), to] {
        self->ends_[to].scheduled = false;
        self->deliver(to);
    });
}

void connection::resume() {
    for (int to : {0, 1}) {
        side& s = ends_[to];
        if (s.acknowledgement_lost) acknowledge(to);
        if (s.scheduled || s.arriving.empty()) continue;
        const time_point due = world_.now + world_.delay(*ends_[1 - to].machine, *s.machine);
        for (auto& waiting : s.arriving) waiting.due = std::max(waiting.due, due);
        schedule(to);
    }
}

void connection::deliver(int to) {
    side& s = ends_[to];
    if (!world_.path_open(*ends_[1 - to].machine, *s.machine)) return; // until `resume`
    while (!s.arriving.empty() && s.arriving.front().due <= world_.now) {
        segment first = std::move(s.arriving.front());
        s.arriving.pop_front();
        s.arriving_bytes -= first.bytes.size();
        world_.trace.fold(number_ << 8 | static_cast<std::uint64_t>(first.what) << 1 | static_cast<std::uint64_t>(to));
        world_.trace.fold(first.bytes);
        arrive(to, std::move(first));
    }
    schedule(to);
}

void connection::arrive(int end, segment&& s) {
    side& here = ends_[end];
    if (s.what == kind::connect) return arrive_at_listener();
    if (here.lost || (here.closed && (s.what == kind::data || s.what == kind::connected))) {
        if (s.what != kind::reset) send(1 - end, kind::reset); // the kernel knows no such connection
        return;
    }
    if (here.closed) return;
    switch (s.what) {
    case kind::connect: break;
    case kind::connected:
        state_ = phase::established;
        acknowledge(end);
        break;
    case kind::refused:
        state_ = phase::refused;
        here.failure = code(std::errc::connection_refused);
        break;
    case kind::data:
        acknowledge(1 - end);
        if (here.read > 0 && here.read >= here.inbox.size() / 2) {
            here.inbox.erase(here.inbox.begin(), here.inbox.begin() + static_cast<std::ptrdiff_t>(here.read));
            here.read = 0;
        }
        here.inbox.insert(here.inbox.end(), s.bytes.begin(), s.bytes.end());
        break;
    case kind::finish: here.finished = true; break;
    case kind::reset: fail(end, code(std::errc::connection_reset)); break;
    }
    wake(end);
}

void connection::arrive_at_listener() {
    auto& machine = *ends_[1].machine;
    auto found = std::find_if(machine.listeners.begin(), machine.listeners.end(),
                              [&](const auto* l) { return l->takes(ends_[1].at); });
    if (found == machine.listeners.end()) {
        ends_[1].closed = true;
        return send(0, kind::refused);
    }
    simulated_listener_state& listener = **found;
    if (listener.backlog.size() >= backlog_max) {
        ends_[1].arriving.push_front({kind::connect, world_.now + connect_again_after, {}});
        return;
    }
    ends_[1].owner = listener.owner;
    ends_[1].acknowledged_at = world_.now;
    send(0, kind::connected);
    listener.backlog.push_back(shared_from_this());
    listener.accepting.wake(*listener.owner);
}

void connection::fail(int end, std::error_code failure) {
    side& s = ends_[end];
    if (s.closed || s.failure) return;
    s.failure = failure;
    if (state_ == phase::connecting && end == 0) state_ = phase::refused;
    wake(end);
}

void connection::wake(int end) {
    side& s = ends_[end];
    if (!s.owner) return;
    s.reading.wake(*s.owner);
    s.writing.wake(*s.owner);
}

void connection::close_all_of(simulated_world& world, simulated_program& program, bool tell_peers) {
    std::vector<std::shared_ptr<connection>> concerned; // closing may end the last reference
    for (auto& [number, c] : world.connections)
        if (c->ends_[0].owner == &program || c->ends_[1].owner == &program) concerned.push_back(c->shared_from_this());
    for (auto& c : concerned) {
        for (int end : {0, 1}) {
            side& s = c->ends_[end];
            if (s.owner != &program || s.closed) continue;
            if (tell_peers) {
                c->close(end);
            } else {
                s.lost = s.closed = true;
                c->ends_[1 - end].arriving.clear(); // what it sent and the other side has not got yet
                c->ends_[1 - end].arriving_bytes = 0;
            }
        }
    }
}

void connection::reset_between(simulated_world& world, const simulated_machine& a, const simulated_machine& b) {
    std::vector<std::shared_ptr<connection>> concerned;
    for (auto& [number, c] : world.connections) {
        const auto* from = c->ends_[0].machine;
        const auto* to = c->ends_[1].machine;
        if ((from == &a && to == &b) || (from == &b && to == &a)) concerned.push_back(c->shared_from_this());
    }
    for (auto& c : concerned) c->reset();
}

// ---- streams, listeners ----

task<> simulated_stream::readable() {
    auto held = connection_;
    const int end = end_;
    while (!held->can_read(end)) co_await wait_slot::awaiter{held->reading(end)};
}

task<> simulated_stream::writable() {
    auto held = connection_;
    const int end = end_;
    while (!held->can_write(end)) co_await wait_slot::awaiter{held->writing(end)};
}

namespace {

class simulated_listener final : public listener {
public:
    explicit simulated_listener(std::shared_ptr<simulated_listener_state> s) : state_(std::move(s)) {}
    ~simulated_listener() override { close(); }

    task<result<std::unique_ptr<stream>>> accept() override {
        auto state = state_;
        while (state->open && state->backlog.empty()) co_await wait_slot::awaiter{state->accepting};
        if (!state->open) co_return error{errc::closed, "accept on " + to_string(state->at)};
        auto next = std::move(state->backlog.front());
        state->backlog.pop_front();
        std::unique_ptr<stream> accepted = std::make_unique<simulated_stream>(std::move(next), 1);
        co_return accepted;
    }
    void close() noexcept override {
        std::erase(state_->owner->machine.listeners, state_.get());
        state_->open = false;
        for (auto& unaccepted : std::exchange(state_->backlog, {})) unaccepted->close(1, true);
        state_->accepting.wake(*state_->owner);
    }
    endpoint local() const override { return state_->at; }

private:
    std::shared_ptr<simulated_listener_state> state_;
};

std::uint16_t free_port(simulated_machine& machine) {
    for (;;) {
        const std::uint16_t port = machine.next_port++;
        if (machine.next_port >= 61000) machine.next_port = 32768;
        auto taken = [&](const auto* l) { return l->at.port == port; };
        if (port >= 32768 && std::none_of(machine.listeners.begin(), machine.listeners.end(), taken)) return port;
    }
}

} // namespace

result<std::unique_ptr<wire::listener>> simulated_program::listen(endpoint at, listen_options options) {
    const auto what = [&] { return "listen on " + to_string(at); };
    if (!at.address.is_unspecified() && !at.address.is_loopback() && !machine.has(at.address))
        return error{code(std::errc::address_not_available), what()};
    if (at.port == 0) at.port = free_port(machine);
    for (const auto* other : machine.listeners) {
        if (other->at.port != at.port) continue;
        const bool same_family = other->at.address.is_v4() == at.address.is_v4();
        const bool both_families = !(other->at.address.is_v4() ? options : other->options).v6_only;
        const bool overlap =
            other->at.address == at.address || other->at.address.is_unspecified() || at.address.is_unspecified();
        if (overlap && (same_family || both_families)) return error{code(std::errc::address_in_use), what()};
    }
    if (!alive) return error{code(std::errc::network_down), what()};
    auto state = std::make_shared<simulated_listener_state>();
    state->owner = this;
    state->at = at;
    state->options = options;
    machine.listeners.push_back(state.get());
    return std::unique_ptr<wire::listener>{std::make_unique<simulated_listener>(std::move(state))};
}

task<result<std::unique_ptr<stream>>> simulated_program::connect(endpoint to) {
    const std::string what = "connect " + to_string(to);
    if (to.address.is_unspecified())
        to.address = to.address.is_v4() ? ip_address::loopback_v4() : ip_address::loopback_v6();
    simulated_machine* target = to.address.is_loopback() ? &machine : world.machine_at(to.address);
    if (!target) {
        co_await sleep_for(*this, neighbour_unknown_after);
        target = world.machine_at(to.address);
        if (!target) co_return error{code(std::errc::host_unreachable), what};
    }
    const endpoint local{machine.source_for(to.address), free_port(machine)};
    auto c = std::make_shared<connection>(*this, local, to, *target);
    std::unique_ptr<stream> connected = std::make_unique<simulated_stream>(c, 0); // closes if this wait is destroyed
    c->connect();
    while (c->state() == connection::phase::connecting) co_await wait_slot::awaiter{c->writing(0)};
    std::uint8_t none[1];
    if (c->state() == connection::phase::refused) co_return error{c->try_read(0, none).code, what};
    co_return connected;
}

} // namespace sedge::wire
