// SPDX-License-Identifier: Apache-2.0
//
// What anybody on the network segment can send: read as a plain heartbeat, and as an encrypted one. Whoever is named
// must have a node name, and be named again by the heartbeat that we would send for it.
#include <sedge/base/assert.hpp>
#include <sedge/cluster/gossip_packet.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

using namespace sedge;
using namespace sedge::cluster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const gossip_cipher cipher{"password"};
    const byte_view datagram{data, size};
    if (auto heard = decode_heartbeat(datagram)) {
        SEDGE_ASSERT(node_name::parse(heard->full.text()).has_value());
        auto again = decode_heartbeat(encode_heartbeat(heard->full.text()));
        SEDGE_ASSERT(again && again->full == heard->full);
    }
    if (auto plain = cipher.open(datagram)) {
        gossip_cipher::iv iv;
        std::copy_n(data, iv.size(), iv.begin());
        auto sealed = cipher.seal(*plain, iv);
        SEDGE_ASSERT(std::equal(sealed.begin(), sealed.end(), datagram.begin(), datagram.end()));
    }
    static_cast<void>(cipher.decode_heartbeat(cipher.seal(datagram, {})));
    return 0;
}
