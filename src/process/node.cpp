// SPDX-License-Identifier: Apache-2.0
#include <sedge/process/node.hpp>

#include "process/node_impl.hpp"

#include <algorithm>

namespace sedge {

std::string_view to_string(node_state s) noexcept {
    switch (s) {
    case node_state::up: return "up";
    case node_state::suspect: return "suspect";
    case node_state::draining: return "draining";
    case node_state::down: return "down";
    case node_state::left: return "left";
    }
    return "";
}

reference worker::make_reference() {
    // 18 bits in the first word, as OTP makes them; the rest counts on. Unique for this creation.
    std::uint64_t n = ++references_made_ << owner.worker_bits() | number;
    reference r;
    r.node = owner.name;
    r.creation = owner.creation;
    r.size = 3;
    r.words = {static_cast<std::uint32_t>(n & 0x3ffff), static_cast<std::uint32_t>(n >> 18),
               static_cast<std::uint32_t>(n >> 50), 0, 0};
    return r;
}

void node::impl::announce(node_event event) {
    std::erase_if(watchers, [](const auto& w) { return w.expired(); });
    auto all = watchers; // a watcher may add or remove others
    for (auto& w : all)
        if (auto alive = w.lock()) alive->on_event(event);
}

node::node(node_options options, environment& env, wire::directory& where)
    : impl_(std::make_unique<impl>(*this, std::move(options), env, where)) {}

node::~node() {
    impl_->stop_workers();
    // There are some if it was not stopped: a simulated crash, or a start that failed.
    for (unsigned i = 0; i < impl_->running_workers(); ++i) impl_->at(i).processes.drop_all();
}

task<result<void>> node::start() {
    auto& i = *impl_;
    auto parsed = node_name::parse(i.options.name);
    if (!parsed) co_return std::move(parsed).error().within("start");
    if (auto kind = check_name_kind(i.options.long_names, *parsed); !kind) co_return kind.error().within("start");
    if (!i.options.cookie.is_set())
        co_return error{errc::invalid_argument, "start " + i.options.name + ": a node needs a cookie"};
    if (const auto& times = i.options.detection)
        if (auto sensible = dist::check(*times); !sensible)
            co_return sensible.error().within("start " + i.options.name + ": detection");
    if (auto certified = i.peers.check_certificate(*parsed); !certified)
        co_return certified.error().within("start " + i.options.name);
    if (parsed->alive == "undefined") {
        auto asking = i.peers.ask_for_name(std::move(*parsed));
        auto named = co_await std::move(asking);
        if (!named) co_return named.error().within("start " + i.options.name);
        i.start_workers();
        co_return result<void>{};
    }
    if (auto listening = i.peers.listen(); !listening) co_return listening.error().within("start " + i.options.name);
    i.parsed = *parsed;
    i.name = atom::permanent(parsed->full.text());
    auto publishing = i.where.publish({parsed->alive, i.peers.listening_at().port, i.options.hidden});
    auto creation = co_await std::move(publishing);
    if (!creation) co_return std::move(creation).error().within("start " + i.options.name);
    i.creation = *creation;
    i.start_workers();
    i.peers.start();
    co_return result<void>{};
}

task<> node::stop() {
    auto& i = *impl_;
    i.where.withdraw();
    i.stop_workers();
    i.end_all(term{atom{"shutdown"}});
    auto closing = i.peers.stop();
    co_await std::move(closing);
}

const atom& node::name() const noexcept { return impl_->name; }
std::uint32_t node::creation() const noexcept { return impl_->creation; }
const node_options& node::options() const noexcept { return impl_->options; }
environment& node::env() noexcept { return impl_->env; }
wire::endpoint node::listening_at() const { return impl_->peers.listening_at(); }

task<result<void>> node::connect(atom peer) { return impl_->peers.connect(std::move(peer)); }
bool node::disconnect(const atom& peer) { return impl_->peers.disconnect(peer); }
bool node::is_connected(const atom& peer) const { return impl_->peers.is_up(peer); }

std::vector<atom> node::peers(bool hidden_too) const { return impl_->peers.names(hidden_too); }
std::vector<peer_info> node::peer_details() const { return impl_->peers.details(); }
std::vector<node_standing> node::node_states() const { return impl_->peers.standings(); }
std::string node::certificate_of(const atom& peer) const { return impl_->peers.certificate_of(peer); }

result<void> node::set_cookie(const atom& peer, dist::cookie secret) {
    return impl_->peers.set_cookie(peer, std::move(secret));
}

node_traffic node::traffic() const { return impl_->peers.traffic(); }

node::subscription node::watch(std::function<void(const node_event&)> on_event) {
    auto token = std::make_shared<impl::watcher>(impl::watcher{std::move(on_event)});
    impl_->watchers.push_back(token);
    return subscription{std::move(token)};
}

pid node::spawn(process_body body, spawn_options options) {
    return impl_->home.spawn(std::move(body), std::move(options), by_the_program);
}
void node::send(const destination& to, term message) {
    impl_->home.send_message(impl_->no_process(), to, std::move(message));
}
void node::exit(const pid& target, term reason) {
    auto from = impl_->no_process();
    impl_->home.send_signal(from, target, signal::exit{from, std::move(reason), false});
}

result<void> node::register_name(const atom& name, const pid& who) {
    return impl_->home_table(who).register_name(name, who);
}
bool node::unregister(const atom& name) { return impl_->names.release(name); }
std::optional<pid> node::whereis(const atom& name) const {
    const auto found = impl_->names.find(name);
    return found != 0 ? std::optional{impl_->processes.pid_of(found)} : std::nullopt;
}
std::vector<atom> node::registered_names() const { return impl_->names.all(); }

std::vector<pid> node::processes() const {
    std::vector<pid> all;
    for (unsigned i = 0; i < impl_->running_workers(); ++i) impl_->at(i).processes.list(all);
    std::sort(all.begin(), all.end());
    return all;
}
bool node::is_alive(const pid& who) const { return impl_->home_table(who).has(who); }
std::optional<process_info> node::info(const pid& who, bool messages_too) const {
    return impl_->info(who, messages_too);
}
reference node::make_reference() { return impl_->home.make_reference(); }

void node::serve_spawns(std::function<process_body(const spawn_call&)> resolve) {
    impl_->resolve_spawn = std::move(resolve);
}
void node::guard(std::function<bool(const remote_signal&)> accepts) { impl_->accepts = std::move(accepts); }

void node::set_group_leader(const pid& leader) { impl_->set_leader(leader); }
pid node::group_leader() const { return impl_->leader(); }

} // namespace sedge
