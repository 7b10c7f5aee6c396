// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/framing.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

using namespace sedge;
using wire::frame_reader;
using wire::frame_width;

namespace {

constexpr std::size_t limit = 1 << 20;

byte_buffer framed(byte_view payload, frame_width width) {
    byte_buffer out;
    writer w{out};
    if (width == frame_width::two)
        w.u16(static_cast<std::uint16_t>(payload.size()));
    else
        w.u32(static_cast<std::uint32_t>(payload.size()));
    w.bytes(payload);
    return out;
}

/// Puts in as much of `bytes` as `prepare` has space for, at most `most`; how much that was.
std::size_t feed(frame_reader& frames, byte_view bytes, std::size_t most = std::size_t(-1)) {
    auto space = frames.prepare();
    EXPECT_FALSE(space.empty());
    const std::size_t count = std::min({space.size(), bytes.size(), most});
    std::copy_n(bytes.begin(), count, space.begin());
    frames.commit(count);
    return count;
}

byte_buffer random_payload(std::mt19937& random, std::size_t size) {
    byte_buffer payload(size);
    for (auto& b : payload) b = static_cast<std::uint8_t>(random());
    return payload;
}

} // namespace

TEST(FrameReader, FramesComeOutInPlaceAndTheTickIsEmpty) {
    frame_reader frames{frame_width::four, limit};
    EXPECT_FALSE(frames.next().value());
    byte_buffer bytes = framed(as_bytes("hello"), frame_width::four);
    byte_buffer tick = framed({}, frame_width::four);
    bytes.insert(bytes.end(), tick.begin(), tick.end());
    bytes.push_back(0);
    EXPECT_EQ(feed(frames, bytes), bytes.size());
    EXPECT_EQ(as_text(frames.next().value().value()), "hello");
    EXPECT_EQ(frames.next().value().value().size(), 0u);
    EXPECT_FALSE(frames.next().value());
    EXPECT_EQ(frames.buffered(), 1u);
}

TEST(FrameReader, WidthMayChangeBetweenFramesReadTogether) {
    frame_reader frames{frame_width::two, 100};
    byte_buffer bytes = framed(as_bytes("last of the handshake"), frame_width::two);
    byte_buffer first = framed(as_bytes("first after it"), frame_width::four);
    bytes.insert(bytes.end(), first.begin(), first.end());
    feed(frames, bytes);
    EXPECT_EQ(as_text(frames.next().value().value()), "last of the handshake");
    frames.set_width(frame_width::four);
    frames.set_limit(limit);
    EXPECT_EQ(as_text(frames.next().value().value()), "first after it");
}

TEST(FrameReader, LengthUpToTheLimitPassesAndOneMoreIsRefused) {
    for (std::size_t size : {99u, 100u, 101u}) {
        frame_reader frames{frame_width::two, 100};
        feed(frames, framed(byte_buffer(size, 'x'), frame_width::two));
        auto frame = frames.next();
        if (size <= 100) {
            EXPECT_EQ(frame.value().value().size(), size);
        } else {
            EXPECT_EQ(frame.error().code(), errc::limit_exceeded);
            EXPECT_EQ(frame.error().context(), "frame of 101 bytes, at most 100");
            EXPECT_EQ(frames.next().error().code(), errc::limit_exceeded);
        }
    }
}

TEST(FrameReader, ClaimedLengthCostsNoMemoryUntilItsBytesArrive) {
    const std::size_t claim = 64 << 20;
    frame_reader frames{frame_width::four, claim};
    byte_buffer head;
    writer{head}.u32(claim);
    feed(frames, head);
    const byte_buffer block(10'000, 'x');
    std::size_t sent = head.size();
    while (sent < 5'000'000) {
        sent += feed(frames, block);
        ASSERT_LE(frames.capacity(), 2 * frames.buffered() + frame_reader::spare_bytes);
    }
    EXPECT_FALSE(frames.next().value());
    frame_reader refusing{frame_width::four, 1000};
    feed(refusing, head);
    feed(refusing, block);
    EXPECT_LE(refusing.capacity(), frame_reader::spare_bytes);
}

TEST(FrameReader, LargeFrameEndsWithItsBufferAndTheNextGivesTheMemoryBack) {
    frame_reader frames{frame_width::four, 10 * limit};
    const byte_buffer payload(3 * limit, 'x');
    byte_buffer bytes = framed(payload, frame_width::four);
    const std::size_t size = bytes.size();
    bytes.resize(size + 100, 0);
    std::size_t sent = 0;
    while (sent < size) sent += feed(frames, byte_view{bytes}.subspan(sent));
    EXPECT_EQ(sent, size);
    EXPECT_EQ(frames.capacity(), size);
    EXPECT_EQ(frames.next().value().value().size(), payload.size());
    feed(frames, byte_view{bytes}.subspan(sent));
    EXPECT_EQ(frames.capacity(), frame_reader::spare_bytes);
}

TEST(FrameReader, AnySplitOfTheBytesGivesTheSameFrames) {
    std::mt19937 random{12345};
    for (int round = 0; round < 30; ++round) {
        const auto width = round % 2 ? frame_width::four : frame_width::two;
        const std::size_t longest = round % 2 ? 200'000 : 65'535;
        std::vector<byte_buffer> payloads;
        byte_buffer bytes;
        for (int i = 0; i < 30; ++i) {
            const std::size_t size = random() % 4 == 0 ? random() % (longest + 1) : random() % 200;
            payloads.push_back(random_payload(random, size));
            auto f = framed(payloads.back(), width);
            bytes.insert(bytes.end(), f.begin(), f.end());
        }
        const std::size_t piece_max = round % 3 == 0 ? 50'000 : round % 3 == 1 ? 1'500 : 1'000'000;
        frame_reader frames{width, longest};
        std::size_t sent = 0, taken = 0;
        for (;;) {
            auto frame = frames.next();
            ASSERT_TRUE(frame);
            if (*frame) {
                ASSERT_LT(taken, payloads.size());
                ASSERT_TRUE(std::ranges::equal(**frame, payloads[taken]));
                ++taken;
                if (random() % 3 != 0) continue; // sometimes read on before the next is taken
            }
            if (sent == bytes.size() && !*frame) break;
            if (sent < bytes.size()) sent += feed(frames, byte_view{bytes}.subspan(sent), 1 + random() % piece_max);
        }
        EXPECT_EQ(taken, payloads.size());
        EXPECT_EQ(frames.buffered(), 0u);
    }
}
