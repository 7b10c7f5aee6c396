// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/tls.hpp>

#include "support/test_authority.hpp"
#include "wire/tasks.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/base/nursery.hpp>
#include <sedge/wire/simulation.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace sedge::test {
namespace {

using testing::HasSubstr;
using wire::tls_errc;

constexpr auto server_address = "10.0.0.1";
constexpr auto client_address = "10.0.0.2";

task<> note_link(task<result<wire::tls_link>> job, std::optional<result<wire::tls_link>>* into) {
    into->emplace(co_await std::move(job));
}

/// Two machines, a stream between them, and TLS on it as far as it comes.
class TlsOverAStream : public testing::Test {
protected:
    explicit TlsOverAStream(wire::simulation_options options = {}) : sim(1, options) {
        listener = server_env.net().listen({wire::ip_address::parse(server_address).value(), 4433}).value();
        tasks.start(accept_into(listener.get(), &server_end));
        tasks.start(connect_into(&client_env, listener->local(), &client_end));
        EXPECT_TRUE(sim.run_until([&] { return tasks.empty(); }));
    }

    static std::shared_ptr<const wire::tls_context> load(const wire::tls_options& options) {
        return wire::tls_context::load(options).value();
    }

    /// Both sides shake hands; each one's outcome is in `server` and `client`.
    void secure(const wire::tls_options& server_has, const wire::tls_options& client_has,
                wire::tls_connect_options how = {server_address, {}}) {
        auto accepting = wire::tls_accept(server_env, std::move(server_end), load(server_has), {});
        auto connecting = wire::tls_connect(client_env, std::move(client_end), load(client_has), std::move(how));
        tasks.start(note_link(std::move(accepting), &server));
        tasks.start(note_link(std::move(connecting), &client));
        ASSERT_TRUE(sim.run_until([&] { return server && client; }, 10s));
    }
    void secure() {
        secure(authority.issue(server_address, {"server"}), authority.issue(client_address, {"client"}));
        ASSERT_TRUE(*server) << server->error().message();
        ASSERT_TRUE(*client) << client->error().message();
    }

    /// What the client's first read says; with TLS 1.3 it is there that a refusal is heard.
    std::error_code first_read() {
        byte_buffer nothing;
        return sim.block_on(read_to_end((*client)->stream.get(), &nothing));
    }
    /// As whoever dials sees a refusal: by the handshake, or by the first read.
    std::string what_the_client_hears() {
        if (!*client) return client->error().message();
        return first_read().message();
    }

    wire::simulation sim;
    environment& server_env = sim.machine(server_address);
    environment& client_env = sim.machine(client_address);
    test_authority authority{server_env.wall_clock()};
    std::unique_ptr<wire::listener> listener;
    std::unique_ptr<wire::stream> server_end;
    std::unique_ptr<wire::stream> client_end;
    std::optional<result<wire::tls_link>> server;
    std::optional<result<wire::tls_link>> client;
    nursery tasks;
};

TEST_F(TlsOverAStream, BothSidesLearnWhoTheOtherIs) {
    secure();
    EXPECT_TRUE(wire::is_for_host((*server)->peer, client_address));
    EXPECT_TRUE(wire::is_for_host((*client)->peer, server_address));
    EXPECT_EQ((*client)->version, "TLSv1.3");
    EXPECT_EQ((*client)->stream->remote(), (*server)->stream->local());
}

TEST_F(TlsOverAStream, MegabytesCrossInBothDirectionsAtOnce) {
    secure();
    const auto sent = pattern(3'000'000);
    byte_buffer at_server;
    byte_buffer at_client;
    at_server.resize(sent.size());
    at_client.resize(sent.size());
    tasks.start(write_out((*client)->stream.get(), sent));
    tasks.start(write_out((*server)->stream.get(), sent));
    auto read = [](wire::stream* from, byte_buffer* into) -> task<> {
        auto got = co_await wire::read_exactly(*from, *into);
        got.value();
    };
    tasks.start(read((*server)->stream.get(), &at_server));
    tasks.start(read((*client)->stream.get(), &at_client));
    ASSERT_TRUE(sim.run_until([&] { return tasks.empty(); }));
    EXPECT_EQ(at_server, sent);
    EXPECT_EQ(at_client, sent);
}

TEST_F(TlsOverAStream, GoodbyeIsTheEndOfTheStream) {
    secure();
    byte_buffer got;
    tasks.start(write_out((*client)->stream.get(), {1, 2, 3}, true));
    EXPECT_EQ(sim.block_on(read_to_end((*server)->stream.get(), &got)), wire::errc::closed);
    EXPECT_EQ(got, (byte_buffer{1, 2, 3}));
    EXPECT_EQ((*client)->stream->try_write(got).code, wire::errc::closed);
}

TEST_F(TlsOverAStream, PeerThatDiesWithoutGoodbyeIsAnEndAsWell) {
    secure();
    byte_buffer got;
    sim.crash(client_address);
    EXPECT_EQ(sim.block_on(read_to_end((*server)->stream.get(), &got)), wire::errc::closed);
}

TEST_F(TlsOverAStream, WriterIsHeldBackByAReaderThatDoesNotRead) {
    secure();
    auto& stream = *(*client)->stream;
    const byte_buffer block(64 * 1024);
    std::size_t taken = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto step = stream.try_write(block);
        if (step.what != wire::io_step::outcome::done) break;
        taken += step.count;
        sim.run_for(100ms);
    }
    EXPECT_LT(taken, 1'000'000u) << "the simulated system holds 256 KiB";
    EXPECT_GT(stream.held(), 0u);
    byte_buffer got(taken);
    auto reading = wire::read_exactly(*(*server)->stream, got);
    nursery writers;
    writers.start(stream.writable());
    EXPECT_TRUE(sim.block_on(std::move(reading)));
    EXPECT_TRUE(sim.run_until([&] { return writers.empty(); }, 1s));
    EXPECT_EQ(stream.held(), 0u);
}

TEST_F(TlsOverAStream, CiphersThatCannotBeHadAreToldAtOnce) {
    auto options = authority.issue(server_address, {"server"});
    options.ciphers = "no-such-cipher";
    auto refused = wire::tls_context::load(options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), make_error_code(tls_errc::unusable_file));
}

TEST_F(TlsOverAStream, CertificateOfAnotherAuthorityIsRefusedAndBothSidesSayWhy) {
    test_authority other{server_env.wall_clock()};
    auto stranger = other.issue(client_address, {"client"});
    stranger.ca_file = authority.ca_file();
    secure(authority.issue(server_address, {"server"}), stranger);
    ASSERT_FALSE(*server);
    EXPECT_EQ(server->error(), make_error_code(tls_errc::untrusted));
    EXPECT_THAT(server->error().message(), HasSubstr("signed by no authority that is known here"));
    EXPECT_THAT(what_the_client_hears(), testing::AnyOf(HasSubstr("unknown CA"), HasSubstr("decrypt error")));
}

TEST_F(TlsOverAStream, ServerOfAnotherAuthorityIsRefusedByWhoDials) {
    test_authority other{server_env.wall_clock()};
    secure(other.issue(server_address, {"server"}), authority.issue(client_address, {"client"}));
    ASSERT_FALSE(*client);
    EXPECT_EQ(client->error(), make_error_code(tls_errc::untrusted));
    ASSERT_FALSE(*server);
    EXPECT_EQ(&server->error().code().category(), &wire::tls_alert_category());
}

TEST_F(TlsOverAStream, ExpiredCertificateIsRefusedWithItsDate) {
    secure(authority.issue(server_address, {"server"}),
           authority.issue(client_address, {"client", std::chrono::hours{-48}, std::chrono::hours{24}}));
    ASSERT_FALSE(*server);
    EXPECT_EQ(server->error(), make_error_code(tls_errc::expired));
    EXPECT_THAT(server->error().message(), HasSubstr("UTC: it has expired"));
    EXPECT_THAT(what_the_client_hears(), HasSubstr("this node's certificate has expired"));
}

TEST_F(TlsOverAStream, CertificateOfTheFutureIsRefused) {
    secure(authority.issue(server_address, {"server", std::chrono::hours{48}}), authority.issue(client_address));
    ASSERT_FALSE(*client);
    EXPECT_EQ(client->error(), make_error_code(tls_errc::not_yet_valid));
}

TEST_F(TlsOverAStream, CertificateForAnotherHostIsRefusedWithBothNames) {
    secure(authority.issue("10.0.0.9", {"server"}), authority.issue(client_address));
    ASSERT_FALSE(*client);
    EXPECT_EQ(client->error(), make_error_code(tls_errc::wrong_name));
    EXPECT_THAT(client->error().message(), HasSubstr("it is for 10.0.0.9, not for 10.0.0.1"));
}

TEST_F(TlsOverAStream, OwnCheckOfTheNameReplacesThatOfTheHost) {
    wire::tls_connect_options how{"elsewhere.example.org", [](const wire::certificate& shown) {
                                      return wire::is_for_host(shown, "box.example.org")
                                                 ? std::nullopt
                                                 : std::optional<std::string>{"not the box"};
                                  }};
    secure(authority.issue("box.example.org", {"server"}), authority.issue(client_address), how);
    EXPECT_TRUE(*client) << client->error().message();
}

TEST_F(TlsOverAStream, DiallerWithoutCertificateIsRefused) {
    wire::tls_options nothing;
    nothing.ca_file = authority.ca_file();
    secure(authority.issue(server_address, {"server"}), nothing);
    ASSERT_FALSE(*server);
    EXPECT_EQ(server->error(), make_error_code(tls_errc::no_certificate));
    EXPECT_THAT(what_the_client_hears(), HasSubstr("this node showed none"));
}

TEST_F(TlsOverAStream, PlainTextIsToldFromTls) {
    auto accepting = wire::tls_accept(server_env, std::move(server_end), load(authority.issue(server_address)), {});
    tasks.start(note_link(std::move(accepting), &server));
    tasks.start(write_out(client_end.get(), {0, 21, 'N', 0, 0, 0, 0}));
    ASSERT_TRUE(sim.run_until([&] { return server.has_value(); }, 10s));
    EXPECT_EQ(server->error(), make_error_code(tls_errc::not_tls));
}

TEST_F(TlsOverAStream, PlainAnswerIsToldFromTls) {
    auto connecting =
        wire::tls_connect(client_env, std::move(client_end), load(authority.issue(client_address)), {"x", {}});
    tasks.start(note_link(std::move(connecting), &client));
    tasks.start(write_out(server_end.get(), {0, 3, 's', 'o', 'k'}));
    ASSERT_TRUE(sim.run_until([&] { return client.has_value(); }, 10s));
    EXPECT_EQ(client->error(), make_error_code(tls_errc::not_tls));
}

TEST_F(TlsOverAStream, PeerThatHangsUpInsteadOfAnsweringIsNamed) {
    auto connecting =
        wire::tls_connect(client_env, std::move(client_end), load(authority.issue(client_address)), {"x", {}});
    tasks.start(note_link(std::move(connecting), &client));
    sim.run_for(1s);
    byte_buffer hello(4096);
    server_end->try_read(hello);
    server_end->close();
    ASSERT_TRUE(sim.run_until([&] { return client.has_value(); }, 10s));
    EXPECT_EQ(client->error(), make_error_code(tls_errc::closed));
}

TEST_F(TlsOverAStream, GarbageInARecordEndsTheHandshakeWithAnAlert) {
    auto accepting = wire::tls_accept(server_env, std::move(server_end), load(authority.issue(server_address)), {});
    tasks.start(note_link(std::move(accepting), &server));
    byte_buffer garbage{22, 3, 1, 0, 4, 99, 99, 99, 99};
    tasks.start(write_out(client_end.get(), garbage));
    byte_buffer alert;
    EXPECT_EQ(sim.block_on(read_to_end(client_end.get(), &alert)), wire::errc::closed);
    ASSERT_FALSE(alert.empty());
    EXPECT_EQ(alert[0], 21);
    EXPECT_EQ(server->error(), make_error_code(tls_errc::broken));
}

TEST_F(TlsOverAStream, HandshakeOfTooManyBytesIsCutOff) {
    auto accepting = wire::tls_accept(server_env, std::move(server_end), load(authority.issue(server_address)), {});
    tasks.start(note_link(std::move(accepting), &server));
    // A ClientHello that announces 15 MB and never ends, in records of 16 KiB.
    byte_buffer flood;
    for (int i = 0; i < 8; ++i) {
        const byte_buffer head{22, 3, 1, 0x40, 0};
        flood.insert(flood.end(), head.begin(), head.end());
        const auto at = flood.size();
        flood.resize(at + 0x4000);
        if (i == 0) flood[at] = 1, flood[at + 1] = 0xf0;
    }
    tasks.start(write_out(client_end.get(), flood));
    ASSERT_TRUE(sim.run_until([&] { return server.has_value(); }, 10s));
    EXPECT_FALSE(*server);
}

TEST_F(TlsOverAStream, BytesChangedOnTheirWayEndTheStream) {
    auto accepting = wire::tls_accept(server_env, std::move(server_end), load(authority.issue(server_address)), {});
    tasks.start(note_link(std::move(accepting), &server));
    struct bender final : wire::stream { // lets the handshake pass, then flips a bit of each write
        explicit bender(std::unique_ptr<wire::stream> s) : over(std::move(s)) {}
        wire::io_step try_read(std::span<std::uint8_t> into) override { return over->try_read(into); }
        wire::io_step try_write(byte_view bytes) override {
            byte_buffer changed{bytes.begin(), bytes.end()};
            if (armed) changed.back() ^= 1;
            return over->try_write(changed);
        }
        task<> readable() override { return over->readable(); }
        task<> writable() override { return over->writable(); }
        void close() noexcept override { over->close(); }
        wire::endpoint local() const override { return over->local(); }
        wire::endpoint remote() const override { return over->remote(); }
        std::unique_ptr<wire::stream> over;
        bool armed = false;
    };
    auto bent = std::make_unique<bender>(std::move(client_end));
    auto* bend = bent.get();
    auto connecting = wire::tls_connect(client_env, std::move(bent), load(authority.issue(client_address, {"client"})),
                                        {server_address, {}});
    tasks.start(note_link(std::move(connecting), &client));
    ASSERT_TRUE(sim.run_until([&] { return server && client; }, 10s));
    bend->armed = true;
    tasks.start(write_out((*client)->stream.get(), {1, 2, 3}));
    byte_buffer got;
    EXPECT_EQ(sim.block_on(read_to_end((*server)->stream.get(), &got)), tls_errc::broken);
    EXPECT_TRUE(got.empty());
}

class TlsByteByByte : public TlsOverAStream {
protected:
    static wire::simulation_options tiny_steps() {
        wire::simulation_options options;
        options.step_bytes_max = 1;
        return options;
    }
    TlsByteByByte() : TlsOverAStream(tiny_steps()) {}
};

TEST_F(TlsByteByByte, HandshakeAndDataPassInPiecesOfOneByte) {
    secure();
    byte_buffer got;
    const auto sent = pattern(40'000);
    tasks.start(write_out((*client)->stream.get(), sent, true));
    EXPECT_EQ(sim.block_on(read_to_end((*server)->stream.get(), &got)), wire::errc::closed);
    EXPECT_EQ(got, sent);
}

// -- files -----------------------------------------------------------------------------------------------------------

class TlsFiles : public testing::Test {
protected:
    test_authority authority{std::chrono::system_clock::now()};
};

TEST_F(TlsFiles, RenewedCertificateIsUsedForNewConnections) {
    wire::tls_credentials credentials{authority.issue("10.0.0.1")};
    const auto first = credentials.current().value();
    EXPECT_EQ(credentials.current().value(), first) << "nothing has changed";
    authority.issue("10.0.0.1");
    const auto second = credentials.current().value();
    EXPECT_NE(second->own()->fingerprint, first->own()->fingerprint);
    EXPECT_FALSE(credentials.trouble());
}

TEST_F(TlsFiles, OldCertificateServesOnWhenTheNewOneCannotBeUsed) {
    wire::tls_credentials credentials{authority.issue("10.0.0.1")};
    const auto first = credentials.current().value();
    authority.write("node.crt", "half of a fi");
    EXPECT_EQ(credentials.current().value(), first);
    const auto trouble = credentials.trouble();
    ASSERT_TRUE(trouble);
    EXPECT_THAT(trouble->message(), HasSubstr("node.crt: there is no certificate in it"));
    EXPECT_FALSE(credentials.trouble()) << "told once";
    authority.issue("10.0.0.1");
    EXPECT_NE(credentials.current().value(), first);
}

TEST_F(TlsFiles, UnusableFilesAreNamed) {
    const auto good = authority.issue("10.0.0.1");
    auto say = [](const wire::tls_options& options) {
        auto loaded = wire::tls_context::load(options);
        return loaded ? std::string{"loaded"} : loaded.error().message();
    };
    EXPECT_EQ(say(good), "loaded");
    auto options = good;
    options.ca_file = "/nowhere/ca.crt";
    EXPECT_THAT(say(options), HasSubstr("/nowhere/ca.crt: No such file or directory"));
    options = good;
    options.key_file = authority.issue("10.0.0.2", {"other"}).key_file;
    EXPECT_THAT(say(options), HasSubstr("does not belong to the certificate in"));
    options = good;
    options.key_file = good.certificate_file;
    EXPECT_THAT(say(options), HasSubstr("no private key in it"));
    options = good;
    options.key_file = authority.folder() + "/encrypted.key";
    authority.write("encrypted.key",
                    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n");
    std::filesystem::permissions(options.key_file, std::filesystem::perms::owner_read);
    EXPECT_THAT(say(options), HasSubstr("this private key is encrypted, and there is nobody to ask for its password; "
                                        "do: openssl pkey -in "));
    options = good;
    options.key_file.clear();
    EXPECT_THAT(say(options), HasSubstr("a certificate needs its key"));
    options = good;
    options.certificate_file = authority.folder();
    EXPECT_THAT(say(options), HasSubstr("is not a file"));
    std::filesystem::permissions(good.key_file, std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    EXPECT_THAT(say(good), HasSubstr("open to everybody on this machine; do: chmod 600"));
}

TEST_F(TlsFiles, SystemsAuthoritiesServeWhereNoneAreGiven) { EXPECT_TRUE(wire::tls_context::load({})); }

// -- certificates ----------------------------------------------------------------------------------------------------

TEST_F(TlsFiles, CertificateTellsWhatItIsFor) {
    wire::authority_request about;
    about.now = std::chrono::system_clock::now();
    const auto root = wire::make_authority(about).value();
    wire::certificate_request wanted;
    wanted.name = "node1@10.0.0.5";
    wanted.addresses = {wire::ip_address::v4(10, 0, 0, 5), wire::ip_address::parse("fd00::5").value()};
    wanted.dns_names = {"node1.example.org"};
    wanted.uris = {"erlang://node1@10.0.0.5"};
    wanted.now = about.now;
    const auto made = wire::issue_certificate(root, wanted).value();

    const auto all = wire::read_certificates(made.key + made.certificate + root.certificate).value();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].subject, "CN=node1@10.0.0.5");
    EXPECT_EQ(all[0].issuer, "CN=sedge cluster");
    EXPECT_TRUE(all[0].is_for_clients && all[0].is_for_servers && !all[0].is_authority);
    EXPECT_EQ(wire::names_of(all[0]), "10.0.0.5, fd00::5, node1.example.org, erlang://node1@10.0.0.5");
    EXPECT_TRUE(wire::is_for_host(all[0], "NODE1.example.org"));
    EXPECT_TRUE(wire::is_for_host(all[0], "fd00:0::5"));
    EXPECT_FALSE(wire::is_for_host(all[0], "10.0.0.50"));
    EXPECT_FALSE(wire::is_for_host(all[0], "node1@10.0.0.5")) << "the subject is for people";
    EXPECT_EQ(all[0].fingerprint.size(), 64u);
    EXPECT_TRUE(all[1].is_authority);
    EXPECT_LT(all[0].not_after - about.now, std::chrono::hours{24 * 90 + 1});
    EXPECT_LT(all[0].not_before, about.now);
}

TEST_F(TlsFiles, OnlyAnAuthorityWithItsKeyIssues) {
    wire::authority_request about;
    about.now = std::chrono::system_clock::now();
    const auto root = wire::make_authority(about).value();
    const auto other = wire::make_authority(about).value();
    wire::certificate_request wanted;
    wanted.name = "x";
    wanted.now = about.now;
    const auto leaf = wire::issue_certificate(root, wanted).value();
    EXPECT_EQ(wire::issue_certificate(leaf, wanted).error(), make_error_code(errc::invalid_argument));
    EXPECT_EQ(wire::issue_certificate({root.certificate, other.key}, wanted).error(),
              make_error_code(errc::invalid_argument));
    EXPECT_EQ(wire::issue_certificate({"nothing", root.key}, wanted).error(), make_error_code(errc::malformed));
    EXPECT_EQ(wire::read_certificates("nothing").error(), make_error_code(errc::malformed));
}

} // namespace
} // namespace sedge::test
