// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/limits.hpp>
#include <sedge/cluster/mdns.hpp>

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::cluster;
using wire::dns_message;
using wire::dns_record;
using wire::dns_type;

namespace {

const mdns_instance a{"a@10.0.0.1", 4369, {wire::ip_address::v4(10, 0, 0, 1)}};
const mdns_instance b{"b@10.0.0.2", 4369, {wire::ip_address::v4(10, 0, 0, 2)}};

mdns_hearing heard_by(const mdns_instance& who, const byte_buffer& datagram, bool from_multicast_port = true) {
    return hear_mdns(who, datagram, from_multicast_port).value();
}

dns_message query_for(const std::string& name, std::uint16_t type) {
    dns_message out;
    out.questions = {{name, type, false}};
    return out;
}

dns_record pointer_to(const std::string& instance, seconds ttl = seconds{4500}) {
    dns_record out{.name = "_sedge._tcp.local", .type = dns_type::ptr, .ttl = ttl};
    out.target = instance;
    return out;
}

dns_message answer_with(std::vector<dns_record> records) {
    dns_message out;
    out.is_response = true;
    out.answers = std::move(records);
    return out;
}

using sightings = std::vector<mdns_sighting>;

} // namespace

TEST(Mdns, AnnouncementOfOneIsASightingForTheOther) {
    EXPECT_EQ(heard_by(b, encode_mdns_announcement(a)).nodes, (sightings{{atom{"a@10.0.0.1"}, false}}));
    EXPECT_EQ(heard_by(b, encode_mdns_announcement(a, true)).nodes, (sightings{{atom{"a@10.0.0.1"}, true}}));
    EXPECT_EQ(heard_by(a, encode_mdns_announcement(a)).nodes, sightings{}) << "our own comes back to us";
    EXPECT_FALSE(heard_by(b, encode_mdns_announcement(a)).answer);
}

TEST(Mdns, InstanceIsCalledAsTheNode) {
    EXPECT_EQ(mdns_instance_name("a@10.0.0.1"), "a@10\\.0\\.0\\.1._sedge._tcp.local");
    const std::string longest = "a@" + std::string(253, 'x');
    EXPECT_EQ(wire::dns_labels(mdns_instance_name(longest)).front().size(), 63u);
    EXPECT_NE(mdns_instance_name(longest), mdns_instance_name("b@" + std::string(253, 'x')));
}

TEST(Mdns, NameLongerThanALabelIsInTheText) {
    const mdns_instance wide{"a@" + std::string(240, 'x') + ".plant", 4369, {}};
    EXPECT_EQ(heard_by(b, encode_mdns_announcement(wide)).nodes, (sightings{{atom{wide.node}, false}}));
}

TEST(Mdns, InstanceOfAnotherProgramNeedsNoText) {
    auto message = answer_with({pointer_to("c@10\\.0\\.0\\.3._sedge._tcp.local")});
    EXPECT_EQ(heard_by(a, encode_dns_message(message)).nodes, (sightings{{atom{"c@10.0.0.3"}, false}}));
}

TEST(Mdns, QueryForTheListIsAnsweredWithEverything) {
    auto heard = heard_by(a, encode_mdns_query());
    EXPECT_TRUE(heard.asked_who_is_there);
    EXPECT_FALSE(heard.answer_by_unicast);
    ASSERT_TRUE(heard.answer);
    auto answer = wire::decode_dns_message(*heard.answer).value();
    EXPECT_TRUE(answer.is_response && answer.is_authoritative);
    EXPECT_EQ(answer.id, 0);
    ASSERT_EQ(answer.answers.size(), 1u);
    EXPECT_EQ(answer.answers[0], pointer_to(mdns_instance_name(a.node)));
    ASSERT_EQ(answer.additional.size(), 3u);
    EXPECT_EQ(answer.additional[0].port, 4369);
    EXPECT_EQ(answer.additional[0].target, answer.additional[2].name);
    EXPECT_EQ(answer.additional[1].texts, std::vector<std::string>{"node=a@10.0.0.1"});
    EXPECT_EQ(answer.additional[2].address, wire::ip_address::v4(10, 0, 0, 1));
    EXPECT_EQ(heard_by(b, *heard.answer).nodes.size(), 1u);
}

TEST(Mdns, QueriesForOurOwnNamesAreAnsweredAndForOthersAreNot) {
    struct row {
        std::string name;
        std::uint16_t type;
        std::size_t answers;
    };
    const auto announced = wire::decode_dns_message(encode_mdns_announcement(a)).value();
    const auto host = announced.answers[1].target;
    const row rows[] = {
        {"_SEDGE._tcp.local", 12, 1},
        {"_sedge._tcp.local", 255, 1},
        {"_sedge._tcp.local", 1, 0},
        {mdns_instance_name(a.node), 33, 1},
        {mdns_instance_name(a.node), 16, 1},
        {mdns_instance_name(a.node), 255, 2},
        {mdns_instance_name(b.node), 255, 0},
        {host, 1, 1},
        {host, 28, 0},
        {"_services._dns-sd._udp.local", 12, 1},
        {"_http._tcp.local", 12, 0},
    };
    for (const auto& r : rows) {
        auto heard = heard_by(a, encode_dns_message(query_for(r.name, r.type)));
        const auto count = heard.answer ? wire::decode_dns_message(*heard.answer).value().answers.size() : 0;
        EXPECT_EQ(count, r.answers) << r.name << " " << r.type;
    }
}

TEST(Mdns, AnswerThatTheAskerKnowsIsNotGiven) {
    auto query = query_for("_sedge._tcp.local", 12);
    query.answers = {pointer_to(mdns_instance_name(a.node), seconds{2250})};
    EXPECT_FALSE(heard_by(a, encode_dns_message(query)).answer);
    query.answers[0].ttl = seconds{2249};
    EXPECT_TRUE(heard_by(a, encode_dns_message(query)).answer) << "less than half of its time is left";
}

TEST(Mdns, ResolverThatKnowsNothingOfMulticastGetsAPlainAnswer) {
    auto query = query_for("_sedge._tcp.local", 12);
    query.id = 0x1234;
    auto heard = heard_by(a, encode_dns_message(query), false);
    ASSERT_TRUE(heard.answer && heard.answer_by_unicast);
    auto answer = wire::decode_dns_message(*heard.answer).value();
    EXPECT_EQ(answer.id, 0x1234);
    EXPECT_EQ(answer.questions, query.questions);
    for (const auto& r : answer.additional) {
        EXPECT_LE(r.ttl, seconds{10});
        EXPECT_FALSE(r.replaces);
    }
    EXPECT_FALSE(heard.asked_who_is_there) << "the answer goes to it alone";
}

TEST(Mdns, AnswersFromAnotherPortAreForged) {
    EXPECT_TRUE(heard_by(b, encode_mdns_announcement(a), false).nodes.empty());
}

TEST(Mdns, NamesThatAreNoNodeNamesAreCounted) {
    auto message = answer_with({pointer_to("no\\.node._sedge._tcp.local"), pointer_to("a\\032b@c._sedge._tcp.local"),
                                pointer_to("_sedge._tcp.local"), pointer_to("ok@h._sedge._tcp.local")});
    auto heard = heard_by(b, encode_dns_message(message));
    EXPECT_EQ(heard.bad_names, 3u);
    EXPECT_EQ(heard.nodes, (sightings{{atom{"ok@h"}, false}}));
}

TEST(Mdns, OtherServicesAreNotHeard) {
    auto message = answer_with({pointer_to("c@h._sedge._tcp.local")});
    message.answers[0].name = "_http._tcp.local";
    EXPECT_TRUE(heard_by(b, encode_dns_message(message)).nodes.empty());
}

TEST(Mdns, SomebodyWithOurNameIsNoticed) {
    mdns_instance twin = a;
    EXPECT_FALSE(heard_by(a, encode_mdns_announcement(twin)).somebody_has_our_name) << "that is ourselves";
    auto message = wire::decode_dns_message(encode_mdns_announcement(twin)).value();
    message.answers[1].target = "other-box.local";
    EXPECT_TRUE(heard_by(a, encode_dns_message(message)).somebody_has_our_name);
}

TEST(Mdns, GarbageIsAnErrorAndOtherOpcodesAreNothing) {
    EXPECT_FALSE(hear_mdns(a, byte_buffer{1, 2, 3}, true));
    EXPECT_FALSE(hear_mdns(a, byte_buffer(limits::mdns_packet_bytes_max + 1, 0), true));
    auto query = query_for("_sedge._tcp.local", 12);
    query.opcode = 4;
    EXPECT_FALSE(heard_by(a, encode_dns_message(query)).answer);
}
