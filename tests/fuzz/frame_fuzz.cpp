// SPDX-License-Identifier: Apache-2.0
//
// What a connected peer can send: a byte that chooses the flags, then packets as they stand in the stream. Whatever is
// understood must be understood the same way when we send it, and on the short ways: messages that begin as the one
// before, and parts that are read past the packets.
#include "dist/outgoing.hpp"

#include <sedge/base/assert.hpp>
#include <sedge/dist/packet.hpp>
#include <sedge/wire/framing.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

using namespace sedge;
using namespace sedge::dist;

namespace {

flags chosen_by(std::uint8_t selector) {
    flags chosen = announced(false);
    if ((selector & 1) != 0) chosen = chosen.without(capability::fragments);
    if ((selector & 2) != 0) chosen = chosen.without(capability::dist_hdr_atom_cache);
    if ((selector & 4) != 0) chosen = chosen.without(capability::exit_payload).without(capability::send_sender);
    return chosen;
}

byte_buffer encoded(const incoming& message, flags chosen) {
    outgoing out{chosen};
    out.push(message.control, message.payload ? &*message.payload : nullptr, nullptr);
    byte_buffer bytes;
    for (auto piece = out.front(); !piece.empty(); piece = out.front()) {
        bytes.insert(bytes.end(), piece.begin(), piece.end());
        out.consume(piece.size());
    }
    return bytes;
}

/// One packet on the long way.
struct long_way {
    packet_decoder& decoder;
    result<std::optional<incoming>> operator()(byte_view packet) { return decoder.feed(packet, time_point{}); }
};

/// One packet on the shortest way that takes it.
struct short_way {
    packet_decoder& decoder;
    result<std::optional<incoming>> operator()(byte_view packet) {
        term payload;
        if (const auto* again = decoder.feed_again(packet, payload))
            return std::optional<incoming>{incoming{*again, std::move(payload)}};
        const auto space = decoder.open_part(packet.first(packet.size() / 2), packet.size());
        if (space.empty()) return decoder.feed(packet, time_point{});
        std::copy_n(packet.end() - static_cast<std::ptrdiff_t>(space.size()), space.size(), space.begin());
        return decoder.close_part();
    }
};

/// Feeds whole packets, and calls `on_message` for each that is complete. False if the connection would be closed.
template <class Way, class OnMessage>
bool feed(byte_view stream, Way way, OnMessage on_message) {
    wire::frame_reader frames{wire::frame_width::four, limits::frame_bytes_max};
    while (!stream.empty()) {
        const auto space = frames.prepare();
        const auto count = std::min(space.size(), stream.size());
        std::copy_n(stream.begin(), count, space.begin());
        frames.commit(count);
        stream = stream.subspan(count);
        for (;;) {
            const auto packet = frames.next();
            if (!packet) return false;
            if (!*packet) break;
            auto message = way(**packet);
            if (!message) return false;
            if (*message) on_message(std::move(**message));
        }
    }
    return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const flags chosen = chosen_by(data[0]);
    packet_decoder decoder{chosen};
    std::vector<byte_buffer> messages;
    const bool is_good = feed({data + 1, size - 1}, long_way{decoder}, [&](const incoming& message) {
        SEDGE_ASSERT(message.payload.has_value() == has_payload(message.control));
        static_cast<void>(violation(message.control, atom{"b@127.0.0.1"}, atom{"a@127.0.0.1"}));
        if (!is_expressible(message.control, chosen)) return;
        const auto bytes = encoded(message, chosen);
        messages.push_back(bytes);
        packet_decoder again{chosen};
        std::size_t heard = 0;
        const bool understood = feed(bytes, long_way{again}, [&](const incoming& back) {
            ++heard;
            SEDGE_ASSERT(encoded(back, chosen) == bytes);
        });
        SEDGE_ASSERT(understood);
        SEDGE_ASSERT(heard == 1);
    });

    packet_decoder shorter{chosen};
    std::size_t heard = 0;
    const bool is_good_too = feed({data + 1, size - 1}, short_way{shorter}, [&](const incoming& message) {
        if (!is_expressible(message.control, chosen)) return;
        SEDGE_ASSERT(heard < messages.size() && encoded(message, chosen) == messages[heard]);
        ++heard;
    });
    SEDGE_ASSERT(is_good == is_good_too && heard == messages.size());
    return 0;
}
