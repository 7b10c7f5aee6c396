// SPDX-License-Identifier: Apache-2.0
//
// Every recorded connection between real nodes: cut into pieces of random size, decoded, and compared with what an
// independent decoder made of it; then encoded again and decoded once more.

#include "dist/notation.hpp"
#include "dist/outgoing.hpp"
#include "dist/recorded.hpp"

#include <sedge/dist/handshake.hpp>
#include <sedge/dist/packet.hpp>
#include <sedge/wire/framing.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

using namespace sedge;
using namespace sedge::dist;
using test::recorded_stream;

namespace {

constexpr std::size_t text_max = 4000; // of a recorded text; longer ones end in `...`

struct said {
    std::string control;
    std::string payload; // empty: none
    friend bool operator==(const said&, const said&) = default;
};

std::string shortened(std::string text) { return text.size() <= text_max ? text : text.substr(0, text_max) + "..."; }

std::string control_text(const incoming& message, flags chosen) {
    byte_buffer bytes;
    const auto payload = message.payload ? message.payload->view() : term_view{};
    encode_control(bytes, message.control, &payload, chosen);
    return shortened(test::notation(term_view::over(bytes)));
}

/// What we keep of a recorded control message: the trace token is dropped, and its operation becomes the plain one.
std::string without_token(const std::string& op, const std::string& control) {
    if (!op.ends_with("_TT")) return control;
    const auto text = control.substr(0, control.rfind(",{")) + "}"; // the token is the last element, a tuple
    const auto comma = text.find(',');
    const int code = std::stoi(text.substr(1, comma - 1));
    const int plain = code == 12 || code == 16 || code == 18 ? code - 10 : code - 1;
    return "{" + std::to_string(plain) + text.substr(comma);
}

class decoding {
public:
    decoding(byte_view bytes, flags chosen, unsigned seed) : bytes_(bytes), decoder_(chosen), random_(seed) {}

    /// All that the bytes say; `skipped` handshake messages come first, with lengths of `width`.
    std::vector<incoming> all(std::size_t skipped, wire::frame_width width = wire::frame_width::two) {
        frames_.set_width(skipped > 0 ? width : wire::frame_width::four);
        std::vector<incoming> found;
        while (const auto packet = next()) {
            if (skipped > 0) {
                if (--skipped == 0) frames_.set_width(wire::frame_width::four);
                continue;
            }
            auto message = decoder_.feed(*packet, time_point{});
            if (!message) throw bad_result{message.error()};
            if (message->has_value()) found.push_back(std::move(**message));
        }
        return found;
    }

private:
    std::optional<byte_view> next() {
        for (;;) {
            auto frame = frames_.next();
            if (frame.value() || bytes_.empty()) return frame.value();
            const auto space = frames_.prepare();
            std::uniform_int_distribution<std::size_t> size{1, random_() % 8 == 0 ? 50'000u : 200u};
            const auto count = std::min({size(random_), space.size(), bytes_.size()});
            std::copy_n(bytes_.begin(), count, space.begin());
            frames_.commit(count);
            bytes_ = bytes_.subspan(count);
        }
    }

    byte_view bytes_;
    packet_decoder decoder_;
    std::mt19937 random_;
    wire::frame_reader frames_{wire::frame_width::four, limits::frame_bytes_max};
};

flags chosen_in(const recorded_stream& stream) {
    const auto* name = stream.find("send_name");
    const auto* challenge = stream.find("send_challenge");
    const flags i{test::number_of(*name, "flags")};
    const flags a{test::number_of(*challenge, "flags")};
    return i.expanded().common_with(a.expanded());
}

/// Inside of TLS each length has four bytes, those of the handshake too.
wire::frame_width handshake_width(const recorded_stream& stream) {
    return stream.name.starts_with("tls/") ? wire::frame_width::four : wire::frame_width::two;
}

bool is_complete(const recorded_stream& stream) { return stream.find("send_challenge_ack") != nullptr; }

bool is_handshake(const boost::json::object& frame) { return test::text_of(frame, "kind").starts_with("send_"); }

/// What the recording says was sent in that direction.
std::vector<said> expected(const recorded_stream& stream, bool by_initiator) {
    std::vector<said> all;
    for (const auto& item : stream.frames) {
        const auto& frame = item.as_object();
        if (test::from_initiator(frame) != by_initiator || !frame.contains("control")) continue;
        all.push_back({without_token(test::text_of(frame, "op"), test::text_of(frame, "control")),
                       test::text_of(frame, "message")});
    }
    return all;
}

class Streams : public testing::TestWithParam<const char*> {};

} // namespace

TEST_P(Streams, SayWhatWasRecorded) {
    unsigned seed = 1;
    for (const auto& stream : test::recorded_streams(GetParam())) {
        if (!is_complete(stream)) continue;
        SCOPED_TRACE(stream.name);
        const flags chosen = chosen_in(stream);
        for (const bool by_initiator : {true, false}) {
            SCOPED_TRACE(by_initiator ? "from the initiator" : "from the acceptor");
            const auto handshakes = std::count_if(stream.frames.begin(), stream.frames.end(), [&](const auto& f) {
                return is_handshake(f.as_object()) && test::from_initiator(f.as_object()) == by_initiator;
            });
            decoding input{stream.sent[by_initiator ? 0 : 1], chosen, seed++};
            const auto messages = input.all(static_cast<std::size_t>(handshakes), handshake_width(stream));
            const auto texts = expected(stream, by_initiator);
            ASSERT_EQ(messages.size(), texts.size());
            for (std::size_t i = 0; i < messages.size(); ++i) {
                EXPECT_EQ(control_text(messages[i], chosen), texts[i].control);
                const auto& payload = messages[i].payload;
                EXPECT_EQ(payload ? shortened(test::notation(*payload)) : "", texts[i].payload);
            }
        }
    }
}

TEST_P(Streams, AreUnderstoodAgainWhenWeSendThem) {
    for (const auto& stream : test::recorded_streams(GetParam())) {
        if (!is_complete(stream)) continue;
        SCOPED_TRACE(stream.name);
        const flags chosen = chosen_in(stream);
        decoding input{stream.sent[0], chosen, 7};
        const auto handshakes = std::count_if(stream.frames.begin(), stream.frames.end(), [&](const auto& f) {
            return is_handshake(f.as_object()) && test::from_initiator(f.as_object());
        });
        const auto messages = input.all(static_cast<std::size_t>(handshakes), handshake_width(stream));
        outgoing out{chosen};
        byte_buffer bytes;
        for (const auto& m : messages) {
            out.push(m.control, m.payload ? &*m.payload : nullptr, nullptr);
            while (!out.front().empty()) {
                const auto piece = out.front();
                bytes.insert(bytes.end(), piece.begin(), piece.end());
                out.consume(piece.size());
            }
        }
        decoding again{bytes, chosen, 8};
        const auto back = again.all(0);
        ASSERT_EQ(back.size(), messages.size());
        for (std::size_t i = 0; i < messages.size(); ++i) {
            EXPECT_EQ(control_text(back[i], chosen), control_text(messages[i], chosen));
            EXPECT_EQ(back[i].payload, messages[i].payload);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Recorded, Streams, testing::Values("handshake", "dist", "services", "global", "tls"));
