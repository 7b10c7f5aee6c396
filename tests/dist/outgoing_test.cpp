// SPDX-License-Identifier: Apache-2.0

#include "dist/outgoing.hpp"

#include <sedge/dist/packet.hpp>
#include <sedge/wire/framing.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

using namespace sedge;
using namespace sedge::dist;
using namespace sedge::literals;

namespace {

const flags all = announced(false);
const flags no_fragments = all.without(capability::fragments);
const flags pass_through = no_fragments.without(capability::dist_hdr_atom_cache);

pid sender(std::uint32_t id) { return {"a@h"_atom, id, 0, 1}; }
const pid receiver{"b@h"_atom, 1, 0, 1};

term big(std::size_t size, std::uint8_t fill = 'x') { return term{byte_buffer(size, fill)}; }

/// What one side writes, in pieces, and what the other makes of it.
struct Outgoing : testing::Test {
    outgoing out{all};
    packet_decoder decoder{all};
    wire::frame_reader frames{wire::frame_width::four, limits::frame_bytes_max};
    std::vector<incoming> heard;
    std::vector<std::size_t> packets; // their sizes

    void send(std::uint32_t from, term message) { out.push(control::send{sender(from), receiver}, &message, nullptr); }

    /// Writes one piece of at most `most` bytes; false if nothing waits.
    bool write(std::size_t most = ~std::size_t{0}) {
        const auto piece = out.front();
        if (piece.empty()) return false;
        auto left = piece.first(std::min(most, piece.size()));
        const auto count = left.size();
        while (!left.empty()) {
            const auto space = frames.prepare();
            const auto n = std::min(space.size(), left.size());
            std::copy_n(left.begin(), n, space.begin());
            frames.commit(n);
            left = left.subspan(n);
            while (const auto packet = frames.next().value()) {
                packets.push_back(packet->size());
                auto message = decoder.feed(*packet, time_point{}).value();
                if (message) heard.push_back(std::move(*message));
            }
        }
        out.consume(count);
        return true;
    }
    void write_all(std::size_t most = ~std::size_t{0}) {
        while (write(most)) {
        }
    }
    /// Senders in the order in which their messages were complete.
    std::vector<std::uint32_t> order() const {
        std::vector<std::uint32_t> ids;
        for (const auto& m : heard) {
            const auto* s = std::get_if<control::send>(&m.control);
            ids.push_back(s != nullptr ? s->from->id : 0);
        }
        return ids;
    }
};

using ids = std::vector<std::uint32_t>;

} // namespace

TEST_F(Outgoing, MessagesOnTheShortWayAreTheSamePackets) {
    std::mt19937 random{1};
    for (const auto chosen : {all, no_fragments, pass_through}) {
        outgoing longer{chosen};
        outgoing shorter{chosen};
        pid from = sender(1);
        pid to = receiver;
        for (int i = 0; i < 5000; ++i) {
            if (random() % 4 == 0) from = sender(static_cast<std::uint32_t>(random() % 3));
            if (random() % 8 == 0) to.node = atom{"b" + std::to_string(random() % 3) + "@h"};
            std::vector<atom> atoms; // enough to take the places of the names
            for (auto left = random() % 20; left > 0; --left) atoms.emplace_back("a" + std::to_string(random() % 3000));
            const term message = random() % 500 == 0 ? big(100'000) : term{std::tuple{i, atoms}};
            longer.push(control::send{from, to}, &message, nullptr);
            shorter.push_send(from, to, message);
            ASSERT_EQ(shorter.size(), longer.size()) << i;
            if (random() % 4 != 0) continue;
            ASSERT_EQ(to_hex(shorter.front()), to_hex(longer.front())) << i;
            const auto written = random() % (longer.front().size() + 1);
            longer.consume(written);
            shorter.consume(written);
        }
    }
}

TEST_F(Outgoing, SmallMessagesGoInTheOrderTheyWereSent) {
    for (std::uint32_t i = 1; i <= 5; ++i) send(i, term{i});
    write_all();
    EXPECT_EQ(order(), (ids{1, 2, 3, 4, 5}));
    EXPECT_EQ(out.size(), 0u);
}

TEST_F(Outgoing, PartsBeginBeyond60KiBOfControlAndPayload) {
    byte_buffer control;
    const term_view any;
    encode_control(control, control::send{sender(1), receiver}, &any, all);
    // The payload is a binary with 5 bytes in front.
    const std::size_t fits = outgoing::part_bytes - control.size() - 5;
    for (const auto& [size, parts] : {std::pair{fits - 1, 1u}, std::pair{fits, 1u}, std::pair{fits + 1, 2u}}) {
        packets.clear();
        send(1, big(size));
        write_all();
        EXPECT_EQ(packets.size(), parts) << size;
        EXPECT_EQ(*heard.back().payload, big(size));
    }
}

TEST_F(Outgoing, LargeMessageGoesInPartsOf60KiB) {
    send(1, big(200'000));
    write_all();
    ASSERT_EQ(packets.size(), 4u);
    // The atoms of the control message stand in the header, so it is not quite full.
    byte_buffer control;
    const term_view any;
    encode_control(control, control::send{sender(1), receiver}, &any, all);
    EXPECT_LT(packets[0], 61'440u + 2 + 8 + 8 + 16);
    EXPECT_GT(packets[0], 61'440u - control.size());
    EXPECT_EQ(packets[1], 61'440u + 2 + 8 + 8);
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(*heard[0].payload, big(200'000));
}

TEST_F(Outgoing, ASmallMessageWaitsForOnePartOfEachLargeOneAtMost) {
    for (std::uint32_t i = 1; i <= 3; ++i) send(i, big(200'000'000));
    for (int i = 0; i < 10; ++i) write(); // all are under way, and the last part is not written to its end
    write(1000);
    const std::size_t before = packets.size();
    send(9, term{1});
    std::size_t ahead = 0; // bytes of the parts that come before it
    for (std::size_t done = before; heard.empty(); done = packets.size()) {
        ASSERT_TRUE(write());
        for (std::size_t i = done; i < packets.size(); ++i) ahead += packets[i];
        ASSERT_LE(ahead, 2 * (outgoing::part_bytes + 100)) << "that which had been begun, and one more";
    }
    EXPECT_EQ(order(), ids{9});
}

TEST_F(Outgoing, PayloadsInPartsAreWrittenFromWhereTheyAre) {
    const term large = big(200'000);
    send(1, large);
    EXPECT_LT(out.front().size(), 200u) << "the head of the packet";
    const auto part = out.behind_front();
    EXPECT_GE(part.data(), large.bytes().data());
    EXPECT_LE(part.data() + part.size(), large.bytes().data() + large.bytes().size());
    send(2, term{1}); // joins the ready bytes behind the part
    write_all(1000);
    EXPECT_EQ(order(), (ids{2, 1}));
    EXPECT_EQ(*heard.back().payload, large);
}

TEST_F(Outgoing, SmallMessagesOfOthersOvertakeALargeOne) {
    send(1, big(1'000'000));
    write(1000);
    send(2, term{1});
    write_all(1000);
    EXPECT_EQ(order(), (ids{2, 1}));
}

TEST_F(Outgoing, NothingOfTheSameSenderOvertakes) {
    send(1, big(300'000));
    write(1000);
    send(1, term{1});
    out.push(control::link{sender(1), receiver}, nullptr, nullptr);
    send(1, big(300'000, 'y'));
    send(1, term{2});
    send(2, term{3});
    write_all(1000);
    ASSERT_EQ(heard.size(), 6u);
    EXPECT_EQ(order(), (ids{2, 1, 1, 0, 1, 1}));
    EXPECT_EQ(*heard[1].payload, big(300'000));
    EXPECT_EQ(*heard[4].payload, big(300'000, 'y'));
    EXPECT_EQ(*heard[5].payload, term{2});
}

TEST_F(Outgoing, ExitOfANamedProcessWaitsBehindWhatItSentBefore) {
    send(1, big(300'000));
    write(1000);
    const auto who = sender(1);
    const term reason{"normal"_atom};
    out.push(control::monitor_p_exit{"name"_atom, receiver, {"b@h"_atom, 1, 1, {1}}}, &reason, &who);
    write_all();
    EXPECT_EQ(order(), (ids{1, 0}));
}

TEST_F(Outgoing, LargeMessagesOfSeveralSendersTakeTurns) {
    send(1, big(1'000'000));
    send(2, big(200'000));
    send(3, big(100'000));
    write_all();
    EXPECT_EQ(order(), (ids{3, 2, 1}));
}

TEST_F(Outgoing, FloodOfSmallMessagesDoesNotStarveALargeOne) {
    send(1, big(200'000));
    for (int turn = 0; turn < 400 && order().empty(); ++turn) {
        for (int i = 0; i < 10; ++i) out.push(control::link{sender(2), receiver}, nullptr, nullptr);
        write(2000);
        std::erase_if(heard, [](const incoming& m) { return std::holds_alternative<control::link>(m.control); });
    }
    EXPECT_EQ(order(), ids{1});
}

TEST_F(Outgoing, SizeCountsWhatWaits) {
    send(1, big(500'000));
    send(1, term{1});
    EXPECT_GT(out.size(), 500'000u);
    EXPECT_LT(out.size(), 501'000u);
    write_all();
    EXPECT_EQ(out.size(), 0u);
}

TEST_F(Outgoing, TickIsAnEmptyPacketAndOnlySentAlone) {
    out.push_tick();
    EXPECT_EQ(to_hex(out.front()), "00000000");
    out.push_tick();
    EXPECT_EQ(out.front().size(), 4u);
    out.consume(4);
    EXPECT_TRUE(out.front().empty());
}

TEST_F(Outgoing, WithoutFragmentsALargeMessageIsOnePacket) {
    out = outgoing{no_fragments};
    decoder = packet_decoder{no_fragments};
    send(1, big(200'000));
    write_all();
    EXPECT_EQ(packets.size(), 1u);
    EXPECT_EQ(order(), ids{1});
}

TEST_F(Outgoing, WithoutHeadersPacketsPassThrough) {
    out = outgoing{pass_through};
    decoder = packet_decoder{pass_through};
    send(1, big(200'000));
    EXPECT_EQ(out.front()[4], 112);
    write_all();
    EXPECT_EQ(order(), ids{1});
}

TEST_F(Outgoing, LargestMessageInPartsIsToldApart) {
    send(1, big(500'000));
    send(2, big(300'000));
    send(3, term{1});
    EXPECT_GT(out.largest(), 500'000u);
    EXPECT_LT(out.size() - out.largest(), 301'000u);
    write_all();
    EXPECT_EQ(out.largest(), 0u);
}

TEST_F(Outgoing, AtomsOfWhatWaitsReachTheCacheInTheOrderOfWriting) {
    // What waits behind a large message brings its atoms to the cache later than what overtakes it.
    const auto message = [](int i) { return term{std::tuple{atom{"word_" + std::to_string(i)}, "same"_atom}}; };
    for (int i = 0; i < 3000; ++i) {
        if (i % 100 == 0) send(1, big(150'000));
        send(static_cast<std::uint32_t>(1 + i % 2), message(i));
        if (i % 7 == 0) write(5000);
    }
    write_all();
    std::vector<int> seen[2];
    for (const auto& m : heard) {
        const auto* s = std::get_if<control::send>(&m.control);
        if (m.payload->arity() != 2) continue;
        const auto word = m.payload->element(0).as<atom>()->str();
        EXPECT_TRUE(m.payload->element(1).is_atom("same"));
        seen[s->from->id - 1].push_back(std::stoi(word.substr(5)));
    }
    for (const auto& numbers : seen) {
        EXPECT_EQ(numbers.size(), 1500u);
        EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
    }
}
