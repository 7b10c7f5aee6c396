// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/otp/pg_limits.hpp>
#include <sedge/process/process.hpp>
#include <sedge/term/term.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sedge::otp {

class pg;

struct pubsub_options {
    /// How many processes take what other nodes broadcast, at first: there are soon as many as another node has
    /// (`pool_size` or `broadcast_pool_size` in Elixir), since what is sent to those beyond would be lost.
    /// Phoenix.PubSub's default.
    std::size_t pool_size = 1;
};

/// Messages by topic to all who subscribed, on all nodes: Phoenix.PubSub with its adapter `PG2`.
///
///     otp::pubsub events{app.node(), app.kernel().pg(), "MyApp.PubSub"};   // {Phoenix.PubSub, name: MyApp.PubSub}
///     events.start();
///     events.subscribe(self.self(), "rooms:1");
///     events.broadcast("rooms:1", std::tuple{"measured"_atom, 21.5});
///
/// Subscribers, C++ or Elixir, get the message as it is. Nothing says that it arrives: a node that is not connected
/// misses it. Broadcasts of one node arrive in order.
///
/// Life:    after `pg` and before the node ends; destroying it stops it.
/// Threads: only on the node's thread.
class pubsub {
public:
    /// Gives `message` to these subscribers of a topic, a process once for each time it subscribed; `from` is left out.
    using dispatcher = std::function<void(node& here, std::span<const pid> subscribers, const term& message)>;

    /// `name` as Elixir writes the module: `MyApp.PubSub`.
    pubsub(node& on, pg& groups, std::string_view name, pubsub_options options = {});
    ~pubsub();
    pubsub(const pubsub&) = delete;
    pubsub& operator=(const pubsub&) = delete;

    /// Registers the process `MyApp.PubSub.Adapter`, which takes the messages of other nodes.
    /// Errors: errc::invalid_argument if the name is taken, is none, or the pool size is 0;
    ///         errc::limit_exceeded above `limits::pubsub_pool_size_max`.
    result<void> start();
    void stop();

    /// From now on `who`, a process of this node, gets what is broadcast to the topic, until it ends. One that
    /// subscribes twice gets each message twice.
    /// Errors: errc::invalid_argument if it is a process of another node, errc::limit_exceeded.
    result<void> subscribe(const pid& who, std::string_view topic);
    /// Ends all subscriptions of the process to that topic; false if there was none.
    bool unsubscribe(const pid& who, std::string_view topic);

    /// To all subscribers on all nodes.
    void broadcast(std::string_view topic, const term& message);
    /// To all but `from`.
    void broadcast_from(const pid& from, std::string_view topic, const term& message);
    /// To those of this node.
    void local_broadcast(std::string_view topic, const term& message);
    void local_broadcast_from(const pid& from, std::string_view topic, const term& message);
    /// To those of one node, which is dialled if it is not connected.
    void direct_broadcast(const atom& node, std::string_view topic, const term& message);

    /// A message can name a module that gives it to subscribers in its own way (`Phoenix.Channel.Server`). This says
    /// what is done here for messages that name `module`; without it they are sent as they are.
    void dispatch_by(const atom& module, dispatcher how);
    /// The module that our own broadcasts name from now on; at first `Phoenix.PubSub`.
    void send_with(const atom& module);

    /// Subscribers of this node, a process once for each subscription.
    [[nodiscard]] std::vector<pid> subscribers(std::string_view topic) const;
    /// Other nodes that broadcasts go to, sorted.
    [[nodiscard]] std::vector<atom> nodes() const;

    struct state; // src/otp/pubsub/pubsub.cpp

private:
    std::shared_ptr<state> state_;
};

} // namespace sedge::otp
