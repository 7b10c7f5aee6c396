// SPDX-License-Identifier: Apache-2.0
//
// Which releases of OTP may connect, by the flags that they announce. Those of OTP 25 and of its C library are
// recorded; the others stand in the documentation of the release.

#include "dist/handshake_script.hpp"

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::dist;
using namespace sedge::test;

namespace {

constexpr flags all = announced(false);

struct release {
    const char* what;
    flags announces;
    bool visible = true;
};

const release connects[] = {
    {"OTP 23", all.without(capability::unlink_id)
                   .without(capability::v4_nc)
                   .without(capability::alias)
                   .without(capability::mandatory_25_digest)},
    {"OTP 24", all.without(capability::mandatory_25_digest)},
    {"OTP 25 to 27", flags{0xd07df7fbd}},
    {"OTP 25 to 27, hidden", flags{0xd07df7fbc}, false},
    {"OTP 28", flags{0x2d07df7fbd}},
    {"C library of OTP 25", flags{0x407074f9c}, false},
    {"least that OTP 26 to 28 take", mandatory_26, false},
    {"least that OTP 25 takes", mandatory_25, false},
    {"digest flag only", flags{capability::published}.with(capability::mandatory_25_digest)},
    {"flags of times to come", all.with(flags{0xff00'0000'0000'0000})},
};

/// What an acceptor of ours says to a node with these flags.
handshake_step accepted(flags announces) {
    challenge_guard guard;
    acceptor door{self("b@127.0.0.1"), guard, guard.issue(1)};
    return door.feed(name_message("c@127.0.0.1", announces));
}

/// What an initiator of ours says to a node with these flags.
handshake_step dialled(flags announces) {
    challenge_guard guard;
    initiator dialler{self("a@127.0.0.1"), named("c@127.0.0.1"), secret(), guard, guard.issue(1)};
    dialler.start();
    dialler.feed(as_bytes("sok"));
    return dialler.feed(challenge_message("c@127.0.0.1", 5, announces));
}

} // namespace

TEST(Releases, From23OnConnectInBothDirections) {
    for (const auto& [what, announces, visible] : connects) {
        SCOPED_TRACE(what);
        const auto step = accepted(announces);
        const auto* claim = wants<next::status>(step);
        ASSERT_NE(claim, nullptr);
        EXPECT_EQ(claim->claimed.is_visible(), visible);
        EXPECT_EQ(claim->claimed.chosen, announces.expanded().common_with(all));
        EXPECT_FALSE(claim->claimed.chosen.has(capability::altact_sig)) << "not announced, so not to be used";
        const auto dial = dialled(announces);
        EXPECT_NE(wants<next::message>(dial), nullptr);
        EXPECT_EQ(dial.send.size(), 23u) << "our proof";
    }
}

TEST(Releases, EachCapabilityThatOtp25DemandsIsDemanded) {
    const flags whole = all.without(capability::mandatory_25_digest);
    for (int bit = 0; bit < 64; ++bit) {
        const flags one{std::uint64_t{1} << bit};
        if (!whole.has_all(one)) continue;
        SCOPED_TRACE(one.names().at(0));
        const auto as_acceptor = accepted(whole.without(one));
        const auto as_initiator = dialled(whole.without(one));
        if (!mandatory_25.has_all(one)) {
            EXPECT_NE(wants<next::status>(as_acceptor), nullptr);
            EXPECT_NE(wants<next::message>(as_initiator), nullptr);
            continue;
        }
        EXPECT_EQ(to_hex(as_acceptor.send), to_hex(status("not_allowed")));
        EXPECT_TRUE(as_initiator.send.empty()) << "no proof for who is not taken";
        for (const auto& step : {as_acceptor, as_initiator}) {
            EXPECT_EQ(failure(step), make_error_code(dist::errc::flags_missing));
            EXPECT_NE(failure(step).context().find(one.names().at(0)), std::string::npos) << failure(step).context();
        }
    }
}

TEST(Releases, WhatWeAnnounceIsWhatThoseFrom25To28Demand) {
    for (const bool hidden : {false, true}) {
        EXPECT_TRUE(announced(hidden).has_all(mandatory_25));
        EXPECT_TRUE(announced(hidden).has_all(mandatory_26));
        EXPECT_TRUE(announced(hidden).with(capability::name_me).has_all(mandatory_26));
    }
}
