// SPDX-License-Identifier: Apache-2.0
#include "process/peers.hpp"

#include "process/node_impl.hpp"

#include <sedge/dist/certified_name.hpp>
#include <sedge/wire/transport.hpp>

#include <algorithm>

namespace sedge {

namespace {

constexpr duration dial_pause = seconds{1};      // between two dials that only a send asked for
constexpr duration refusal_window = seconds{60}; // in which refusals are counted
constexpr std::size_t refusals_logged_max = 10;  // per window
constexpr duration flush_time_max = seconds{1};  // for what was sent before `stop`

/// The word that node events and OTP use for the end of a connection.
std::string down_reason(const error& why) {
    if (why == make_error_code(dist::errc::tick_timeout)) return "net_tick_timeout";
    if (why == make_error_code(dist::errc::slow_peer)) return "slow_peer";
    if (why == make_error_code(wire::errc::closed)) return "connection_closed";
    if (why == make_error_code(errc::stopped)) return why.context().empty() ? "disconnect" : why.context();
    const auto& category = why.code().category();
    const bool of_stream = category == std::system_category() || category == wire::tls_category() ||
                           category == wire::tls_alert_category();
    return of_stream ? "connection_closed" : why.message();
}

/// How a message changes the number of links and monitors that a peer holds here.
int relations_added(const dist::control_message& m) {
    namespace ctl = dist::control;
    if (std::holds_alternative<ctl::link>(m) || std::holds_alternative<ctl::monitor_p>(m)) return 1;
    if (const auto* spawn = std::get_if<ctl::spawn_request>(&m)) {
        const auto wishes = dist::read_spawn_options(spawn->options);
        return wishes ? int{wishes->link} + int{wishes->monitor} : 0;
    }
    if (std::holds_alternative<ctl::unlink_id>(m) || std::holds_alternative<ctl::demonitor_p>(m) ||
        std::holds_alternative<ctl::exit>(m) || std::holds_alternative<ctl::monitor_p_exit>(m))
        return -1;
    return 0;
}

} // namespace

// -- one peer
// ----------------------------------------------------------------------------------------------------------

struct peer_set::peer final : dist::connection_events {
    peer(peer_set& s, atom n, environment& env) : set(s), name(std::move(n)), changed(env) {}

    peer_set& set;
    atom name;
    std::unique_ptr<dist::connection> connection; // null: not up
    dist::name_arbiter::attempt number = 0;       // of the connection
    time_point up_since{};
    std::size_t relations_in = 0; // links and monitors that the peer holds here; see limits::signals_per_peer_max
    event changed;                // set whenever an attempt ends, a link comes up or goes down
    std::optional<error> last_failure;
    time_point failed_at{};
    std::deque<std::function<void()>> waiting; // to be done when it is up
    std::size_t waiting_bytes = 0;
    nursery dial; // last: it goes first

    void note_change() {
        changed.set();
        changed.reset();
    }

    void on_message(dist::connection& from, dist::incoming&& message) override {
        auto& owner = set.owner_;
        if (auto offence = dist::violation(message.control, name, owner.name)) {
            from.close(error{dist::errc::bad_packet, printable(name.text()) + ": " + *offence});
            return;
        }
        count(relations_added(message.control));
        if (relations_in > limits::signals_per_peer_max) {
            from.close(error{errc::limit_exceeded, printable(name.text()) + " holds more than " +
                                                       std::to_string(limits::signals_per_peer_max) +
                                                       " links and monitors here"});
            return;
        }
        owner.on_control(name, std::move(message.control), std::move(message.payload));
    }
    void on_down(dist::connection&, const error& reason) override { set.link_down(*this, reason); }

    void count(int added) {
        if (added > 0) ++relations_in;
        if (added < 0 && relations_in > 0) --relations_in;
    }
};

struct peer_set::dialling final : dist::dial_decisions {
    dialling(dist::name_arbiter& a, atom p, dist::name_arbiter::attempt n)
        : arbiter(a), peer(std::move(p)), number(n) {}
    ~dialling() override { arbiter.dial_ended(peer, number); } // harmless if it has won or lost
    bool may_send_name() override { return arbiter.dial_connected(peer, number); }
    bool is_still_wanted() override { return arbiter.dial_still_wanted(peer, number); }

    dist::name_arbiter& arbiter;
    atom peer;
    dist::name_arbiter::attempt number;
};

struct peer_set::accepting final : dist::accept_decisions {
    accepting(peer_set& s, dist::handshake_gate::ticket t) : set(s), ticket(t) {}
    ~accepting() override {
        set.gate_.leave(ticket, dist::handshake_gate::outcome::failed, set.owner_.env.now()); // if it has not left
        if (claimed.empty() || taken) return;
        set.arbiter_->link_down(claimed, number);
        auto p = set.find(claimed);
        if (!p) return;
        if (dial_gave_way && !set.stopping_) set.begin_dial(p); // for those who wait for it
        set.attempt_failed(p, error{dist::errc::refused, "the handshake was not finished"});
    }

    dist::status_answer on_claim(const dist::peer_identity& who) override {
        const atom& name = who.name.full;
        bool known = set.peers_.count(name) != 0;
        if (name == set.owner_.name || set.stopping_) return {dist::accept_status::not_allowed, {}};
        if (!known && set.peers_.size() >= limits::peers_max) return {dist::accept_status::not_allowed, {}};
        auto answer = set.arbiter_->status_for(name);
        number = answer.number;
        return {answer.status, set.cookie_for(name)};
    }

    task<result<void>> admit(dist::peer_identity who) override {
        set.gate_.leave(ticket, dist::handshake_gate::outcome::passed, set.owner_.env.now());
        const atom name = who.name.full;
        auto p = set.find_or_add(name);
        for (;;) {
            using verdict = dist::name_arbiter::verdict;
            auto decided = set.arbiter_->claim(name, number);
            if (decided == verdict::refuse)
                co_return error{dist::errc::already_connected,
                                "another connection to " + printable(name.text()) + " has won"};
            if (decided == verdict::wait) {
                auto change = p->changed.wait();
                co_await std::move(change);
                continue;
            }
            claimed = name;
            if (decided == verdict::accept && !p->dial.empty()) { // our own attempt has lost
                p->dial.cancel();
                dial_gave_way = true;
            }
            break;
        }
        while (p->connection) { // replace: the old link goes down first, and everybody is told
            p->connection->close(error{errc::stopped, "connection_replaced"});
            auto change = p->changed.wait();
            co_await std::move(change);
        }
        co_return result<void>{};
    }

    peer_set& set;
    dist::handshake_gate::ticket ticket;
    dist::name_arbiter::attempt number = 0;
    bool dial_gave_way = false;
    atom claimed;       // proved and promised the link; empty: not yet
    bool taken = false; // the link is up
};

// -- the set
// -----------------------------------------------------------------------------------------------------------

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
            why = made.error().within("listen for nodes at " +
                                      to_string(wire::endpoint{address, static_cast<std::uint16_t>(port)}));
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
    peers_.clear();
    listener_.reset();
}

task<> peer_set::room(atom name) {
    auto p = find(name); // kept while this waits
    if (!p || !p->connection) co_return;
    auto waiting = p->connection->room();
    co_await std::move(waiting);
}

result<void> peer_set::set_cookie(const atom& name, dist::cookie secret) {
    if (!secret.is_set()) return error{errc::invalid_argument, "cookie for " + printable(name.text()) + " is not set"};
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

bool peer_set::is_up(const atom& name) const {
    auto p = find(name);
    return p && p->connection;
}

bool peer_set::is_stale(const pid& who) const {
    auto p = find(who.node);
    return p && p->connection && p->connection->peer().creation != who.creation;
}

std::vector<peer_info> peer_set::details() const {
    std::vector<peer_info> all;
    for (const auto& [name, p] : peers_) {
        if (!p->connection) continue;
        const auto& c = *p->connection;
        all.push_back({name, !c.peer().is_visible(), c.peer().creation, c.remote(), c.initiated_here(), p->up_since,
                       c.counts().messages_in, c.counts().messages_out, c.counts().bytes_in, c.counts().bytes_out,
                       p->number, c.certificate()});
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return all;
}

std::string peer_set::certificate_of(const atom& name) const {
    auto p = find(name);
    return p && p->connection ? p->connection->certificate() : std::string{};
}

void peer_set::send(const atom& to, dist::control_message message, std::optional<term> payload, const pid* sender) {
    auto p = find(to);
    if (!p || !p->connection) return;
    p->count(std::holds_alternative<dist::control::exit>(message) ||
                     std::holds_alternative<dist::control::monitor_p_exit>(message)
                 ? -1
                 : 0);
    auto sent = p->connection->send(message, payload ? &*payload : nullptr, sender);
    if (!sent && sent.error() == make_error_code(dist::errc::not_supported))
        owner_.env.log(log_level::warning, "[sedge] " + sent.error().message());
}

// -- dialling
// ----------------------------------------------------------------------------------------------------------

task<result<void>> peer_set::connect(atom name) {
    if (stopping_ || !arbiter_)
        co_return error{errc::stopped, "connect " + printable(name.text()) + ": this node is not running"};
    if (name_lost_)
        co_return error{errc::stopped, "connect " + printable(name.text()) + ": this node has lost its name"};
    if (name == owner_.name)
        co_return error{errc::invalid_argument, "connect " + printable(name.text()) + ": that is this node itself"};
    if (is_up(name)) co_return result<void>{};
    auto p = find_or_add(name);
    p->last_failure.reset();
    begin_dial(p);
    while (!p->connection && !p->last_failure) {
        auto change = p->changed.wait();
        co_await std::move(change);
    }
    if (p->connection) co_return result<void>{};
    co_return *p->last_failure;
}

void peer_set::begin_dial(const peer_ptr& p) {
    if (!p->dial.empty()) return;
    if (auto number = arbiter_->begin_dial(p->name)) p->dial.start(run_dial(p, *number));
}

task<> peer_set::run_dial(peer_ptr p, dist::name_arbiter::attempt number) {
    auto attempt = dial(p, number);
    auto outcome = co_await std::move(attempt);
    if (outcome) {
        link_up(std::move(*outcome), number);
        co_return;
    }
    if (outcome.error() == make_error_code(dist::errc::already_connected)) {
        // The peer dials us as well and its attempt is the one that counts. It comes, or cannot: then this one failed.
        // When it is proved it cancels this task.
        auto coming = wait_for_link(p);
        auto bounded =
            detail::finishes_before(owner_.env, owner_.env.now() + owner_.options.setup_time, std::move(coming));
        (void)co_await std::move(bounded);
        if (p->connection) co_return;
    }
    attempt_failed(p, std::move(outcome).error());
}

task<> peer_set::wait_for_link(peer_ptr p) {
    while (!p->connection) {
        auto change = p->changed.wait();
        co_await std::move(change);
    }
}

task<result<dist::established>> peer_set::dial(peer_ptr p, dist::name_arbiter::attempt number) {
    const std::string step = "connect " + printable(p->name.text());
    dialling decisions{*arbiter_, p->name, number};
    auto parsed = node_name::parse(p->name.text());
    if (!parsed) co_return std::move(parsed).error().within(step);
    if (auto kind = check_name_kind(owner_.options.long_names, *parsed); !kind) co_return kind.error().within(step);
    auto deadline = owner_.env.now() + owner_.options.setup_time;

    auto looking = owner_.where.locate(parsed->alive, parsed->host);
    auto look_up = with_deadline(owner_.env, deadline, std::move(looking));
    auto found = co_await std::move(look_up);
    if (!found) co_return std::move(found).error().within(step);

    dist::dial_options options;
    options.self = {*owner_.parsed, owner_.creation, dist::announced(owner_.options.hidden)};
    options.peer = *parsed;
    options.long_names = owner_.options.long_names;
    options.secret = cookie_for(p->name);
    auto tls = tls_now();
    if (!tls) co_return std::move(tls).error().within(step);
    options.tls = *std::move(tls);
    options.candidates = std::move(*found);
    options.deadline = deadline;
    auto dialled = dist::dial(owner_.env, guard_, decisions, std::move(options));
    auto outcome = co_await std::move(dialled);
    if (outcome && !arbiter_->dial_won(p->name, number))
        co_return error{dist::errc::already_connected, step + ": another connection has won"};
    co_return outcome;
}

void peer_set::attempt_failed(const peer_ptr& p, error why) {
    if (p->connection || arbiter_->is_up(p->name) || arbiter_->is_dialling(p->name)) {
        p->note_change(); // another attempt goes on, or has won
        return;
    }
    p->last_failure = std::move(why);
    p->failed_at = owner_.env.now();
    p->waiting.clear();
    p->waiting_bytes = 0;
    owner_.processes.node_lost(p->name);
    p->note_change();
    if (peers_.size() > limits::peers_max)
        owner_.env.post([this, name = p->name, alive = std::weak_ptr<int>(alive_)] {
            if (alive.lock()) forget_if_idle(name);
        });
}

void peer_set::forget_if_idle(const atom& name) {
    auto p = find(name);
    if (p && !p->connection && p->waiting.empty() && p->dial.empty() && p.use_count() == 2) peers_.erase(name);
}

void peer_set::when_up(const atom& name, std::size_t bytes, std::function<void()> retry) {
    auto lost = [this, name] { owner_.processes.node_lost(name); };
    if (stopping_ || !arbiter_ || name_lost_) return lost();
    auto p = find(name);
    bool under_way = p && (!p->dial.empty() || arbiter_->is_up(name));
    if (!under_way) {
        if (!owner_.options.auto_connect) return lost();
        if (!p && peers_.size() >= 2 * limits::peers_max) return lost();
        if (p && p->last_failure && owner_.env.now() < p->failed_at + dial_pause) return lost();
        p = find_or_add(name);
    }
    if (p->waiting_bytes + bytes > owner_.options.send_queue_bytes_max) {
        owner_.env.log(log_level::warning, "[sedge] too much is waiting for the connection to " +
                                               printable(name.text()) + ": a message was dropped");
        return;
    }
    p->waiting.push_back(std::move(retry));
    p->waiting_bytes += bytes;
    if (!under_way) begin_dial(p);
}

// -- accepting
// ---------------------------------------------------------------------------------------------------------

task<> peer_set::accept_connections() {
    for (;;) {
        auto next = listener_->accept();
        auto stream = co_await std::move(next);
        if (!stream) {
            if (stream.error() == make_error_code(wire::errc::closed)) co_return;
            note_refusal({}, stream.error().within("accept"));
            auto pause = sleep_for(owner_.env, milliseconds{100});
            co_await std::move(pause);
            continue;
        }
        auto admission = gate_.enter((*stream)->remote().address, owner_.env.now());
        if (admission.evicted) handshakes_.erase(*admission.evicted);
        if (!admission.admitted) {
            note_refusal((*stream)->remote(), error{dist::errc::refused, "too many failed attempts from there"});
            continue;
        }
        auto ticket = *admission.admitted;
        auto& slot = handshakes_[ticket] = std::make_unique<nursery>();
        slot->start(run_accept(ticket, std::move(*stream)), [this, ticket, alive = std::weak_ptr<int>(alive_)](auto) {
            owner_.env.post([this, ticket, alive] {
                if (alive.lock()) handshakes_.erase(ticket);
            });
        });
    }
}

task<> peer_set::run_accept(dist::handshake_gate::ticket ticket, std::unique_ptr<wire::stream> stream) {
    auto from = stream->remote();
    accepting decisions{*this, ticket};
    dist::accept_options options;
    options.self = {*owner_.parsed, owner_.creation, dist::announced(owner_.options.hidden)};
    auto tls = tls_now();
    if (!tls) co_return note_refusal(from, tls.error());
    options.tls = *std::move(tls);
    auto accepted = dist::accept(owner_.env, guard_, decisions, std::move(stream), std::move(options));
    auto outcome = co_await std::move(accepted);
    if (outcome) {
        decisions.taken = true;
        link_up(std::move(*outcome), decisions.number);
    } else {
        gate_.leave(ticket, dist::outcome_of(outcome.error().code()), owner_.env.now());
        note_refusal(from, outcome.error());
    }
}

void peer_set::note_refusal(const wire::endpoint& from, const error& why) {
    if (why == make_error_code(dist::errc::already_connected) || why == make_error_code(wire::errc::closed)) return;
    auto now = owner_.env.now();
    if (now >= refusals_since_ + refusal_window) {
        if (refusals_ > refusals_logged_max)
            owner_.env.log(log_level::warning, "[sedge] " + std::to_string(refusals_ - refusals_logged_max) +
                                                   " more connection attempts failed in the last minute");
        refusals_since_ = now;
        refusals_ = 0;
    }
    if (++refusals_ <= refusals_logged_max)
        owner_.env.log(log_level::warning,
                       "[sedge] connection attempt from " + to_string(from) + " failed: " + printable(why.message()));
}

// -- links
// -------------------------------------------------------------------------------------------------------------

void peer_set::link_up(dist::established link, dist::name_arbiter::attempt number) {
    auto p = find_or_add(link.peer.name.full);
    bool hidden = !link.peer.is_visible();
    dist::connection_options options;
    options.tick_time = owner_.options.tick_time;
    options.send_queue_bytes_max = owner_.options.send_queue_bytes_max;
    options.send_wait_bytes = owner_.options.send_wait_bytes;
    options.send_stall_time = owner_.options.send_stall_time;
    options.message_bytes_max = owner_.options.message_bytes_max;
    SEDGE_ASSERT(!p->connection);
    p->connection = std::make_unique<dist::connection>(owner_.env, std::move(link), *p, options);
    p->number = number;
    p->up_since = owner_.env.now();
    p->relations_in = 0;
    p->last_failure.reset();
    owner_.processes.node_changed({p->name, true, hidden, {}});
    owner_.announce({node_event::kind::up, p->name, hidden, {}});
    if (p->connection) p->connection->start(); // a watcher may have closed it
    auto waiting = std::exchange(p->waiting, {});
    p->waiting_bytes = 0;
    for (auto& retry : waiting) retry();
    p->note_change();
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

void peer_set::link_down(peer& p, const error& why) {
    auto keep = find(p.name);
    bool hidden = !p.connection->peer().is_visible();
    auto gone = std::move(p.connection);
    closed_.bytes_in += gone->counts().bytes_in;
    closed_.bytes_out += gone->counts().bytes_out;
    arbiter_->link_down(p.name, p.number);
    if (why == make_error_code(dist::errc::bad_packet) || why == make_error_code(errc::limit_exceeded) ||
        why == make_error_code(dist::errc::queue_full) || why == make_error_code(dist::errc::slow_peer))
        owner_.env.log(log_level::warning,
                       "[sedge] connection to " + printable(p.name.text()) + " closed: " + printable(why.message()));
    owner_.processes.node_lost(p.name);
    owner_.processes.node_changed({p.name, false, hidden, down_reason(why)});
    owner_.announce({node_event::kind::down, p.name, hidden, down_reason(why)});
    p.note_change();
    if (p.name == named_by_ && !stopping_) lose_name();
}

/// See naming.cpp.
void peer_set::lose_name() {
    name_lost_ = true;
    owner_.env.log(log_level::warning, "[sedge] the connection to " + printable(named_by_.text()) +
                                           " is lost, which had given this node its name; all others end with it");
    const auto all = peers_;
    for (auto& [name, p] : all) {
        if (p->connection) p->connection->close(error{errc::stopped, "name_lost"});
        if (p->dial.empty()) continue;
        p->dial.cancel();
        attempt_failed(p, error{errc::stopped, "this node has lost its name"});
    }
}

bool peer_set::disconnect(const atom& name) {
    auto p = find(name);
    if (!p || !p->connection) return false;
    p->connection->close(error{errc::stopped, "disconnect"});
    return true;
}

} // namespace sedge
