// SPDX-License-Identifier: Apache-2.0
#include "cluster/examine_multicast.hpp"

#include "cluster/multicast_socket.hpp"
#include "cluster/strategies/gossip_options.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/cluster/gossip_packet.hpp>
#include <sedge/cluster/limits.hpp>
#include <sedge/cluster/strategies.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <array>
#include <fstream>

namespace sedge::cluster {
namespace {

constexpr milliseconds echo_time{500}; // a packet to oneself takes microseconds

std::uint32_t mtu_of(const std::string& interface) {
    if (interface.find('/') != std::string::npos) return 0;
    std::ifstream file{"/sys/class/net/" + interface + "/mtu"};
    std::uint32_t mtu = 0;
    file >> mtu;
    return file ? mtu : 0;
}

/// Waits for the packet that holds `token`; others may come before it.
task<result<void>> hear(wire::datagram_socket& from, byte_buffer token) {
    std::array<std::uint8_t, 64> into{};
    for (;;) {
        auto receiving = from.receive(into);
        const auto got = co_await std::move(receiving);
        if (!got) co_return got.error();
        if (got->size == token.size() && std::equal(token.begin(), token.end(), into.begin())) co_return result<void>{};
    }
}

task<result<void>> hear_itself(environment& env, wire::interface_address on) {
    const gossip_strategy usual;
    const bool v4 = on.address.is_v4();
    const auto group = v4 ? usual.multicast_addr : *wire::ip_address::parse("ff02::5ed9:e");
    wire::datagram_options options;
    options.bind.address = v4 ? wire::ip_address::any_v4() : wire::ip_address::any_v6();
    options.multicast = wire::multicast_options{group, v4 ? on.address : wire::ip_address::v6({}, on.index), 1, true};
    auto opened = env.net().open_datagram(options);
    if (!opened) co_return opened.error();
    const auto socket = std::move(*opened);
    byte_buffer token(16);
    env.random_bytes(token);
    const auto sent = socket->send({group, socket->local().port}, token);
    if (!sent) co_return sent.error().within("sending to " + to_string(group));
    auto hearing = hear(*socket, token);
    auto bounded = with_deadline(env, env.now() + echo_time, std::move(hearing));
    auto heard = co_await std::move(bounded);
    if (!heard && heard.error() == make_error_code(errc::timed_out))
        co_return error{errc::timed_out, "a packet to " + to_string(group) + " was sent and did not come back"};
    co_return heard;
}

task<> examine_interface(environment& env, wire::interface_address on, interface_facts* into) {
    const auto begin = env.now();
    auto hearing = hear_itself(env, std::move(on));
    auto heard = co_await std::move(hearing);
    into->multicast = attempt{heard ? std::nullopt : std::optional{heard.error()}, env.now() - begin};
}

/// A strategy's view of the world for somebody who only listens.
class silent_context final : public strategy_context {
public:
    silent_context(environment& env, atom self, std::string topology)
        : env_(env), self_(std::move(self)), topology_(std::move(topology)) {}
    environment& env() noexcept override { return env_; }
    const atom& self() const noexcept override { return self_; }
    std::string_view topology() const noexcept override { return topology_; }
    void want(std::vector<atom>) override {}
    void heard(atom, trust, std::string_view) override {}
    void log(log_level, std::string_view) override {}
    void count(std::string_view) override {}

private:
    environment& env_;
    atom self_;
    std::string topology_;
};

/// Until it is cancelled.
task<> collect(wire::datagram_socket& from, std::optional<gossip_cipher> cipher, atom self, gossip_facts* into) {
    std::array<std::uint8_t, limits::gossip_packet_bytes_max> buffer;
    for (;;) {
        auto receiving = from.receive(buffer);
        const auto got = co_await std::move(receiving);
        if (!got) co_return;
        const byte_view packet{buffer.data(), std::min(got->size, buffer.size())};
        const auto name = cipher ? cipher->decode_heartbeat(packet) : decode_heartbeat(packet);
        if (!name) {
            ++into->unreadable;
        } else if (name->full != self && into->names.size() < limits::diagnosis_findings_max &&
                   std::ranges::find(into->names, name->full.str()) == into->names.end()) {
            into->names.push_back(name->full.str());
        }
    }
}

} // namespace

task<std::vector<interface_facts>> examine_interfaces(environment& env) {
    std::vector<interface_facts> out;
    std::vector<wire::interface_address> tried; // one for each of `out` that carries multicast; IPv4 where there is any
    auto all = env.net().interfaces();
    std::ranges::stable_sort(all, {}, [](const auto& each) { return !each.address.is_v4(); });
    for (const auto& each : all) {
        if (!each.up || each.address.is_loopback()) continue;
        auto at = std::ranges::find(out, each.name, &interface_facts::name);
        if (at == out.end()) {
            out.push_back({each.name, {}, mtu_of(each.name), {}});
            at = out.end() - 1;
            if (each.multicast) tried.push_back(each);
        }
        at->addresses.push_back(each.address);
    }
    nursery examinations;
    for (auto& each : out) {
        const auto on = std::ranges::find(tried, each.name, &wire::interface_address::name);
        if (on != tried.end()) examinations.start(examine_interface(env, *on, &each));
    }
    auto done = examinations.join();
    co_await std::move(done);
    co_return out;
}

task<gossip_facts> listen_for_gossip(environment& env, topology_settings settings, atom self) {
    gossip_facts out;
    out.topology = settings.name;
    out.listened = limits::gossip_listening_time;
    auto options = gossip_options(settings);
    if (!options) {
        out.failure = options.error();
        co_return out;
    }
    silent_context context{env, self, settings.name};
    auto opened = open_multicast(context, socket_of(*options));
    if (!opened) {
        out.failure = opened.error().within("UDP port " + std::to_string(options->port));
        co_return out;
    }
    const auto socket = std::move(*opened);
    std::optional<gossip_cipher> cipher;
    if (options->secret) cipher.emplace(*options->secret);
    nursery listener;
    listener.start(collect(*socket, std::move(cipher), std::move(self), &out));
    auto listening = sleep_for(env, limits::gossip_listening_time);
    co_await std::move(listening);
    listener.cancel();
    co_return out;
}

} // namespace sedge::cluster
