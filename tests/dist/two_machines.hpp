// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/nursery.hpp>
#include <sedge/dist/establish.hpp>
#include <sedge/wire/simulation.hpp>

#include <memory>
#include <optional>
#include <string>

namespace sedge::test {

/// Two machines in virtual time, and the two sides of handshakes between nodes on them: `a@10.0.0.1` dials,
/// `b@10.0.0.2` listens at port 5000.
struct two_machines {
    static constexpr std::uint16_t port = 5000;

    explicit two_machines(std::uint64_t seed = 1, wire::simulation_options options = {}) : world(seed, options) {}

    wire::simulation world;
    environment& a = world.machine("10.0.0.1");
    environment& b = world.machine("10.0.0.2");
    dist::challenge_guard guard_a;
    dist::challenge_guard guard_b;

    struct dialler final : dist::dial_decisions {
        bool wanted = true;
        bool may_send_name() override { return wanted; }
        bool is_still_wanted() override { return wanted; }
    } dial_says;

    struct door final : dist::accept_decisions {
        dist::accept_status status = dist::accept_status::ok;
        dist::cookie secret = dist::cookie::from_text("SEDGECOOKIE").value();
        std::optional<error> refusal;
        int claims = 0;
        int admitted = 0;
        dist::status_answer on_claim(const dist::peer_identity&) override {
            ++claims;
            return {status, secret};
        }
        task<result<void>> admit(dist::peer_identity) override {
            ++admitted;
            if (refusal) co_return *refusal;
            co_return result<void>{};
        }
    } door_says;

    static wire::endpoint there() { return {wire::ip_address::v4(10, 0, 0, 2), port}; }
    static dist::identity identity_of(const char* name) {
        return {node_name::parse(name).value(), 1, dist::announced(false)};
    }

    dist::dial_options options(const char* peer = "b@10.0.0.2") {
        dist::dial_options o;
        o.self = identity_of("a@10.0.0.1");
        o.peer = node_name::parse(peer).value();
        o.secret = dist::cookie::from_text("SEDGECOOKIE").value();
        o.candidates = {there()};
        o.deadline = a.now() + seconds{7};
        return o;
    }

    std::shared_ptr<const wire::tls_context> tls_of_b; // null: plain

    std::unique_ptr<wire::listener> listener = b.net().listen({wire::ip_address::any_v4(), port}).value();
    std::optional<result<dist::established>> accepted;
    std::optional<result<dist::established>> dialled;
    nursery tasks;

    task<> accept_one() {
        auto stream = co_await listener->accept();
        dist::accept_options options;
        options.self = identity_of("b@10.0.0.2");
        options.tls = tls_of_b;
        accepted.emplace(co_await dist::accept(b, guard_b, door_says, std::move(stream.value()), std::move(options)));
    }
    task<> dial_once(dist::dial_options o) {
        auto dialling = dist::dial(a, guard_a, dial_says, std::move(o));
        dialled.emplace(co_await std::move(dialling));
    }

    /// Both sides of one handshake, to their ends.
    void shake(dist::dial_options o) {
        tasks.start(accept_one());
        tasks.start(dial_once(std::move(o)));
        world.run_until([this] { return dialled.has_value() && accepted.has_value(); }, seconds{30});
    }
    void shake() { shake(options()); }
};

} // namespace sedge::test
