// SPDX-License-Identifier: Apache-2.0

#include "dist/handshake_script.hpp"
#include "dist/recorded.hpp"
#include "support/json.hpp"

#include <sedge/wire/transport.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::dist;
using namespace sedge::test;

namespace {

constexpr std::uint32_t our_challenge = 0x01020304;

struct Dialling : testing::Test {
    challenge_guard guard;
    initiator dialler{self("a@127.0.0.1"), named("c@127.0.0.1"), secret(), guard, guard.issue(our_challenge)};

    handshake_step hears(std::initializer_list<byte_view> messages) {
        handshake_step step = dialler.start();
        for (const auto message : messages) step = dialler.feed(message);
        return step;
    }
};

struct Accepting : testing::Test {
    challenge_guard guard;
    acceptor door{self("b@127.0.0.1"), guard, guard.issue(our_challenge)};
};

} // namespace

// -- replay of what real nodes said --------------------------------------------------------------------------------

TEST(RecordedHandshakes, WouldHaveBeenDialledByUsTheSameWay) {
    std::size_t replayed = 0;
    for (const auto& stream : test::recorded_streams("handshake")) {
        const auto* name = stream.find("send_name");
        const auto* challenge = stream.find("send_challenge");
        const auto* reply = stream.find("send_challenge_reply");
        if (stream.find("send_challenge_ack") == nullptr || stream.name == "handshake/dynamic-name" ||
            stream.name == "handshake/trailing-bytes-in-name")
            continue;
        SCOPED_TRACE(stream.name);
        challenge_guard guard;
        initiator role{self(test::text_of(*name, "name"),
                            static_cast<std::uint32_t>(test::number_of(*name, "creation")),
                            flags{test::number_of(*name, "flags")}),
                       named(test::text_of(*challenge, "name")), stream.cookie, guard,
                       guard.issue(static_cast<std::uint32_t>(test::number_of(*reply, "challenge")))};
        auto step = role.start();
        byte_buffer sent = step.send;
        byte_buffer recorded;
        for (const auto& item : stream.frames) {
            const auto& frame = item.as_object();
            if (!test::text_of(frame, "kind").starts_with("send_")) continue;
            if (test::from_initiator(frame)) {
                recorded = joined({recorded, stream.bytes(frame)});
                continue;
            }
            step = role.feed(body(stream.bytes(frame)));
            sent = joined({sent, step.send});
            if (wants<next::confirmation>(step) != nullptr) {
                step = role.confirm(true);
                sent = joined({sent, step.send});
            }
        }
        EXPECT_EQ(to_hex(sent), to_hex(recorded));
        ASSERT_NE(wants<next::done>(step), nullptr);
        const auto& peer = wants<next::done>(step)->peer;
        EXPECT_EQ(peer.creation, test::number_of(*challenge, "creation"));
        EXPECT_EQ(peer.announced.bits(), flags{test::number_of(*challenge, "flags")}.expanded().bits());
        ++replayed;
    }
    EXPECT_GE(replayed, 12u);
}

TEST(RecordedHandshakes, WouldHaveBeenAnsweredByUsTheSameWay) {
    std::size_t replayed = 0;
    for (const auto& stream : test::recorded_streams("handshake")) {
        const auto* name = stream.find("send_name");
        const auto* told = stream.find("send_status");
        const auto* challenge = stream.find("send_challenge");
        if (stream.find("send_challenge_ack") == nullptr || stream.name == "handshake/dynamic-name") continue;
        SCOPED_TRACE(stream.name);
        challenge_guard guard;
        acceptor role{self(test::text_of(*challenge, "name"),
                           static_cast<std::uint32_t>(test::number_of(*challenge, "creation")),
                           flags{test::number_of(*challenge, "flags")}),
                      guard, guard.issue(static_cast<std::uint32_t>(test::number_of(*challenge, "challenge")))};
        byte_buffer sent;
        byte_buffer recorded;
        handshake_step step;
        for (const auto& item : stream.frames) {
            const auto& frame = item.as_object();
            if (!test::text_of(frame, "kind").starts_with("send_")) continue;
            if (!test::from_initiator(frame)) {
                recorded = joined({recorded, stream.bytes(frame)});
                continue;
            }
            step = role.feed(body(stream.bytes(frame)));
            sent = joined({sent, step.send});
            if (wants<next::status>(step) != nullptr) {
                EXPECT_EQ(wants<next::status>(step)->claimed.name.full.text(), test::text_of(*name, "name"));
                auto answer = accept_status::ok;
                for (const auto other : {accept_status::ok_simultaneous, accept_status::alive})
                    if (to_string(other) == test::text_of(*told, "status")) answer = other;
                step = role.answer(answer, stream.cookie);
                sent = joined({sent, step.send});
            }
            if (wants<next::admission>(step) != nullptr) {
                step = role.acknowledge();
                sent = joined({sent, step.send});
            }
        }
        EXPECT_EQ(to_hex(sent), to_hex(recorded));
        EXPECT_NE(wants<next::done>(step), nullptr);
        ++replayed;
    }
    EXPECT_GE(replayed, 13u);
}

TEST(RecordedHandshakes, NameIsAskedForAndGivenAsByOtp) {
    const auto stream = test::recorded("handshake/dynamic-name");
    const auto& status = *stream.find("send_status");
    const auto& challenge = *stream.find("send_challenge");
    const auto given = test::text_of(status, "name");
    const auto creation = static_cast<std::uint32_t>(test::number_of(status, "creation"));
    const auto number = [](const boost::json::object& frame, std::string_view key) {
        return static_cast<std::uint32_t>(test::number_of(frame, key));
    };
    challenge_guard guard_a;
    challenge_guard guard_b;
    initiator asks{self("undefined@127.0.0.1", 0, announced(true).with(capability::name_me)),
                   named(test::text_of(challenge, "name")), stream.cookie, guard_a,
                   guard_a.issue(number(*stream.find("send_challenge_reply"), "challenge"))};
    acceptor gives{self(test::text_of(challenge, "name"), number(challenge, "creation")),
                   guard_b,
                   guard_b.issue(number(challenge, "challenge")),
                   handshake_length::u16,
                   {given.substr(0, given.find('@')), creation}};

    byte_buffer asked = asks.start().send;
    byte_buffer answered;
    handshake_step to_us;
    handshake_step to_them;
    for (const auto& item : stream.frames) {
        const auto& frame = item.as_object();
        if (!test::from_initiator(frame)) {
            to_us = asks.feed(body(stream.bytes(frame)));
            asked = joined({asked, to_us.send});
            continue;
        }
        to_them = gives.feed(body(stream.bytes(frame)));
        if (const auto* claim = wants<next::status>(to_them)) {
            EXPECT_EQ(claim->claimed.name.full.text(), given);
            to_them = gives.answer(accept_status::ok, stream.cookie);
        }
        answered = joined({answered, to_them.send});
        if (wants<next::admission>(to_them) != nullptr) {
            to_them = gives.acknowledge();
            answered = joined({answered, to_them.send});
        }
    }
    EXPECT_EQ(to_hex(asked), to_hex(stream.sent[0]));
    EXPECT_EQ(to_hex(answered), to_hex(stream.sent[1]));
    ASSERT_NE(wants<next::done>(to_us), nullptr);
    ASSERT_NE(wants<next::done>(to_them), nullptr);
    EXPECT_EQ(asks.self().name.full.text(), given);
    EXPECT_EQ(asks.self().creation, creation);
    EXPECT_EQ(wants<next::done>(to_them)->peer.creation, creation);
    EXPECT_FALSE(wants<next::done>(to_them)->peer.is_visible());
}

TEST(RecordedHandshakes, OldFormOfTheNameIsCompletedByItsSecondHalf) {
    const auto in = test::read_hex("streams/handshake/old-send-name-synthetic.i2a.hex");
    const auto out = test::read_hex("streams/handshake/old-send-name-synthetic.a2i.hex");
    challenge_guard guard;
    acceptor role{self("b@127.0.0.1", 0x5ed60002), guard, guard.issue(0x89abcdef)};
    byte_buffer sent;
    handshake_step step;
    reader messages{in};
    while (messages.remaining() > 0) {
        const std::size_t size = messages.u16();
        step = role.feed(messages.take(size));
        if (wants<next::status>(step) != nullptr) step = role.answer(accept_status::ok, secret());
        sent = joined({sent, step.send});
    }
    ASSERT_NE(wants<next::admission>(step), nullptr);
    EXPECT_EQ(wants<next::admission>(step)->peer.creation, 0x5ed60001u);
    EXPECT_EQ(wants<next::admission>(step)->peer.announced.bits(), 0xd03df7fbdu);
    sent = joined({sent, role.acknowledge().send});
    EXPECT_EQ(to_hex(sent), to_hex(out));
}

TEST(RecordedHandshakes, WrongCookieOfAPeerIsNoticed) {
    const auto stream = test::recorded("handshake/cookie-mismatch");
    const auto* challenge = stream.find("send_challenge");
    challenge_guard guard;
    acceptor role{self("b@127.0.0.1"), guard,
                  guard.issue(static_cast<std::uint32_t>(test::number_of(*challenge, "challenge")))};
    role.feed(body(stream.bytes(*stream.find("send_name"))));
    role.answer(accept_status::ok, secret("BBB"));
    const auto step = role.feed(body(stream.bytes(*stream.find("send_challenge_reply"))));
    EXPECT_EQ(failure(step), make_error_code(dist::errc::wrong_cookie));
    EXPECT_TRUE(step.send.empty());
}

TEST(RecordedHandshakes, MalformedAnswersEndTheDialAsOtpEndsIt) {
    const auto cases = test::read_vectors("dist/malformed_handshakes.json");
    for (const auto& item : cases.as_array()) {
        const std::string name{item.at("name").as_string()};
        SCOPED_TRACE(name);
        challenge_guard guard;
        initiator role{self("a@127.0.0.1"), named("c@127.0.0.1"), secret(), guard, guard.issue(our_challenge)};
        auto step = role.start();
        for (const auto& message : item.at("acceptor_sent").as_array())
            step = role.feed(from_hex(message.as_string()).value());
        if (name == "silence") {
            EXPECT_NE(wants<next::message>(step), nullptr);
        } else if (name == "bytes after the challenge name") {
            EXPECT_EQ(step.send.size(), 23u); // our answer
        } else if (name == "status alive to a first attempt") {
            ASSERT_NE(wants<next::confirmation>(step), nullptr);
            EXPECT_EQ(to_hex(role.confirm(true).send), to_hex(status("true")));
        } else {
            EXPECT_NE(wants<next::failed>(step), nullptr);
            EXPECT_TRUE(step.send.empty());
        }
    }
}

// -- the side that dials ----------------------------------------------------------------------------------------------

TEST_F(Dialling, PeerOfTheSameNameInTheOtherFormIsToldFromAnotherOne) {
    const auto step = hears({as_bytes("sok"), challenge_message("c@box", 5)});
    EXPECT_EQ(failure(step), make_error_code(dist::errc::name_kind));
    EXPECT_NE(failure(step).context().find("calls itself c@box: it uses short names"), std::string::npos);
}

TEST_F(Dialling, PeerOfAnotherNameIsNotTalkedTo) {
    const auto step = hears({as_bytes("sok"), challenge_message("x@127.0.0.1", 5)});
    EXPECT_EQ(failure(step), make_error_code(dist::errc::name_mismatch));
    EXPECT_NE(failure(step).context().find("x@127.0.0.1"), std::string::npos);
}

TEST_F(Dialling, MissingCapabilitiesAreListed) {
    const auto lacking = announced(false).without(capability::map_tag).without(capability::mandatory_25_digest);
    const auto step = hears({as_bytes("sok"), challenge_message("c@127.0.0.1", 5, lacking)});
    EXPECT_EQ(failure(step), make_error_code(dist::errc::flags_missing));
    EXPECT_NE(failure(step).context().find("MAP_TAG"), std::string::npos);
}

TEST_F(Dialling, NokMeansThatTheOtherAttemptCounts) {
    EXPECT_EQ(failure(hears({as_bytes("snok")})), make_error_code(dist::errc::already_connected));
}

TEST_F(Dialling, RefusalByAnAllowListIsNamedSo) {
    EXPECT_EQ(failure(hears({as_bytes("snot_allowed")})), make_error_code(dist::errc::not_allowed));
}

TEST_F(Dialling, NameGivenByThePeerIsNotTaken) {
    byte_buffer named_status;
    writer{named_status}.text("snamed:").u16(3).text("x@y").u32(1);
    EXPECT_EQ(failure(hears({named_status})), make_error_code(dist::errc::bad_handshake));
}

TEST(Asking, TakesNothingButANameOnItsOwnHost) {
    const auto answer = [](const std::string& name) {
        byte_buffer message;
        writer{message}.text("snamed:").u16(static_cast<std::uint16_t>(name.size())).text(name).u32(7);
        return message;
    };
    const byte_buffer refused[] = {
        answer("X1@10.0.0.9"),        answer("X1"), answer(""), joined({as_bytes("sok")}), joined({as_bytes("salive")}),
        joined({as_bytes("snamed:")})};
    for (const auto& message : refused) {
        SCOPED_TRACE(to_hex(message));
        challenge_guard guard;
        initiator asks{self("undefined@127.0.0.1", 0, announced(true).with(capability::name_me)), named("c@127.0.0.1"),
                       secret(), guard, guard.issue(our_challenge)};
        asks.start();
        EXPECT_EQ(failure(asks.feed(message)), make_error_code(dist::errc::bad_handshake));
    }
}

TEST(Giving, NameThatSomebodyHasIsNotGivenAgain) {
    for (const auto status : {accept_status::alive, accept_status::nok, accept_status::ok_simultaneous}) {
        challenge_guard guard;
        acceptor gives{self("b@127.0.0.1"), guard, guard.issue(our_challenge), handshake_length::u16, {"X1", 7}};
        gives.feed(name_message("127.0.0.1", flags{0xf07df7fbc}, 0));
        const auto step = gives.answer(status, secret());
        EXPECT_TRUE(step.send.empty());
        EXPECT_EQ(failure(step), make_error_code(dist::errc::already_connected));
    }
}

TEST(Giving, HostThatIsNoneGetsNoName) {
    for (const std::string host : {"", "a@b", "with blank", "@"}) {
        SCOPED_TRACE(host);
        challenge_guard guard;
        acceptor gives{self("b@127.0.0.1"), guard, guard.issue(our_challenge), handshake_length::u16, {"X1", 7}};
        EXPECT_EQ(failure(gives.feed(name_message(host, flags{0xf07df7fbc}, 0))),
                  make_error_code(dist::errc::name_invalid));
    }
}

TEST_F(Dialling, ConnectionThatIsNoLongerWantedIsDeclined) {
    hears({as_bytes("salive")});
    const auto step = dialler.confirm(false);
    EXPECT_EQ(to_hex(step.send), to_hex(status("false")));
    EXPECT_EQ(failure(step), make_error_code(dist::errc::already_connected));
}

TEST_F(Dialling, CloseAfterOurProofMeansAnotherCookie) {
    hears({as_bytes("sok"), challenge_message("c@127.0.0.1", 5)});
    EXPECT_EQ(dialler.closed(), make_error_code(dist::errc::wrong_cookie));
}

TEST_F(Dialling, CloseBeforeThatIsARefusal) {
    hears({});
    EXPECT_EQ(dialler.closed(), make_error_code(wire::errc::closed)) << "not a word";
    dialler.feed(as_bytes("sok"));
    EXPECT_EQ(dialler.closed(), make_error_code(dist::errc::refused));
}

TEST_F(Dialling, PeerThatCannotProveItselfIsNotConnected) {
    const auto step = hears({as_bytes("sok"), challenge_message("c@127.0.0.1", 5), ack_message(digest{})});
    EXPECT_EQ(failure(step), make_error_code(dist::errc::wrong_cookie));
}

TEST_F(Dialling, MessageAfterTheEndIsAnError) {
    hears({as_bytes("snok")});
    EXPECT_EQ(failure(dialler.feed(as_bytes("sok"))), make_error_code(dist::errc::bad_handshake));
}

// -- the side that is dialled -----------------------------------------------------------------------------------------

TEST_F(Accepting, NamesThatAreNoneEndWithoutAStatus) {
    for (const std::string name : {"no-at", "a@b@c", "@host", "alive@", "", "a b@127.0.0.1", "\xe5@127.0.0.1"}) {
        SCOPED_TRACE(name);
        challenge_guard own;
        acceptor role{self("b@127.0.0.1"), own, own.issue(1)};
        const auto step = role.feed(name_message(name));
        EXPECT_EQ(failure(step), make_error_code(dist::errc::name_invalid));
        EXPECT_TRUE(step.send.empty());
    }
}

TEST_F(Accepting, OurOwnNameGetsNok) {
    const auto step = door.feed(name_message("b@127.0.0.1"));
    EXPECT_EQ(to_hex(step.send), to_hex(status("nok")));
    EXPECT_EQ(failure(step), make_error_code(dist::errc::name_invalid));
}

TEST_F(Accepting, PeerWithoutMandatoryCapabilitiesIsNotAllowed) {
    const auto step = door.feed(name_message("c@127.0.0.1", flags{0xd03db7fbd}));
    EXPECT_EQ(to_hex(step.send), to_hex(status("not_allowed")));
    EXPECT_EQ(failure(step), make_error_code(dist::errc::flags_missing));
}

TEST_F(Accepting, DigestFlagStandsForTheMandatoryOnes) {
    const auto step = door.feed(name_message("c@127.0.0.1", flags{0x4000001}));
    EXPECT_NE(wants<next::status>(step), nullptr);
}

TEST_F(Accepting, WhoAsksForANameIsNotAllowedWhereNoneIsGiven) {
    const auto step = door.feed(name_message("127.0.0.1", flags{0xf07df7fbc}));
    EXPECT_EQ(to_hex(step.send), to_hex(status("not_allowed")));
}

TEST_F(Accepting, NodeOfOtp22IsClosed) {
    byte_buffer old;
    writer{old}.u8('n').u16(5).u32(0x00df7fbd & ~(1u << 24)).text("c@127.0.0.1");
    const auto step = door.feed(old);
    EXPECT_EQ(failure(step), make_error_code(dist::errc::flags_missing));
    EXPECT_TRUE(step.send.empty());
}

TEST_F(Accepting, LinkThatIsUpIsReplacedOnlyIfThePeerInsists) {
    door.feed(name_message("c@127.0.0.1"));
    EXPECT_EQ(to_hex(door.answer(accept_status::alive, secret()).send), to_hex(status("alive")));
    EXPECT_EQ(failure(door.feed(as_bytes("sfalse"))), make_error_code(dist::errc::already_connected));
}

TEST_F(Accepting, NothingIsSaidWhereAnotherAttemptWaitsAlready) {
    door.feed(name_message("c@127.0.0.1"));
    const auto step = door.answer(accept_status::drop, secret());
    EXPECT_TRUE(step.send.empty());
    EXPECT_EQ(failure(step), make_error_code(dist::errc::already_connected));
}

TEST_F(Accepting, NodeWithoutCookieAdmitsNobody) {
    door.feed(name_message("c@127.0.0.1"));
    door.answer(accept_status::ok, cookie{});
    const auto step = door.feed(reply_message(7, cookie{}.answer(our_challenge)));
    EXPECT_EQ(failure(step), make_error_code(dist::errc::wrong_cookie));
}

TEST_F(Accepting, HiddenPeerIsNotVisible) {
    door.feed(name_message("c@127.0.0.1", announced(true)));
    door.answer(accept_status::ok, secret());
    const auto step = door.feed(reply_message(7, secret().answer(our_challenge)));
    ASSERT_NE(wants<next::admission>(step), nullptr);
    EXPECT_FALSE(wants<next::admission>(step)->peer.is_visible());
}

TEST(OverTls, LengthsAre32Bits) {
    challenge_guard guard;
    initiator dialler{self("a@h"), named("c@h"), secret(), guard, guard.issue(1), handshake_length::u32};
    const auto step = dialler.start();
    EXPECT_EQ(to_hex(byte_view{step.send}.first(4)), "00000012");
    EXPECT_EQ(step.send.size(), 4u + 18u);
}

// -- answers passed off as one's own ----------------------------------------------------------------------------------

/// An attacker without the cookie lets himself be dialled, and hands the dialling node a challenge of its own.
TEST(ChallengesOfOurOwn, AreNotAnsweredWhenTheyComeBackFromAnAcceptorsConnection) {
    challenge_guard guard;
    acceptor door{self("a@127.0.0.1"), guard, guard.issue(111)};
    door.feed(name_message("ghost@127.0.0.1"));
    door.answer(accept_status::ok, secret()); // the attacker knows challenge 111 now

    initiator dialler{self("a@127.0.0.1"), named("evil@127.0.0.1"), secret(), guard, guard.issue(222)};
    dialler.start();
    dialler.feed(as_bytes("sok"));
    const auto step = dialler.feed(challenge_message("evil@127.0.0.1", 111));
    EXPECT_EQ(failure(step), make_error_code(dist::errc::refused));
    EXPECT_TRUE(step.send.empty());
}

/// The same with two connections that both were dialled: one answers the challenge of the other.
TEST(ChallengesOfOurOwn, AreNotAnsweredWhenTheyComeBackFromAnInitiatorsConnection) {
    challenge_guard guard;
    initiator first{self("a@127.0.0.1"), named("evil1@127.0.0.1"), secret(), guard, guard.issue(111)};
    first.start();
    first.feed(as_bytes("sok"));
    first.feed(challenge_message("evil1@127.0.0.1", 9)); // 111 is out

    initiator second{self("a@127.0.0.1"), named("evil2@127.0.0.1"), secret(), guard, guard.issue(222)};
    second.start();
    second.feed(as_bytes("sok"));
    const auto step = second.feed(challenge_message("evil2@127.0.0.1", 111));
    EXPECT_EQ(failure(step), make_error_code(dist::errc::refused));
}

TEST(ChallengesOfOurOwn, AreForgottenWithTheirHandshake) {
    challenge_guard guard;
    {
        acceptor door{self("a@127.0.0.1"), guard, guard.issue(111)};
        EXPECT_TRUE(guard.is_ours(111));
    }
    EXPECT_FALSE(guard.is_ours(111));
}
