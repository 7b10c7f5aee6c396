// SPDX-License-Identifier: Apache-2.0
//
// The set itself: opening, closing, who is in it. How connections come up stands in dialling.cpp and accepting.cpp,
// what happens on them in links.cpp.
#include "process/peer.hpp"

#include <sedge/dist/certified_name.hpp>
#include <sedge/wire/transport.hpp>

#include <algorithm>

namespace sedge {

namespace {

constexpr duration flush_time_max = seconds{1}; // for what was sent before `stop`

} // namespace

peer_set::peer_set(node::impl& owner) : owner_(owner) {
    for (const auto& [name, secret] : owner.options.peer_cookies) cookies_.emplace(atom{name}, secret);
    if (owner.options.tls) credentials_.emplace(*owner.options.tls);
}
peer_set::~peer_set() {
    stopping_ = true;
    handshakes_.clear();
    for (auto& [name, p] : peers_) p->dial.cancel(); // their frames hold the peer
}

result<void> peer_set::check_certificate(const node_name& name) {
    auto context = tls_now();
    if (!context) return std::move(context).error();
    if (!*context) return {};
    if (!(*context)->own())
        return error{wire::tls_errc::unusable_file, "TLS between nodes needs a certificate and its key"};
    auto certified = dist::certified_name(*(*context)->own(), name);
    if (!certified) return certified.error().within(owner_.options.tls->certificate_file);
    return {};
}

result<std::shared_ptr<const wire::tls_context>> peer_set::tls_now() {
    if (!credentials_) return std::shared_ptr<const wire::tls_context>{};
    auto context = credentials_->current();
    if (auto trouble = credentials_->trouble())
        owner_.env.log(log_level::warning, "[sedge] the files of TLS have changed and cannot be used, so those read "
                                           "before serve on: " +
                                               printable(trouble->message()));
    return context;
}

result<void> peer_set::listen() {
    const auto& o = owner_.options;
    std::vector<wire::ip_address> addresses;
    if (o.listen_on)
        addresses.push_back(*o.listen_on);
    else
        addresses = {wire::ip_address::any_v6(), wire::ip_address::any_v4()}; // the second where there is no IPv6
    std::uint16_t last = std::max(o.port_min, o.port_max);
    error why{errc::invalid_argument};
    for (const auto& address : addresses) {
        for (std::uint32_t port = o.port_min; port <= last; ++port) {
            wire::listen_options both;
            both.v6_only = false;
            auto made = owner_.env.net().listen({address, static_cast<std::uint16_t>(port)}, both);
            if (made) {
                listener_ = std::move(*made);
                return {};
            }
            std::string step =
                "listen for nodes at " + to_string(wire::endpoint{address, static_cast<std::uint16_t>(port)});
            if (made.error().code() == std::errc::address_in_use)
                step += "; another program has the port, stop it or choose others with port_min and port_max";
            why = error{made.error().code(), std::move(step)};
        }
    }
    if (last != o.port_min)
        return why.within("no free port from " + std::to_string(o.port_min) + " to " + std::to_string(last));
    return why;
}

wire::endpoint peer_set::listening_at() const { return listener_ ? listener_->local() : wire::endpoint{}; }

void peer_set::start() {
    arbiter_.emplace(owner_.name);
    acceptor_.start(accept_connections());
}

task<> peer_set::stop() {
    stopping_ = true;
    if (listener_) listener_->close();
    acceptor_.cancel();
    handshakes_.clear();
    for (auto& [name, p] : peers_) p->dial.cancel();
    auto until = owner_.env.now() + flush_time_max;
    auto all = peers_;
    for (auto& [name, p] : all) {
        if (!p->connection) continue;
        auto flush = p->connection->flushed();
        auto in_time = detail::finishes_before(owner_.env, until, std::move(flush));
        (void)co_await std::move(in_time);
    }
    for (auto& [name, p] : all) {
        while (p->connection) {
            p->connection->close(error{errc::stopped, "shutdown"});
            auto change = p->changed.wait();
            co_await std::move(change);
        }
        p->last_failure = error{errc::stopped, "this node stops"};
        p->note_change();
    }
    recent_ = nullptr;
    peers_.clear();
    listener_.reset();
}

task<> peer_set::room(atom name) {
    auto p = find(name); // kept while this waits
    if (!p || !p->connection) co_return;
    auto waiting = p->connection->room();
    co_await std::move(waiting);
}

bool peer_set::has_room(const atom& name) const {
    const auto* p = linked(name);
    return p == nullptr || p->connection->has_room();
}

result<void> peer_set::set_cookie(const atom& name, dist::cookie secret) {
    if (!secret.is_set()) return error{errc::invalid_argument, "cookie for " + printable(name.text()) + " is not set"};
    if (name == owner_.name) {
        owner_.options.cookie = std::move(secret);
        return {};
    }
    if (cookies_.size() >= limits::peer_cookies_max && cookies_.count(name) == 0)
        return error{errc::limit_exceeded,
                     "cookies for more than " + std::to_string(limits::peer_cookies_max) + " peers"};
    cookies_.insert_or_assign(name, std::move(secret));
    return {};
}

const dist::cookie& peer_set::cookie_for(const atom& name) const {
    const auto own = cookies_.find(name);
    return own == cookies_.end() ? owner_.options.cookie : own->second;
}

peer_set::peer_ptr peer_set::find(const atom& name) const {
    auto position = peers_.find(name);
    return position == peers_.end() ? nullptr : position->second;
}

peer_set::peer_ptr peer_set::find_or_add(const atom& name) {
    auto& slot = peers_[name];
    if (!slot) slot = std::make_shared<peer>(*this, name, owner_.env);
    return slot;
}

peer_set::peer* peer_set::linked(const atom& name) const {
    if (recent_ == nullptr || recent_name_ != name) {
        const auto position = peers_.find(name);
        if (position == peers_.end()) return nullptr;
        recent_ = position->second.get();
        recent_name_ = name;
    }
    return recent_->connection ? recent_ : nullptr;
}

bool peer_set::is_up(const atom& name) const { return linked(name) != nullptr; }

bool peer_set::is_stale(const pid& who) const {
    const auto* p = linked(who.node);
    return p != nullptr && p->connection->peer().creation != who.creation;
}

bool peer_set::knows(const atom& name, dist::capability what) const {
    const auto* p = linked(name);
    return p == nullptr || p->connection->peer().chosen.has(what);
}

bool peer_set::send_message(const pid& from, const pid& to, const term& message) {
    auto* p = linked(to.node);
    if (p == nullptr || p->connection->peer().creation != to.creation) return false;
    (void)p->connection->send_message(from, to, message); // every peer can receive it; a full queue closes the link
    return true;
}

std::vector<atom> peer_set::names(bool hidden_too) const {
    std::vector<atom> all;
    for (const auto& [name, p] : peers_)
        if (p->connection && (hidden_too || p->connection->peer().is_visible())) all.push_back(name);
    std::ranges::sort(all);
    return all;
}

std::vector<peer_info> peer_set::details() const {
    std::vector<peer_info> all;
    for (const auto& [name, p] : peers_) {
        if (!p->connection) continue;
        const auto& c = *p->connection;
        all.push_back({name, !c.peer().is_visible(), c.peer().creation, c.remote(), c.initiated_here(), p->up_since,
                       c.counts().messages_in, c.counts().messages_out, c.counts().bytes_in, c.counts().bytes_out,
                       p->number, c.certificate(), p->standing->state, p->standing->reason});
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return all;
}

std::vector<peer_counts> peer_set::counts() const {
    std::vector<peer_counts> all;
    for (const auto& [name, p] : peers_)
        if (p->connection) all.push_back({name, p->connection->queued_bytes(), p->connection->counts().ticks_missed});
    std::ranges::sort(all, {}, &peer_counts::name);
    return all;
}

std::vector<node_standing> peer_set::standings() const {
    std::vector<node_standing> all;
    for (const auto& [name, p] : peers_)
        if (p->standing) all.push_back(*p->standing);
    std::ranges::sort(all, {}, &node_standing::name);
    return all;
}

std::string peer_set::certificate_of(const atom& name) const {
    auto p = find(name);
    return p && p->connection ? p->connection->certificate() : std::string{};
}

bool peer_set::send(const atom& to, dist::control_message message, std::optional<term> payload, const pid* sender) {
    namespace ctl = dist::control;
    auto* p = linked(to);
    if (p == nullptr) return true;
    const bool ends_a_relation = std::holds_alternative<ctl::exit>(message) ||
                                 std::holds_alternative<ctl::monitor_p_exit>(message) ||
                                 std::holds_alternative<ctl::unlink_id>(message);
    if (ends_a_relation) p->count(-1);
    auto sent = p->connection->send(message, payload ? &*payload : nullptr, sender);
    return sent || sent.error() != make_error_code(dist::errc::not_supported);
}

node_traffic peer_set::traffic() const {
    node_traffic all = closed_;
    for (const auto& [name, p] : peers_) {
        if (!p->connection) continue;
        all.bytes_in += p->connection->counts().bytes_in;
        all.bytes_out += p->connection->counts().bytes_out;
    }
    return all;
}

} // namespace sedge
