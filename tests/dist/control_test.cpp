// SPDX-License-Identifier: Apache-2.0

#include "dist/notation.hpp"

#include <sedge/dist/control.hpp>
#include <sedge/dist/error.hpp>
#include <sedge/term/literal.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::dist;
using namespace sedge::literals;

namespace {

const atom self = "a@h"_atom;
const atom peer = "b@h"_atom;
const atom third = "c@h"_atom;

pid at(const atom& node, std::uint32_t id = 7) { return {node, id, 0, 3}; }
reference ref_of(const atom& node) { return {node, 3, 3, {1, 2, 3}}; }

const flags all = announced(false);
const term reason{"why"_atom};

/// The control message as text, `+` if the payload follows.
std::string encoded(const control_message& message, flags chosen = all) {
    byte_buffer bytes;
    const auto payload = reason.view();
    const bool follows = encode_control(bytes, message, &payload, chosen);
    return test::notation(term_view::over(bytes)) + (follows ? " +" : "");
}

result<decoded_control> decoded(const term& control) { return decode_control(control.bytes(), {}); }

struct sample {
    control_message message;
    const char* text;
};

const std::vector<sample>& samples() {
    static const std::vector<sample> all_messages{
        {control::send{at(peer), at(self)}, "{22,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>} +"},
        {control::reg_send{at(peer), "rex"_atom}, "{6,#Pid<b@h.7.0.3>,'',rex} +"},
        {control::alias_send{at(peer), ref_of(self)}, "{33,#Pid<b@h.7.0.3>,#Ref<a@h.3.1.2.3>} +"},
        {control::link{at(peer), at(self)}, "{1,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>}"},
        {control::unlink_id{~std::uint64_t{0}, at(peer), at(self)},
         "{35,18446744073709551615,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>}"},
        {control::unlink_id_ack{1, at(peer), at(self)}, "{36,1,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>}"},
        {control::exit{at(peer), at(self)}, "{24,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>} +"},
        {control::exit2{at(peer), at(self)}, "{26,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>} +"},
        {control::monitor_p{at(peer), at(self), ref_of(peer)},
         "{19,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>,#Ref<b@h.3.1.2.3>}"},
        {control::monitor_p{at(peer), "rex"_atom, ref_of(peer)}, "{19,#Pid<b@h.7.0.3>,rex,#Ref<b@h.3.1.2.3>}"},
        {control::demonitor_p{at(peer), "rex"_atom, ref_of(peer)}, "{20,#Pid<b@h.7.0.3>,rex,#Ref<b@h.3.1.2.3>}"},
        {control::monitor_p_exit{"rex"_atom, at(self), ref_of(self)},
         "{28,rex,#Pid<a@h.7.0.3>,#Ref<a@h.3.1.2.3>} +"},
        {control::spawn_request{ref_of(peer), at(peer), at(peer), "m"_atom, "f"_atom, 2,
                                term{std::vector<atom>{"link"_atom}}},
         "{29,#Ref<b@h.3.1.2.3>,#Pid<b@h.7.0.3>,#Pid<b@h.7.0.3>,{m,f,2},[link]} +"},
        {control::spawn_reply{ref_of(self), at(self), 3, at(peer)},
         "{31,#Ref<a@h.3.1.2.3>,#Pid<a@h.7.0.3>,3,#Pid<b@h.7.0.3>}"},
        {control::spawn_reply{ref_of(self), at(self), 0, "notsup"_atom},
         "{31,#Ref<a@h.3.1.2.3>,#Pid<a@h.7.0.3>,0,notsup}"},
        {control::group_leader{at(peer), at(self)}, "{7,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>}"},
    };
    return all_messages;
}

} // namespace

TEST(Control, IsWrittenInTheFormOfCurrentNodes) {
    for (const auto& [message, text] : samples()) EXPECT_EQ(encoded(message), text);
}

TEST(Control, IsReadBackAsItWasWritten) {
    for (const auto& [message, text] : samples()) {
        SCOPED_TRACE(text);
        byte_buffer bytes;
        const auto payload = reason.view();
        const bool follows = encode_control(bytes, message, &payload, all);
        bytes.push_back(0xff); // what follows is left alone
        const auto back = decode_control(bytes, {});
        ASSERT_TRUE(back) << back.error().message();
        EXPECT_EQ(back->consumed, bytes.size() - 1);
        EXPECT_EQ(back->payload_follows, follows);
        EXPECT_EQ(encoded(back->message), text);
        EXPECT_FALSE(violation(back->message, peer, self));
    }
}

TEST(Control, CutAnywhereIsABadPacket) {
    for (const auto& [message, text] : samples()) {
        byte_buffer bytes;
        const auto payload = reason.view();
        encode_control(bytes, message, &payload, all);
        for (std::size_t size = 0; size < bytes.size(); ++size)
            EXPECT_FALSE(decode_control(byte_view{bytes}.first(size), {})) << text << " cut to " << size;
    }
}

TEST(Control, PeersWithoutTheNewFormsGetTheOldOnes) {
    const flags old = all.without(capability::send_sender)
                          .without(capability::exit_payload)
                          .without(capability::unlink_id);
    EXPECT_EQ(encoded(control::send{at(peer), at(self)}, old), "{2,'',#Pid<a@h.7.0.3>} +");
    EXPECT_EQ(encoded(control::exit{at(peer), at(self)}, old), "{3,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>,why}");
    EXPECT_EQ(encoded(control::exit2{at(peer), at(self)}, old), "{8,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>,why}");
    EXPECT_EQ(encoded(control::monitor_p_exit{at(peer), at(self), ref_of(self)}, old),
              "{21,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>,#Ref<a@h.3.1.2.3>,why}");
    EXPECT_EQ(encoded(control::unlink_id{5, at(peer), at(self)}, old), "{4,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>}");
}

TEST(Control, OldFormsAndTracedFormsMeanTheSame) {
    using token = std::tuple<int, int, int, pid, int>;
    const token traced{1, 17, 1, at(peer), 0};
    const atom none;
    struct row {
        term control;
        std::string text;
        bool reason_inside = false;
    };
    const std::string send_text = "{2,'',#Pid<a@h.7.0.3>} +";
    const std::string exit_text = "{24,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>} +";
    const std::string exit2_text = "{26,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>} +";
    const std::vector<row> rows{
        {term{std::tuple{2, none, at(self)}}, send_text},
        {term{std::tuple{12, none, at(self), traced}}, send_text},
        {term{std::tuple{23, at(peer), at(self), traced}}, "{22,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>} +"},
        {term{std::tuple{16, at(peer), none, "rex"_atom, traced}}, "{6,#Pid<b@h.7.0.3>,'',rex} +"},
        {term{std::tuple{6, at(peer), "an old cookie"_atom, "rex"_atom}}, "{6,#Pid<b@h.7.0.3>,'',rex} +"},
        {term{std::tuple{34, at(peer), ref_of(self), traced}}, "{33,#Pid<b@h.7.0.3>,#Ref<a@h.3.1.2.3>} +"},
        {term{std::tuple{3, at(peer), at(self), reason}}, exit_text, true},
        {term{std::tuple{13, at(peer), at(self), traced, reason}}, exit_text, true},
        {term{std::tuple{8, at(peer), at(self), reason}}, exit2_text, true},
        {term{std::tuple{18, at(peer), at(self), traced, reason}}, exit2_text, true},
        {term{std::tuple{25, at(peer), at(self), traced}}, exit_text},
        {term{std::tuple{27, at(peer), at(self), traced}}, exit2_text},
        {term{std::tuple{21, at(peer), at(self), ref_of(self), reason}},
         "{28,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>,#Ref<a@h.3.1.2.3>} +", true},
        {term{std::tuple{4, at(peer), at(self)}}, "{4,#Pid<b@h.7.0.3>,#Pid<a@h.7.0.3>}"},
        {term{std::tuple{30, ref_of(peer), at(peer), at(peer), std::tuple{"m"_atom, "f"_atom, 2},
                         std::vector<atom>{"link"_atom}, traced}},
         "{29,#Ref<b@h.3.1.2.3>,#Pid<b@h.7.0.3>,#Pid<b@h.7.0.3>,{m,f,2},[link]} +"},
        {term{std::tuple{32, ref_of(self), at(self), 0, at(peer), traced}},
         "{31,#Ref<a@h.3.1.2.3>,#Pid<a@h.7.0.3>,0,#Pid<b@h.7.0.3>}"},
    };
    for (const auto& [control, text, reason_inside] : rows) {
        SCOPED_TRACE(test::notation(control));
        const auto read = decoded(control);
        ASSERT_TRUE(read) << read.error().message();
        EXPECT_EQ(encoded(read->message), text);
        EXPECT_EQ(read->reason.has_value(), reason_inside);
        EXPECT_EQ(read->reason ? *read->reason : reason, reason);
        EXPECT_EQ(read->payload_follows, has_payload(read->message) && !reason_inside);
        EXPECT_EQ(read->consumed, control.bytes().size());
    }
}

TEST(Control, WhatIsNoControlMessageIsABadPacket) {
    const std::vector<term> wrong{
        term{42},                                             // not a tuple
        term{std::tuple{"x"_atom, at(peer)}},                 // operation is not a number
        term{std::tuple{99, at(peer), at(self)}},             // unknown
        term{std::tuple{5}},                                  // NODE_LINK is never sent
        term{std::tuple{5, at(peer)}},                        // the same
        term{std::tuple{37, 0, at(peer), at(self)}},          // ALTACT_SIG_SEND: not announced
        term{std::tuple{22, at(peer)}},                       // too short
        term{std::tuple{22, at(peer), at(self), at(self)}},   // too long
        term{std::tuple{22, at(peer), "rex"_atom}},           // name for pid
        term{std::tuple{6, at(peer), atom{}, 1}},             // number for name
        term{std::tuple{19, at(peer), "rex"_atom, 1}},        // no reference
        term{std::tuple{19, at(peer), 1, ref_of(peer)}},      // target neither pid nor atom
        term{std::tuple{35, 0, at(peer), at(self)}},          // number 0
        term{std::tuple{35, -1, at(peer), at(self)}},         // negative
        term{std::tuple{31, ref_of(self), at(self), 0, 1}},   // outcome neither pid nor atom
        term{std::tuple{29, ref_of(peer), at(peer), at(peer),
                        std::tuple{"m"_atom, "f"_atom, "two"_atom}, std::vector<atom>{}}}, // arity
    };
    for (const auto& control : wrong) {
        const auto read = decoded(control);
        ASSERT_FALSE(read) << test::notation(control);
        EXPECT_EQ(read.error(), make_error_code(dist::errc::bad_packet));
    }
}

TEST(Control, SpawnOptionsAreThoseOfOtp) {
    const auto read = [](const char* text) { return read_spawn_options(parse_erlang(text).value()); };
    EXPECT_TRUE(read("[]"));
    EXPECT_FALSE(read("[]")->link);
    EXPECT_TRUE(read("[link]")->link);
    EXPECT_TRUE(read("[monitor]")->monitor);
    EXPECT_TRUE(read("[{monitor,[{tag,x}]},link]")->monitor);
    EXPECT_TRUE(read("[{priority,high},{min_heap_size,1},{fullsweep_after,0},{message_queue_data,off_heap}]"));
    for (const char* bad : {"no_list", "[link|x]", "[{priority,77}]", "[sometimes]", "[{link,true}]", "[1]", "[{a,b}]",
                            "[min_heap_size]", "[{}]"})
        EXPECT_FALSE(read(bad)) << bad;
}

TEST(Control, SpeakingForOthersIsAViolation) {
    const std::vector<control_message> offences{
        control::link{at(third), at(self)},
        control::link{at(peer), at(third)},
        control::unlink_id{1, at(third), at(self)},
        control::exit{at(third), at(self)},
        control::exit2{at(third), at(self)},
        control::exit2{at(self), at(self)},
        control::monitor_p{at(third), at(self), ref_of(peer)},
        control::monitor_p{at(peer), at(third), ref_of(peer)},
        control::monitor_p_exit{at(third), at(self), ref_of(self)},
        control::spawn_request{ref_of(third), at(peer), at(peer), {}, {}, 0, {}},
        control::spawn_reply{ref_of(peer), at(self), 0, at(peer)},
        control::group_leader{at(peer), at(third)},
    };
    for (const auto& message : offences) EXPECT_TRUE(violation(message, peer, self)) << encoded(message);
}

TEST(Control, WhatCanRaceIsNoViolation) {
    auto earlier = at(self);
    earlier.creation = 2;
    EXPECT_FALSE(violation(control::link{at(peer), earlier}, peer, self));
    EXPECT_FALSE(violation(control::send{at(third), at(third)}, peer, self)) << "dropped where it is looked up";
}

TEST(Control, PeersAreSpokenToOnlyInWhatTheyUnderstand) {
    EXPECT_FALSE(is_expressible(control::alias_send{at(self), ref_of(peer)}, all.without(capability::alias)));
    EXPECT_FALSE(is_expressible(control::monitor_p{at(self), at(peer), ref_of(self)},
                                all.without(capability::dist_monitor)));
    EXPECT_FALSE(is_expressible(control::monitor_p{at(self), "rex"_atom, ref_of(self)},
                                all.without(capability::dist_monitor_name)));
    EXPECT_FALSE(is_expressible(control::spawn_request{}, all.without(capability::spawn)));
    EXPECT_FALSE(is_expressible(control::unlink_id_ack{}, all.without(capability::unlink_id)));
    for (const auto& [message, text] : samples()) EXPECT_TRUE(is_expressible(message, all)) << text;
}
