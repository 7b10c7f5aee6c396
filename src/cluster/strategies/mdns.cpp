// SPDX-License-Identifier: Apache-2.0
//
// The driver of multicast DNS: sockets, questions, answers. What is said and what a datagram means is in mdns.cpp of
// the folder above; who may speak is in gossip_gate.cpp.
//
// Questions go out at the start, 1 and 3 s later (a switch that just came up drops the first ones), then once every
// `query_interval` among all nodes: who hears another ask need not ask. Answers are as seldom as one a second, a random
// 20 to 120 ms after the question. Without a network the sockets are tried again; they are opened anew when the
// addresses of this machine change, because a membership does not follow them.
#include "cluster/gossip_gate.hpp"
#include "cluster/multicast_socket.hpp"
#include "cluster/strategies/builtin.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/cluster/limits.hpp>
#include <sedge/cluster/mdns.hpp>
#include <sedge/cluster/strategies/mdns.hpp>
#include <sedge/epmd/client.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace sedge::cluster {
namespace {

constexpr seconds reopen_pause{5};
constexpr seconds look_around{1}; // how often due questions and changed addresses are looked for
constexpr int hops = 255;         // RFC 6762 section 11
constexpr milliseconds answer_delay_least{20};
constexpr milliseconds answer_delay_most{120};
constexpr seconds answer_gap{1};

/// One socket and its group.
struct mdns_channel {
    multicast_socket socket;
    wire::endpoint group;
    gossip_gate gate;
    bool ended = false;
};

/// What goes on between opening the sockets and closing them. Says goodbye when it ends, also when the strategy is
/// stopped: sending never waits.
class conversation {
public:
    conversation(strategy_context& topology, mdns_instance self) : topology_(topology), self_(std::move(self)) {}
    conversation(const conversation&) = delete;
    ~conversation() { say(encode_mdns_announcement(self_, true)); }

    void say(const byte_buffer& packet) {
        for (auto& channel : channels) {
            auto sent = channel->socket->send(channel->group, packet);
            topology_.count(sent ? "mdns_sent" : "mdns_send_failed");
        }
    }
    [[nodiscard]] const mdns_instance& self() const noexcept { return self_; }

    std::vector<std::unique_ptr<mdns_channel>> channels;
    time_point next_query{};
    std::optional<time_point> last_answer;
    bool begins = true; // the first questions are asked whoever else asks
    bool told_of_namesake = false;

private:
    strategy_context& topology_;
    mdns_instance self_;
};

class mdns final : public strategy {
public:
    explicit mdns(mdns_strategy options) : options_(std::move(options)) {}
    std::string_view name() const noexcept override { return "mdns"; }
    task<> run(strategy_context& topology) override;

private:
    result<void> open(strategy_context& topology, conversation& talk) const;
    [[nodiscard]] mdns_instance instance(strategy_context& topology) const;
    task<> speak(strategy_context& topology, conversation& talk) const;
    task<> listen(strategy_context& topology, conversation& talk, mdns_channel& on) const;
    task<> answer(strategy_context& topology, conversation& talk, mdns_channel& on, wire::endpoint asker,
                  byte_buffer packet, bool by_unicast) const;
    /// Varies, so that one asks before the others do.
    [[nodiscard]] duration usual_pause(environment& env) const {
        const duration usual = options_.query_interval;
        return env.random_between(usual - usual / 10, usual + usual / 10);
    }
    void take(strategy_context& topology, conversation& talk, const mdns_hearing& heard) const;

    mdns_strategy options_;
};

mdns_instance mdns::instance(strategy_context& topology) const {
    mdns_instance out;
    out.node = topology.self().str();
    out.port = options_.epmd_port ? options_.epmd_port : epmd::usual_port();
    const auto host = std::string_view{out.node}.substr(out.node.find('@') + 1);
    if (auto own = wire::ip_address::parse(host)) {
        out.addresses = {*own};
        return out;
    }
    for (const auto& i : topology.env().net().interfaces())
        if (i.up && !i.address.is_loopback()) out.addresses.push_back(i.address);
    return out;
}

result<void> mdns::open(strategy_context& topology, conversation& talk) const {
    const std::array<std::uint8_t, 16> v6_group{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb};
    std::optional<error> failure;
    const auto try_group = [&](const wire::ip_address& group) {
        multicast_settings how;
        how.purpose = "mdns";
        how.port = options_.port;
        how.group = group;
        how.interface = options_.multicast_if;
        how.ttl = hops;
        if (group.is_v4()) how.bind = group; // so that unicast goes to the responder that runs here already
        auto opened = open_multicast(topology, how);
        if (!opened) {
            if (!failure || group.is_v4()) failure = opened.error();
            return;
        }
        talk.channels.push_back(std::make_unique<mdns_channel>(
            mdns_channel{*std::move(opened), {group, options_.port}, gossip_gate{group, false}}));
    };
    if (options_.ipv4) try_group(wire::ip_address::v4(224, 0, 0, 251));
    if (options_.ipv6) try_group(wire::ip_address::v6(v6_group));
    if (talk.channels.empty()) return failure.value_or(error{errc::invalid_argument, "neither ipv4 nor ipv6 is set"});
    return {};
}

task<> mdns::run(strategy_context& topology) {
    std::string last_failure;
    for (;;) {
        {
            conversation talk{topology, instance(topology)};
            auto opened = open(topology, talk);
            if (opened) {
                last_failure.clear();
                nursery listeners; // ends with this block, before the sockets
                for (auto& channel : talk.channels) listeners.start(listen(topology, talk, *channel));
                auto speaking = speak(topology, talk);
                co_await std::move(speaking);
                continue;
            }
            auto failure = "mdns cannot use UDP port " + std::to_string(options_.port) + ": " +
                           printable(opened.error().message());
            if (failure != last_failure) topology.log(log_level::warning, failure + "; it is tried again");
            last_failure = std::move(failure);
        }
        auto pause = sleep_for(topology.env(), reopen_pause);
        co_await std::move(pause);
    }
}

task<> mdns::speak(strategy_context& topology, conversation& talk) const {
    auto& env = topology.env();
    const auto interfaces = env.net().interfaces();
    const auto began = env.now();
    talk.next_query = began;
    for (int asked = 0;;) {
        if (env.now() >= talk.next_query) {
            talk.say(encode_mdns_query());
            topology.count("mdns_asked");
            ++asked;
            talk.next_query = env.now() + (asked <= 2 ? duration{seconds{asked}} : usual_pause(env));
            talk.begins = asked <= 2;
            if (asked <= 2) talk.say(encode_mdns_announcement(talk.self()));
        }
        auto pause = sleep_until(env, std::min(talk.next_query, env.now() + look_around));
        co_await std::move(pause);

        const auto now_there = env.net().interfaces();
        if (!same_addresses(interfaces, now_there)) {
            topology.log(log_level::info, "addresses of this machine have changed; mdns starts anew");
            co_return;
        }
        for (auto& channel : talk.channels) {
            if (channel->ended) co_return;
            channel->gate.interfaces_are(now_there);
        }
    }
}

task<> mdns::listen(strategy_context& topology, conversation& talk, mdns_channel& on) const {
    auto& env = topology.env();
    on.gate.interfaces_are(env.net().interfaces());
    std::vector<std::uint8_t> buffer(limits::mdns_packet_bytes_max);
    nursery answers; // ends with this frame
    for (;;) {
        auto receiving = on.socket->receive(buffer);
        auto arrived = co_await std::move(receiving);
        if (!arrived) break;
        auto verdict = on.gate.judge(*arrived, env.now());
        if (verdict != gossip_gate::verdict::admitted) {
            topology.count("mdns_dropped_" + std::string{to_string(verdict)});
            continue;
        }
        const auto bytes = byte_view{buffer}.first(std::min(arrived->size, buffer.size()));
        auto heard = arrived->size > buffer.size() ? result<mdns_hearing>{error{errc::limit_exceeded}}
                                                   : hear_mdns(talk.self(), bytes, arrived->from.port == options_.port);
        if (!heard) {
            topology.count("mdns_dropped_malformed");
            continue;
        }
        take(topology, talk, *heard);
        if (!heard->answer || (talk.last_answer && env.now() - *talk.last_answer < answer_gap)) continue;
        talk.last_answer = env.now();
        answers.start(answer(topology, talk, on, arrived->from, *std::move(heard->answer), heard->answer_by_unicast));
    }
    on.ended = true;
}

task<> mdns::answer(strategy_context& topology, conversation& talk, mdns_channel& on, wire::endpoint asker,
                    byte_buffer packet, bool by_unicast) const {
    auto& env = topology.env();
    auto pause = sleep_for(env, env.random_between(answer_delay_least, answer_delay_most));
    co_await std::move(pause);
    topology.count("mdns_answered");
    if (by_unicast)
        (void)on.socket->send(asker, packet); // lost or not: the asker asks again
    else
        talk.say(packet);
}

void mdns::take(strategy_context& topology, conversation& talk, const mdns_hearing& heard) const {
    // Our own question comes back to us as well, right away.
    const auto due = topology.env().now() + usual_pause(topology.env());
    if (heard.asked_who_is_there && !talk.begins && due > talk.next_query + options_.query_interval / 4)
        talk.next_query = due;
    if (heard.somebody_has_our_name && !std::exchange(talk.told_of_namesake, true))
        topology.log(log_level::warning, "another machine announces a node with our name " + topology.self().str());
    for (std::size_t i = 0; i < heard.bad_names; ++i) topology.count("mdns_dropped_bad_name");
    for (const auto& [node, leaving] : heard.nodes) {
        topology.count(leaving ? "mdns_left" : "mdns_heard");
        const bool is_trusted =
            std::ranges::any_of(options_.trust, [&](const auto& pattern) { return matches(pattern, node.text()); });
        if (leaving) {
            if (is_trusted) topology.gone(node);
        } else if (is_trusted) {
            topology.heard(node, trust::may_dial);
        } else {
            const auto section = "[topologies." + printable(topology.topology()) + "]";
            topology.heard(node, trust::discovered_only,
                           options_.trust.empty() ? "set trust = \"lan\" or a list of names in " + section
                                                  : "no pattern of trust in " + section + " fits it");
        }
    }
}

result<std::unique_ptr<strategy>> from_settings(const topology_settings& settings) {
    mdns_strategy options;
    option_reader config{settings.config};
    config.read("multicast_if", options.multicast_if);
    config.read("port", options.port);
    config.read("ipv4", options.ipv4);
    config.read("ipv6", options.ipv6);
    config.read("query_interval", options.query_interval);
    options.trust = trusted_patterns(settings.trust);
    options.epmd_port = settings.epmd_port;
    if (!options.ipv4 && !options.ipv6) return error{config_errc::bad_value, "one of ipv4 and ipv6 must be true"};
    return make_strategy(std::move(options));
}

} // namespace

std::unique_ptr<strategy> make_strategy(mdns_strategy options) { return std::make_unique<mdns>(std::move(options)); }

strategy_definition mdns_definition() {
    using type = strategy_option::type;
    const mdns_strategy usual;
    strategy_definition out;
    out.name = "mdns";
    out.description =
        "Nodes announce themselves by multicast DNS as services `_sedge._tcp.local` and look for such; Avahi's and "
        "Apple's tools show them. Not in libcluster. It needs no other responder and goes along with one. Anybody on "
        "the network segment can announce any name, so only nodes that `trust` allows are dialled (`\"lan\"`: all; or "
        "a list of patterns such as `\"node*@10.0.0.*\"`); others are shown as discovered. A node that leaves says "
        "so.";
    out.takes_trust = true;
    out.options = {
        {"multicast_if", type::address, "",
         "an address of the interface to use; without it the kernel chooses, and where it has no route the interface "
         "of the node's own address is taken"},
        {"port", type::integer, std::to_string(usual.port), "UDP port; others than 5353 are for tests", 1, 65535},
        {"ipv4", type::boolean, "true", "speak in the group 224.0.0.251"},
        {"ipv6", type::boolean, "true", "speak in the group ff02::fb"},
        {"query_interval", type::integer, std::to_string(usual.query_interval.count()),
         "milliseconds between two questions who is there, of all nodes together", 1000, 3'600'000},
    };
    out.make = from_settings;
    return out;
}

} // namespace sedge::cluster
