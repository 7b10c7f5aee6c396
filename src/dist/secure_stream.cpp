// SPDX-License-Identifier: Apache-2.0
//
// Nothing in EPMD tells whether a node speaks TLS, so each side finds out by the first bytes of the other, and there is
// no falling back: a node with TLS talks to nobody without.
//
//   who dials     who was dialled    what happens
//   TLS           plain              OTP waits for a message of 5,635 bytes, which is what the first bytes of TLS look
//                                    like as a length, until its timer closes; sedge closes at once
//   plain         TLS                the length of a name begins with 0, a TLS record with 22; both answer with an
//   alert
#include "dist/secure_stream.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/dist/certified_name.hpp>
#include <sedge/dist/error.hpp>
#include <sedge/wire/environment.hpp>

#include <array>

namespace sedge::dist {

namespace {

constexpr std::string_view plain_perhaps = "; it may speak plain distribution, and this node requires TLS";

// "unexpected message", fatal, in TLS 1.2's form: what OTP answers, too.
constexpr std::array<std::uint8_t, 7> alert_for_plain{21, 3, 3, 0, 2, 2, 10};

/// The largest name is 255 characters and some flags, so the first byte of its length is 0 or 1.
bool begins_plain_distribution(std::uint8_t first) { return first <= 1; }

error sentence_about(const std::string& peer, const error& why) {
    if (why == make_error_code(wire::tls_errc::not_tls))
        return {wire::tls_errc::not_tls, peer + " speaks plain distribution, this node requires TLS"};
    if (why == make_error_code(wire::tls_errc::closed)) return {why.code(), peer + std::string{plain_perhaps}};
    return why.within(peer);
}

} // namespace

std::string waiting_for_tls(const std::string& peer) {
    return "waiting for " + peer + " to speak TLS" + std::string{plain_perhaps};
}

task<result<wire::tls_link>> secure_dialled(environment& env, std::unique_ptr<wire::stream> over, node_name peer,
                                            std::shared_ptr<const wire::tls_context> context) {
    wire::tls_connect_options options;
    options.host = peer.host;
    options.check = [peer](const wire::certificate& shown) -> std::optional<std::string> {
        auto name = certified_name(shown, peer);
        return name ? std::nullopt : std::optional<std::string>{"it " + name.error().context()};
    };
    auto connecting = wire::tls_connect(env, std::move(over), std::move(context), std::move(options));
    auto link = co_await std::move(connecting);
    if (!link) co_return sentence_about(peer.full.str(), link.error());
    co_return link;
}

task<result<wire::tls_link>> secure_accepted(environment& env, std::unique_ptr<wire::stream> over,
                                             std::shared_ptr<const wire::tls_context> context) {
    wire::tls_accept_options options;
    options.already_read.resize(limits::handshake_frame_bytes_max);
    auto reading = wire::read_some(*over, options.already_read);
    const auto count = co_await std::move(reading);
    if (!count) {
        if (count.error() == make_error_code(wire::errc::closed))
            co_return error{errc::refused, "somebody connected and left without a word"};
        co_return count.error();
    }
    options.already_read.resize(*count);
    if (begins_plain_distribution(options.already_read.front())) {
        static_cast<void>(over->try_write(alert_for_plain));
        co_return error{wire::tls_errc::not_tls, "peer speaks plain distribution, this node requires TLS"};
    }
    auto accepting = wire::tls_accept(env, std::move(over), std::move(context), std::move(options));
    co_return co_await std::move(accepting);
}

} // namespace sedge::dist
