// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/clock.hpp>
#include <sedge/base/result.hpp>
#include <sedge/term/atom.hpp>
#include <sedge/wire/dns_message.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Nodes as services of DNS-SD on multicast DNS (core): what is announced, what is answered, what is heard.
/// The protocol is told at the head of src/cluster/mdns.cpp and in docs/protocol/mdns.md.
namespace sedge::cluster {

inline constexpr std::string_view mdns_service_type = "_sedge._tcp.local";

/// What a node tells about itself.
struct mdns_instance {
    std::string node;                        ///< `node1@10.0.0.5`; also the name of the instance.
    std::uint16_t port = 0;                  ///< Of its machine's port mapper.
    std::vector<wire::ip_address> addresses; ///< Of its machine.
};

/// The instance's full name: `node1@10\.0\.0\.5._sedge._tcp.local`. One label has 63 bytes; of a longer node name it
/// holds the beginning and a digest, and the TXT record holds the name.
std::string mdns_instance_name(std::string_view node);

/// An unasked announcement; `leaving`: that the instance is gone.
byte_buffer encode_mdns_announcement(const mdns_instance& self, bool leaving = false);

/// "Who is there?"
byte_buffer encode_mdns_query();

/// What was heard of a node.
struct mdns_sighting {
    atom node;
    bool leaving = false;
    friend bool operator==(const mdns_sighting&, const mdns_sighting&) = default;
};

/// What a datagram means to us.
struct mdns_hearing {
    std::vector<mdns_sighting> nodes;   ///< At most `limits::mdns_instances_max`.
    std::optional<byte_buffer> answer;  ///< What we have to say to it.
    bool answer_by_unicast = false;     ///< To the sender alone: its port is not that of multicast DNS.
    bool asked_who_is_there = false;    ///< Somebody else asked our question; the answers are for us as well.
    bool somebody_has_our_name = false; ///< Another machine announces an instance with our name.
    std::size_t bad_names = 0;          ///< Instances whose name is no node name.
};

/// Reads a datagram and decides. `from_port`: the sender's; not `port` means a resolver that knows nothing of
/// multicast. Errors: errc::malformed, errc::limit_exceeded.
result<mdns_hearing> hear_mdns(const mdns_instance& self, byte_view datagram, bool from_multicast_port);

} // namespace sedge::cluster
