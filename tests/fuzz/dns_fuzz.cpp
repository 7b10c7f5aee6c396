// SPDX-License-Identifier: Apache-2.0
//
// What a name server, or anybody in a multicast group, can send: read as an answer to a question of ours, and as
// multicast DNS. What was read once is read the same when we write it; nodes that were heard have node names.
#include <sedge/base/assert.hpp>
#include <sedge/cluster/mdns.hpp>
#include <sedge/dist/node_name.hpp>

#include <cstddef>
#include <cstdint>

using namespace sedge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const cluster::mdns_instance self{"a@10.0.0.1", 4369, {wire::ip_address::v4(10, 0, 0, 1)}};
    const byte_view bytes{data, size};
    if (auto message = wire::decode_dns_message(bytes)) {
        const auto written = wire::encode_dns_message(*message);
        auto again = wire::decode_dns_message(written);
        // Without compression a message may become longer than one can be.
        SEDGE_ASSERT(again || written.size() > 65'535);
        if (again) SEDGE_ASSERT(*again == *message);
    }
    for (auto type : {wire::dns_type::a, wire::dns_type::srv}) static_cast<void>(wire::dns_answers(bytes, type));
    for (bool from_multicast_port : {true, false}) {
        auto heard = cluster::hear_mdns(self, bytes, from_multicast_port);
        if (!heard) continue;
        for (const auto& sighting : heard->nodes) SEDGE_ASSERT(node_name::parse(sighting.node.text()).has_value());
        if (heard->answer) SEDGE_ASSERT(wire::decode_dns_message(*heard->answer).has_value());
    }
    return 0;
}
