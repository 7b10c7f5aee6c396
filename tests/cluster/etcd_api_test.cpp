// SPDX-License-Identifier: Apache-2.0
#include "cluster/strategies/etcd_api.hpp"

#include "cluster/source_limits.hpp"

#include <gtest/gtest.h>

using namespace sedge;
using namespace sedge::cluster;
using names = std::vector<std::string>;

namespace {

std::string entry(const std::string& key, int revision) {
    return R"({"key":")" + etcd::to_base64(key) + R"(","mod_revision":")" + std::to_string(revision) + R"("})";
}
std::string list_of(const std::vector<std::string>& entries, int revision) {
    std::string out = R"({"header":{"revision":")" + std::to_string(revision) + R"("},"kvs":[)";
    for (std::size_t i = 0; i < entries.size(); ++i) out += (i ? "," : "") + entries[i];
    return out + "]}";
}
std::string told_of(const std::string& type, const std::string& key, int revision) {
    return R"({"result":{"events":[{)" + (type.empty() ? "" : R"("type":")" + type + R"(",)") + R"("kv":)" +
           entry(key, revision) + "}]}}";
}
using news = etcd::members::news;

} // namespace

TEST(EtcdApi, BytesTravelInBase64) {
    for (const auto* text : {"", "a", "ab", "abc", "/sedge/nodes/a@10.0.0.1"})
        EXPECT_EQ(etcd::from_base64(etcd::to_base64(text)), text);
    EXPECT_EQ(etcd::to_base64("ab"), "YWI=");
    for (const auto* text : {"a", "====", "a*==",
                             "YW=="
                             "x"})
        EXPECT_FALSE(etcd::from_base64(text)) << text;
}

TEST(EtcdApi, RequestsAreThoseOfTheGateway) {
    EXPECT_EQ(etcd::grant_lease(seconds{10}).body, R"({"TTL":"10"})");
    EXPECT_EQ(etcd::keep_alive("7").target, "/v3/lease/keepalive");
    EXPECT_EQ(etcd::put("a", "b", "7").body, R"({"key":"YQ==","value":"Yg==","lease":"7"})");
    const auto list = etcd::list("/n/");
    EXPECT_EQ(list.method, "POST");
    EXPECT_NE(list.body.find(R"("key":"L24v","range_end":"L24w")"), std::string::npos) << "/n0 comes behind all of /n/";
    EXPECT_EQ(etcd::watch("/n/", 8).body,
              R"({"create_request":{"key":"L24v","range_end":"L24w","start_revision":"8"}})");
    EXPECT_EQ(etcd::login("u", "p").target, "/v3/auth/authenticate");
}

TEST(EtcdApi, LeaseWithoutTimeHasRunOut) {
    EXPECT_EQ(etcd::read_lease(R"({"ID":"7587","TTL":"10"})").value().ttl, seconds{10});
    const auto kept = etcd::read_lease(R"({"result":{"header":{},"ID":"7587","TTL":"9"}})").value();
    EXPECT_EQ(kept.id, "7587");
    EXPECT_EQ(kept.ttl, seconds{9});
    EXPECT_EQ(etcd::read_lease(R"({"result":{"ID":"7587"}})").value().ttl, seconds{0});
    EXPECT_EQ(etcd::read_lease(R"({"ID":"1","TTL":"-5"})").value().ttl, seconds{0});
    EXPECT_FALSE(etcd::read_lease("{}"));
    EXPECT_FALSE(etcd::read_lease("[1,"));
    EXPECT_EQ(etcd::read_token(R"({"token":"t.1"})").value(), "t.1");
    EXPECT_FALSE(etcd::read_token("{}"));
}

TEST(EtcdApi, MembersAreListedThenWatched) {
    etcd::members known{"/n/"};
    ASSERT_TRUE(known.listed(list_of({entry("/n/a@h.x", 3), entry("/n/b@h.x", 4), entry("/other", 4)}, 5)));
    EXPECT_EQ(known.names(), (names{"a@h.x", "b@h.x"}));
    EXPECT_EQ(known.revision(), 5);
    EXPECT_EQ(known.told(R"({"result":{"created":true}})").value(), news::none);
    EXPECT_EQ(known.told(told_of("", "/n/c@h.x", 6)).value(), news::changed) << "PUT is the type that is left out";
    EXPECT_EQ(known.told(told_of("", "/n/c@h.x", 7)).value(), news::none) << "the same again";
    EXPECT_EQ(known.told(told_of("DELETE", "/n/a@h.x", 8)).value(), news::changed);
    EXPECT_EQ(known.told(told_of("DELETE", "/n/a@h.x", 8)).value(), news::none);
    EXPECT_EQ(known.told(told_of("DELETE", "/else", 9)).value(), news::none);
    EXPECT_EQ(known.names(), (names{"b@h.x", "c@h.x"}));
    EXPECT_TRUE(known.contains("c@h.x"));
    EXPECT_EQ(known.revision(), 8);
}

TEST(EtcdApi, OlderNewsChangeNothing) {
    etcd::members known{"/n/"};
    ASSERT_TRUE(known.listed(list_of({entry("/n/a@h.x", 9)}, 10)));
    EXPECT_EQ(known.told(told_of("DELETE", "/n/a@h.x", 4)).value(), news::none) << "it was put again since";
    ASSERT_TRUE(known.listed(list_of({}, 7)));
    EXPECT_EQ(known.names(), names{"a@h.x"}) << "of a server that lags behind";
    ASSERT_TRUE(known.listed(list_of({}, 1)));
    EXPECT_EQ(known.names(), names{}) << "a new etcd, whose revisions begin anew";
}

TEST(EtcdApi, WatchThatEndsIsBegunAnew) {
    etcd::members known{"/n/"};
    EXPECT_EQ(known.told(R"({"result":{"canceled":true,"compact_revision":"7"}})").value(), news::ended);
    EXPECT_EQ(known.told(R"({"result":{"compact_revision":"7"}})").value(), news::ended);
    EXPECT_EQ(known.told(R"({"error":{"message":"etcdserver: no leader"}})").value(), news::ended);
}

TEST(EtcdApi, NonsenseIsRefusedAndTakesNothingAway) {
    etcd::members known{"/n/"};
    ASSERT_TRUE(known.listed(list_of({entry("/n/a@h.x", 3)}, 5)));
    for (const auto* text : {"", "null", "[]", "{}", R"({"header":{}})", R"({"header":{"revision":"x"}})", "{\"kvs\":"})
        EXPECT_FALSE(known.listed(text)) << text;
    for (const auto* text : {"", "null", "{}", "{\"result\":"}) EXPECT_FALSE(known.told(text)) << text;
    EXPECT_EQ(known.told(R"({"result":{"events":[1,{"kv":2},{"kv":{"key":3}},{"kv":{"key":"*"}}]}})").value(),
              news::none);
    EXPECT_EQ(known.names(), names{"a@h.x"});
}

TEST(EtcdApi, NumberOfMembersIsBounded) {
    std::vector<std::string> entries;
    for (int i = 0; i < 10'000; ++i) entries.push_back(entry("/n/a" + std::to_string(i) + "@h.x", i + 1));
    etcd::members known{"/n/"};
    ASSERT_TRUE(known.listed(list_of(entries, 10'000)));
    EXPECT_EQ(known.names().size(), 4 * limits::topology_nodes_max);
    EXPECT_EQ(known.told(told_of("", "/n/one-more@h.x", 10'001)).value(), news::none);
    EXPECT_EQ(known.names().size(), 4 * limits::topology_nodes_max);
}

TEST(EtcdApi, StreamIsCutIntoMessages) {
    etcd::message_splitter splitter;
    EXPECT_EQ(splitter.feed("{\"a\"").value(), names{});
    EXPECT_EQ(splitter.feed(":1}\n{\"b\":2}\n\n{").value(), (names{"{\"a\":1}", "{\"b\":2}"}));
    EXPECT_EQ(splitter.feed("}\n").value(), names{"{}"});
    const std::string large(limits::http_body_bytes_max, 'x');
    EXPECT_TRUE(splitter.feed(large));
    EXPECT_FALSE(splitter.feed("x"));
}

TEST(EtcdApi, RefusalsAreSentences) {
    EXPECT_EQ(etcd::refusal({401, "Unauthorized", R"({"error":"etcdserver: invalid auth token"})"}),
              "etcd says 401 Unauthorized: etcdserver: invalid auth token");
    EXPECT_EQ(etcd::refusal({502, "Bad Gateway", "<html>"}), "etcd says 502 Bad Gateway: <html>");
}
