// SPDX-License-Identifier: Apache-2.0
//
// Phoenix.PubSub 2 with its adapter PG2, as it is spoken between nodes. For the PubSub MyApp.PubSub:
//
//   group Elixir.MyApp.PubSub.Adapter in the scope Elixir.Phoenix.PubSub of pg: one process of each node
//   {forward_to_local, Topic, Message, Dispatcher}    to each process of the group on other nodes: a broadcast
//   the same to {Elixir.MyApp.PubSub.Adapter, Node}   a direct broadcast
//
// With a pool there are more such processes, each in a group of its own name: ..Adapter_2, ..Adapter_3. A sender takes
// one group for each of its processes, so that all nodes need all groups to hear everything. In Elixir a node with a
// smaller pool misses what is sent to the groups that it has not; here the pool grows to the greatest that is seen. The
// first group is always there, and is the one we send to, which keeps the order of all our broadcasts.
//
// Dispatcher is a module of Elixir that gives the message to the subscribers; Phoenix.PubSub itself sends it as it is.
// It runs where the subscribers are, so here it is a C++ function, if the program has one for that module. Who sent a
// broadcast to all but itself is not told: it is on the sender's node.
//
// Loss: as with any message. A node that comes later does not hear what was before.
#include <sedge/otp/pubsub.hpp>

#include "otp/first_worker.hpp"
#include "otp/keeper.hpp"
#include "otp/pubsub/subscriptions.hpp"
#include "otp/terms.hpp"

#include <sedge/base/bytes.hpp>
#include <sedge/base/log.hpp>
#include <sedge/otp/pg.hpp>
#include <sedge/process/node.hpp>

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>

namespace sedge::otp {

struct pubsub::state {
    state(node& on, pg& all_groups, std::string_view name, pubsub_options o)
        : here(on), groups(all_groups), adapter("Elixir." + std::string{name} + ".Adapter"), options(o) {}

    node& here;
    pg& groups;
    std::string adapter; ///< The name of its first process.
    pubsub_options options;
    std::optional<pg_scope> scope; ///< While it runs.
    subscriptions local;
    std::map<atom, dispatcher> dispatchers;
    atom own_dispatcher{"Elixir.Phoenix.PubSub"};
    std::vector<pid> processes; ///< Workers and those that start them again.
    process* first = nullptr;   ///< The first worker while it runs; watches subscribers.
    std::unordered_map<pid, reference> watched;

    [[nodiscard]] atom worker_name(std::size_t i) const {
        return atom{i == 0 ? adapter : adapter + "_" + std::to_string(i + 1)};
    }

    void watch(const pid& who) {
        if (first) watched[who] = first->monitor(who);
    }
    void unwatch(const pid& who) {
        auto entry = watched.find(who);
        if (entry == watched.end()) return;
        if (first) first->demonitor(entry->second);
        watched.erase(entry);
    }

    void dispatch(const atom& module, std::string_view topic, const term& message, const std::optional<pid>& but) {
        const auto subscribers = local.of(topic, but);
        if (subscribers.empty()) return;
        auto own = dispatchers.find(module);
        if (own != dispatchers.end()) return own->second(here, subscribers, message);
        for (const auto& who : subscribers) here.send(who, message);
    }

    [[nodiscard]] term forward(std::string_view topic, const term& message) const {
        return tuple(atom{"forward_to_local"}, topic, message, own_dispatcher);
    }
    void send_to_others(std::string_view topic, const term& message) const {
        expect_first_worker();
        if (!scope) return;
        const term forwarded = forward(topic, message);
        for (const auto& member : scope->members(atom{adapter}))
            if (member.node != here.name() && here.is_connected(member.node)) here.send(member, forwarded);
    }

    /// Which process of a pool has that group: 0 for the first, nothing for what is no group of ours.
    [[nodiscard]] std::optional<std::size_t> number_of(const term_view& group) const {
        const auto name = group.as<atom>();
        if (!name || !name->text().starts_with(adapter)) return std::nullopt;
        std::string_view rest = name->text().substr(adapter.size());
        if (rest.empty()) return 0;
        std::size_t number = 0;
        if (!rest.starts_with('_')) return std::nullopt;
        const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), number);
        const bool is_number = error == std::errc{} && end == rest.data() + rest.size();
        return is_number && number >= 2 && number <= limits::pubsub_pool_size_max ? std::optional{number - 1}
                                                                                  : std::nullopt;
    }

    void on_message(const term& message) {
        if (is_tagged(message, "forward_to_local", 4)) {
            const auto topic = message.element(1).binary();
            const auto module = message.element(3).as<atom>();
            // A request of sys would end or suspend subscribers that are servers, whatever the sender's role: it is
            // nothing that anybody broadcasts.
            if (is_tagged(message.element(2), "system", 3)) return;
            if (topic && module) dispatch(*module, as_text(*topic), term{message.element(2)}, std::nullopt);
        } else if (is_tagged(message, "DOWN", 5)) {
            const auto who = message.element(3).as<pid>();
            if (!who || watched.erase(*who) == 0) return;
            local.remove(*who);
        }
    }
    static std::string_view as_text(byte_view bytes) {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
};

namespace {

/// Lives in the frame of the first worker: while that runs, it watches subscribers.
struct watching_mark {
    pubsub::state& state;
    watching_mark(pubsub::state& s, process& self) : state(s) {
        state.first = &self;
        for (const auto& who : state.local.processes()) state.watch(who);
    }
    ~watching_mark() {
        state.first = nullptr;
        state.watched.clear();
    }
    watching_mark(const watching_mark&) = delete;
};

task<> run_worker(process& self, std::shared_ptr<pubsub::state> state, std::size_t number);

pid start_worker(const std::shared_ptr<pubsub::state>& state, std::size_t number) {
    process_body body = [state, number](process& self) { return run_worker(self, state, number); };
    return state->here.spawn(std::move(body),
                             {.label = "pubsub", .name = state->worker_name(number), .trap_exit = true});
}

/// Starts what is missing of a pool of that size, as far as the names are free.
void grow(const std::shared_ptr<pubsub::state>& state, std::size_t size) {
    for (std::size_t i = state->processes.size() / 2; i < size; ++i) {
        if (state->here.whereis(state->worker_name(i))) return;
        keeper_job job;
        job.is_over = [state] { return !state->scope; };
        job.start = [state, i] { return state->processes[2 * i] = start_worker(state, i); };
        const pid worker = start_worker(state, i);
        state->processes.push_back(worker);
        state->processes.push_back(start_keeper(state->here, worker, std::move(job)));
    }
}

void grow_for(const std::shared_ptr<pubsub::state>& state, const term_view& group) {
    if (auto number = state->number_of(group)) grow(state, *number + 1);
}

task<> run_worker(process& self, std::shared_ptr<pubsub::state> state, std::size_t number) {
    if (!state->scope) co_return;
    (void)state->scope->join(state->worker_name(number), self.self()); // it is of this node
    std::optional<watching_mark> watching;
    std::optional<reference> groups;
    if (number == 0) {
        watching.emplace(*state, self);
        auto monitored = state->scope->monitor_scope(self.self());
        if (monitored) groups = monitored->first;
        for (const auto& group : state->scope->groups()) grow_for(state, group);
    }
    for (;;) {
        term message = co_await self.receive();
        const bool is_join = groups && is_tuple(message, 4) && message.element(0).as<reference>() == groups;
        if (is_join && message.element(1).is_atom("join") && state->scope)
            grow_for(state, message.element(2));
        else
            state->on_message(message);
    }
}

} // namespace

pubsub::pubsub(node& on, pg& groups, std::string_view name, pubsub_options options)
    : state_(std::make_shared<state>(on, groups, name, options)) {}

pubsub::~pubsub() { stop(); }

result<void> pubsub::start() {
    expect_first_worker();
    auto& s = *state_;
    const std::string step = "start " + printable(s.adapter);
    if (s.scope) return {};
    if (s.options.pool_size == 0) return error{sedge::errc::invalid_argument, step + ": a pool of 0"};
    if (s.options.pool_size > limits::pubsub_pool_size_max)
        return error{sedge::errc::limit_exceeded, step + ": pubsub_pool_size_max"};
    for (std::size_t i = 0; i < s.options.pool_size; ++i) {
        const std::string name = i == 0 ? s.adapter : s.adapter + "_" + std::to_string(i + 1);
        if (!atom::is_valid(name) || s.here.whereis(atom{name}))
            return error{sedge::errc::invalid_argument, step + ": " + printable(name) + " is taken, or no name"};
    }
    auto scope = s.groups.start(atom{"Elixir.Phoenix.PubSub"});
    if (!scope) return scope.error().within(step);
    s.scope = *std::move(scope);
    grow(state_, s.options.pool_size);
    return {};
}

void pubsub::stop() {
    auto& s = *state_;
    if (!s.scope) return;
    s.scope.reset();
    for (auto each = s.processes.rbegin(); each != s.processes.rend(); ++each) s.here.exit(*each, term{atom{"kill"}});
    s.processes.clear();
}

result<void> pubsub::subscribe(const pid& who, std::string_view topic) {
    expect_first_worker();
    auto& s = *state_;
    if (who.node != s.here.name())
        return error{sedge::errc::invalid_argument, "subscribe: " + to_string(who) + " is not of this node"};
    if (s.local.size() >= limits::pubsub_subscriptions_max)
        return error{sedge::errc::limit_exceeded, "subscribe: pubsub_subscriptions_max"};
    if (s.local.add(who, topic) && !s.watched.contains(who)) s.watch(who);
    return {};
}

bool pubsub::unsubscribe(const pid& who, std::string_view topic) {
    expect_first_worker();
    const auto was_last = state_->local.remove(who, topic);
    if (was_last.value_or(false)) state_->unwatch(who);
    return was_last.has_value();
}

void pubsub::broadcast(std::string_view topic, const term& message) {
    state_->send_to_others(topic, message);
    local_broadcast(topic, message);
}

void pubsub::broadcast_from(const pid& from, std::string_view topic, const term& message) {
    state_->send_to_others(topic, message);
    local_broadcast_from(from, topic, message);
}

void pubsub::local_broadcast(std::string_view topic, const term& message) {
    expect_first_worker();
    state_->dispatch(state_->own_dispatcher, topic, message, std::nullopt);
}

void pubsub::local_broadcast_from(const pid& from, std::string_view topic, const term& message) {
    expect_first_worker();
    state_->dispatch(state_->own_dispatcher, topic, message, from);
}

void pubsub::direct_broadcast(const atom& node, std::string_view topic, const term& message) {
    expect_first_worker();
    if (node == state_->here.name()) return local_broadcast(topic, message);
    state_->here.send(registered{state_->worker_name(0), node}, state_->forward(topic, message));
}

void pubsub::dispatch_by(const atom& module, dispatcher how) {
    state_->dispatchers.insert_or_assign(module, std::move(how));
}

void pubsub::send_with(const atom& module) { state_->own_dispatcher = module; }

std::vector<pid> pubsub::subscribers(std::string_view topic) const {
    expect_first_worker();
    return state_->local.of(topic);
}

std::vector<atom> pubsub::nodes() const {
    std::vector<atom> names;
    if (!state_->scope) return names;
    for (const auto& member : state_->scope->members(atom{state_->adapter}))
        if (member.node != state_->here.name()) names.push_back(member.node);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

} // namespace sedge::otp
