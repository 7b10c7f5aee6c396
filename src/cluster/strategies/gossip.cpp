// SPDX-License-Identifier: Apache-2.0
//
// The driver of gossip: a socket, a heartbeat at once and then after 1 to 5000 ms each (uniform, as libcluster), and
// what others send. What a datagram must look like is in gossip_packet.cpp, who may speak in gossip_gate.cpp, who is
// dialled when in reconciler.cpp.
//
// Nobody is answered by UDP, with one exception: who is heard anew, and was dialled in vain a moment ago, has probably
// been started again. It may not be dialled before a second has passed, so one heartbeat more lets it dial us. It goes
// to the group as all do, and at most one a second, so that forged names cannot make us shout.
//
// A heartbeat is for those who do not know us. While all who speak are connected and nothing new is heard, many nodes
// speak the more seldom the more they are, together about twice a second: each heartbeat goes to all, so what they
// cost would grow with the square. Whatever is new, or lost, lets each speak again within the usual time.
//
// Nothing here ends the strategy: without a network the socket is tried again, and it is opened anew when the
// addresses of this machine change, because a membership does not follow them.
#include "cluster/gossip_gate.hpp"
#include "cluster/heartbeat_memory.hpp"
#include "cluster/multicast_socket.hpp"
#include "cluster/strategies/builtin.hpp"
#include "cluster/strategies/gossip_options.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/cluster/gossip_packet.hpp>
#include <sedge/cluster/strategies/gossip.hpp>
#include <sedge/wire/batches.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <array>

namespace sedge::cluster {
namespace {

constexpr milliseconds heartbeat_least{1};
constexpr milliseconds heartbeat_most{5000};
constexpr milliseconds answer_most{20}; // spread, since all who had lost a node answer it
constexpr seconds answer_pause{1};
constexpr seconds reopen_pause{5};
// After a datagram that is not read nothing is for `flood_pause`, at the most every `flood_read`: of 50,000 a second
// 100 wait then, and the socket holds more.
constexpr milliseconds flood_pause{2};
constexpr milliseconds flood_read{1};
constexpr std::size_t secret_advised_bytes = 16;
// While nobody is missing and nothing but heartbeats that were heard before has come for a while, they may wait to be
// read together. Not while a cluster forms: the next one to come would wait, too. Nor in a flood: what does not fit
// into the socket is lost, and who is new would be lost among the rest.
constexpr milliseconds batch_time{200};
constexpr milliseconds batch_time_of_many{2000}; // a wake of a program costs far more than to read a heartbeat does
constexpr std::size_t many = 16;
constexpr seconds calm_time{2};
constexpr std::size_t usual_speakers = 4; // so many together speak about 1.6 times a second
constexpr std::size_t slower_most = 12;   // a minute between two heartbeats

std::string counter_of(const error& failure) {
    if (failure.code() == gossip_errc::too_long) return "gossip_dropped_too_long";
    if (failure.code() == gossip_errc::not_gossip) return "gossip_dropped_not_gossip";
    if (failure.code() == gossip_errc::malformed) return "gossip_dropped_malformed";
    if (failure.code() == gossip_errc::no_node) return "gossip_dropped_no_node";
    if (failure.code() == gossip_errc::bad_name) return "gossip_dropped_bad_name";
    return "gossip_dropped_undecryptable";
}

class gossip final : public strategy {
public:
    explicit gossip(gossip_strategy options) : options_(std::move(options)) {
        if (options_.secret) cipher_.emplace(*options_.secret);
    }
    std::string_view name() const noexcept override { return "gossip"; }
    task<> run(strategy_context& topology) override;

private:
    task<> send_until_network_changes(strategy_context& topology, wire::datagram_socket& through, gossip_gate& gate,
                                      const bool& receiver_ended);
    task<> receive(strategy_context& topology, wire::datagram_socket& from, gossip_gate& gate, bool& ended);
    task<> read_at_once_after_losses(strategy_context& topology, wire::datagram_socket& from);
    void send(strategy_context& topology, wire::datagram_socket& through);
    task<> wait_to_speak(strategy_context& topology);
    void settle(strategy_context& topology, wire::datagram_socket& from, bool is_news);
    void end_calm(wire::datagram_socket& from);
    task<> answer(strategy_context& topology, wire::datagram_socket& through);
    [[nodiscard]] byte_buffer heartbeat(strategy_context& topology) const;
    bool take(strategy_context& topology, byte_view datagram);
    const heartbeat_memory::speaker* read(strategy_context& topology, byte_view plain);
    [[nodiscard]] bool is_trusted(std::string_view node) const;

    gossip_strategy options_;
    std::optional<gossip_cipher> cipher_;
    heartbeat_memory memory_{limits::topology_nodes_max};
    std::string last_failure_; // of sending
    time_point answered_at_{};
    bool must_answer_ = false; // somebody that was heard just now
    bool is_calm_ = false;
    time_point news_at_{};
    std::optional<duration> batch_time_; // as the socket was told
    std::optional<event> calm_ended_;    // set for a moment
};

task<> gossip::run(strategy_context& topology) {
    if (options_.secret && options_.secret->size() < secret_advised_bytes)
        topology.log(log_level::warning, "the gossip secret is short, and packets let it be guessed offline: "
                                         "use 32 random characters");
    std::string last_failure;
    for (;;) {
        auto opened = open_multicast(topology, socket_of(options_));
        if (opened) {
            last_failure.clear();
            auto through = std::move(*opened);
            gossip_gate gate{options_.multicast_addr, options_.broadcast_only};
            gate.interfaces_are(topology.env().net().interfaces());
            bool receiver_ended = false;
            last_failure_.clear();
            is_calm_ = false;
            news_at_ = topology.env().now();
            batch_time_.reset();
            calm_ended_.emplace(topology.env());
            nursery receiver; // ends with this block
            receiver.start(receive(topology, *through, gate, receiver_ended));
            receiver.start(read_at_once_after_losses(topology, *through));
            auto sending = send_until_network_changes(topology, *through, gate, receiver_ended);
            co_await std::move(sending);
            continue;
        }
        auto failure = "gossip cannot use UDP port " + std::to_string(options_.port) + ": " + opened.error().message();
        if (failure != last_failure) topology.log(log_level::warning, printable(failure) + "; it is tried again");
        last_failure = failure;
        auto pause = sleep_for(topology.env(), reopen_pause);
        co_await std::move(pause);
    }
}

task<> gossip::send_until_network_changes(strategy_context& topology, wire::datagram_socket& through, gossip_gate& gate,
                                          const bool& receiver_ended) {
    auto& env = topology.env();
    auto interfaces = env.net().interfaces();
    while (!receiver_ended) {
        send(topology, through);
        auto waiting = wait_to_speak(topology);
        co_await std::move(waiting);

        auto now_there = env.net().interfaces();
        if (!same_addresses(interfaces, now_there)) {
            topology.log(log_level::info, "addresses of this machine have changed; gossip starts anew");
            co_return;
        }
        gate.interfaces_are(now_there);
    }
}

void gossip::send(strategy_context& topology, wire::datagram_socket& through) {
    const wire::endpoint group{options_.multicast_addr, options_.port};
    const auto packet = heartbeat(topology);
    const auto sent = through.send(group, packet);
    topology.count(sent ? "gossip_sent" : "gossip_send_failed");
    topology.log(log_level::debug, "heartbeat");
    auto failure = sent ? std::string{} : sent.error().message();
    if (!failure.empty() && failure != last_failure_)
        topology.log(log_level::warning, "gossip cannot send to " + to_string(group) + ": " + printable(failure));
    last_failure_ = std::move(failure);
}

/// A pause that began in calm ends as if it had begun when the calm ended.
task<> gossip::wait_to_speak(strategy_context& topology) {
    auto& env = topology.env();
    const auto slower = is_calm_ && memory_.size() >= many ? std::min(memory_.size() / usual_speakers, slower_most) : 1;
    const auto longest = heartbeat_most * static_cast<milliseconds::rep>(slower);
    const time_point due = env.now() + env.random_between(heartbeat_least, longest);
    auto news = calm_ended_->wait();
    auto calmly = detail::finishes_before(env, due, std::move(news));
    const bool is_news = co_await std::move(calmly);
    if (!is_news) co_return;
    const time_point sooner = env.now() + env.random_between(heartbeat_least, heartbeat_most);
    auto rest = sleep_until(env, std::min(due, sooner));
    co_await std::move(rest);
}

task<> gossip::answer(strategy_context& topology, wire::datagram_socket& through) {
    auto spread = sleep_for(topology.env(), topology.env().random_between(duration{}, answer_most));
    co_await std::move(spread);
    send(topology, through);
}

task<> gossip::read_at_once_after_losses(strategy_context& topology, wire::datagram_socket& from) {
    for (;;) {
        auto lost = topology.loss();
        co_await std::move(lost);
        end_calm(from);
    }
}

/// After each datagram: how long the next ones may wait, and how often we speak.
void gossip::settle(strategy_context& topology, wire::datagram_socket& from, bool is_news) {
    const time_point now = topology.env().now();
    if (is_news) {
        news_at_ = now;
        return end_calm(from);
    }
    if (!is_calm_) is_calm_ = now - news_at_ >= calm_time && topology.is_complete();
    const duration longest = !is_calm_ ? milliseconds{0} : memory_.size() < many ? batch_time : batch_time_of_many;
    if (batch_time_ == longest) return;
    batch_time_ = longest;
    wire::set_batch_time(from, longest);
}

void gossip::end_calm(wire::datagram_socket& from) {
    batch_time_ = duration{};
    wire::set_batch_time(from, duration{});
    if (!std::exchange(is_calm_, false)) return;
    calm_ended_->set();
    calm_ended_->reset();
}

byte_buffer gossip::heartbeat(strategy_context& topology) const {
    auto self = topology.self().text();
    if (!cipher_) return encode_heartbeat(self);
    gossip_cipher::iv fresh;
    topology.env().random_bytes(fresh);
    return cipher_->encode_heartbeat(self, fresh);
}

task<> gossip::receive(strategy_context& topology, wire::datagram_socket& from, gossip_gate& gate, bool& ended) {
    std::array<std::uint8_t, limits::gossip_packet_bytes_max> buffer;
    time_point next_pause{};
    nursery answers;
    for (;;) {
        auto receiving = from.receive(buffer);
        auto arrived = co_await std::move(receiving);
        if (!arrived) break;
        const time_point now = topology.env().now();
        auto verdict = gate.judge(*arrived, now);
        bool is_known = false;
        if (verdict != gossip_gate::verdict::admitted) {
            topology.count("gossip_dropped_" + std::string{to_string(verdict)});
            // So a flood is read in batches: to wake up for each datagram costs more than to read it.
            if (topology.env().now() >= next_pause) {
                auto pause = sleep_for(topology.env(), flood_pause);
                co_await std::move(pause);
                next_pause = topology.env().now() + flood_read;
            }
        } else if (arrived->size > buffer.size()) {
            topology.count("gossip_dropped_too_long");
        } else {
            is_known = take(topology, byte_view{buffer}.first(arrived->size));
        }
        if (std::exchange(must_answer_, false) && now - answered_at_ >= answer_pause) {
            answered_at_ = now;
            answers.start(answer(topology, from));
        }
        settle(topology, from, !is_known);
    }
    ended = true;
}

/// Whether it is no news: a heartbeat that was heard before, or of somebody who is connected already.
bool gossip::take(strategy_context& topology, byte_view datagram) {
    byte_buffer opened;
    if (cipher_) {
        auto plain = cipher_->open(datagram);
        if (!plain) {
            topology.count(counter_of(plain.error()));
            return false;
        }
        opened = std::move(*plain);
        datagram = opened;
    }
    const auto* who = memory_.find(datagram);
    const bool is_known = who != nullptr;
    if (!who) who = read(topology, datagram);
    if (!who || who->is_self) return is_known;
    topology.count("gossip_heard");
    if (topology.env().log_to().least() <= log_level::debug)
        topology.log(log_level::debug, "received heartbeat from " + who->node.str());
    if (who->is_trusted) {
        topology.heard(who->node, trust::may_dial);
        must_answer_ = !is_calm_ && topology.must_wait(who->node);
        return is_known || topology.is_complete();
    }
    std::string section = "[topologies." + printable(topology.topology()) + "]";
    auto hint = options_.trust.empty()
                    ? "set trust = \"lan\" or a list of names in " + section + ", or a secret on all nodes"
                    : "no pattern of trust in " + section + " fits it";
    topology.heard(who->node, trust::discovered_only, hint);
    return is_known;
}

/// Null, and counted, if it is no heartbeat.
const heartbeat_memory::speaker* gossip::read(strategy_context& topology, byte_view plain) {
    auto heard = decode_heartbeat(plain);
    if (!heard) {
        topology.count(counter_of(heard.error()));
        return nullptr;
    }
    const bool is_self = heard->full == topology.self();
    return &memory_.remember(plain, {heard->full, is_self, is_trusted(heard->full.text())});
}

bool gossip::is_trusted(std::string_view node) const {
    if (options_.secret && options_.trust.empty()) return true;
    return std::ranges::any_of(options_.trust, [node](const auto& pattern) { return matches(pattern, node); });
}

result<std::unique_ptr<strategy>> from_settings(const topology_settings& settings) {
    auto options = gossip_options(settings);
    if (!options) return std::move(options).error();
    return make_strategy(*std::move(options));
}

} // namespace

result<gossip_strategy> gossip_options(const topology_settings& settings) {
    gossip_strategy options;
    option_reader config{settings.config};
    config.read("port", options.port);
    config.read("if_addr", options.if_addr);
    config.read("multicast_addr", options.multicast_addr);
    config.read("multicast_if", options.multicast_if);
    config.read("multicast_ttl", options.multicast_ttl);
    config.read("broadcast_only", options.broadcast_only);
    config.read("secret", options.secret);
    options.trust = trusted_patterns(settings.trust);
    if (options.broadcast_only && !options.multicast_addr.is_v4())
        return error{config_errc::bad_value, "there is no broadcast in IPv6; set multicast_addr to a group as "
                                             "\"ff02::5ed9:e\" and leave broadcast_only out"};
    if (options.if_addr.is_multicast() && options.if_addr != options.multicast_addr)
        return error{config_errc::bad_value, "if_addr is a group, but not that of multicast_addr"};
    if (!options.broadcast_only && !options.multicast_addr.is_multicast())
        return error{config_errc::bad_value, "multicast_addr " + to_string(options.multicast_addr) +
                                                 " is no multicast address; for a broadcast address set "
                                                 "broadcast_only = true"};
    return options;
}

// `if_addr` with an address of this machine means that interface; the socket is never bound to it, since Linux gives
// a socket bound to a unicast address no multicast. See docs/decisions/0005-gossip-if-addr.md.
multicast_settings socket_of(const gossip_strategy& options) {
    multicast_settings out;
    out.purpose = "gossip";
    out.port = options.port;
    out.group = options.multicast_addr;
    out.ttl = options.multicast_ttl;
    out.broadcast_only = options.broadcast_only;
    out.interface = options.multicast_if;
    const auto& if_addr = options.if_addr;
    if (if_addr.is_multicast())
        out.bind = if_addr;
    else if (!if_addr.is_unspecified() && if_addr != wire::ip_address::any_v4() && !out.interface)
        out.interface = if_addr;
    return out;
}

std::unique_ptr<strategy> make_strategy(gossip_strategy options) {
    return std::make_unique<gossip>(std::move(options));
}

strategy_definition gossip_definition() {
    using type = strategy_option::type;
    const gossip_strategy usual;
    strategy_definition out;
    out.name = "gossip";
    out.libcluster_module = "Cluster.Strategy.Gossip";
    out.description =
        "Nodes announce themselves by UDP multicast or broadcast, in libcluster's format. A node that appears joins; "
        "one that comes back rejoins. Without `secret` anybody on the network segment can announce any name, so only "
        "nodes that `trust` allows are dialled (`\"lan\"`: all; or a list of patterns such as `\"node*@10.0.0.*\"`); "
        "others are shown as discovered.";
    out.takes_trust = true;
    out.options = {
        {"port", type::integer, std::to_string(usual.port), "UDP port to listen on and to send to", 1, 65535},
        {"if_addr", type::address, quoted(to_string(usual.if_addr)),
         "`0.0.0.0`, `::`, the group, or an address of this machine, which then chooses the interface as "
         "`multicast_if` "
         "does"},
        {"multicast_addr", type::address, quoted(to_string(usual.multicast_addr)),
         "the group, of IPv4 or IPv6 (`ff02::5ed9:e`, say); with `broadcast_only` the IPv4 broadcast address"},
        {"multicast_if", type::address, "",
         "an address of the interface to send and join on; without it the kernel chooses, and where it has no route "
         "the interface of the node's own address is taken"},
        {"multicast_ttl", type::integer, std::to_string(usual.multicast_ttl),
         "how many routers a packet may pass, plus 1", 0, 255},
        {"broadcast_only", type::boolean, "false", "broadcast instead of multicast"},
        {"secret", type::text, "",
         "encrypts packets, and reads only such as were encrypted with it; use 32 random characters, equal on all "
         "nodes"},
    };
    out.make = from_settings;
    return out;
}

} // namespace sedge::cluster
