// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/epmd/client.hpp>
#include <sedge/epmd/server.hpp>
#include <sedge/wire/directory.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace sedge::epmd {

enum class address_family { any, v4, v6 };

struct directory_options {
    std::uint16_t port = usual_port(); ///< Of all port mappers, here and on other machines, as in OTP.
    /// Start a mapper inside this program when none answers on this machine. False: publishing fails then.
    bool embedded = true;
    /// The host part of our own node name. An embedded mapper listens on the addresses of this machine that it
    /// stands for, so that others find us under it. A name that stands for loopback only (as Debian's /etc/hosts
    /// has it) means all addresses of this machine; empty or `localhost`, none but loopback.
    std::string own_host;
    std::vector<wire::ip_address> addresses;     ///< Further addresses for an embedded mapper; 0.0.0.0 or :: means all.
    access_rules access;                         ///< Of an embedded mapper.
    address_family family = address_family::any; ///< Which addresses of other hosts `locate` asks and gives.
    std::chrono::milliseconds register_time{5000}; ///< For one registration; OTP waits 10 s.
    std::chrono::milliseconds look_up_time{2000};  ///< For each address asked. A dead machine costs this much.
};

/// Names and addresses by port mappers, as OTP does it; needs no OTP on the machine.
///
/// If a mapper answers on this machine we are its client. If none does, the first node to publish runs one inside
/// its program; when that program ends, another node of the machine takes its place, and all nodes register again
/// within 2 s, with their old creations. See docs/decisions/0003-embedded-epmd.md.
///
/// Life:    construct, `publish`, `withdraw`, destroy (withdraws). `locate` works with and without.
/// Threads: only on the environment's thread.
class directory final : public wire::directory {
public:
    explicit directory(environment& env, directory_options options = {});
    ~directory() override;

    /// Completes when the name is registered; keeps it so afterwards. Logs when the mapper is lost and found.
    ///
    /// Errors: epmd::errc::name_taken, epmd::errc::name_refused, epmd::errc::no_answer (only if not `embedded`),
    ///         epmd::errc::not_a_mapper (something else has the port), system codes.
    task<result<std::uint32_t>> publish(wire::publication what) override;
    /// Gives the name back; an embedded mapper ends with all its registrations.
    void withdraw() noexcept override;

    /// Asks the mapper at each address of `host` in turn. The first candidate is the address whose mapper knew the
    /// name; the other addresses of the host follow. A mapper on this machine is also asked on loopback.
    ///
    /// Errors: wire::errc::name_not_found and epmd::errc::resolver_silent for `host`, epmd::errc::not_found if one
    /// mapper said so, else what
    ///         became of the first address.
    task<result<std::vector<wire::endpoint>>> locate(std::string alive, std::string host) override;

    /// Whether a mapper runs inside this program at the moment.
    [[nodiscard]] bool is_mapper() const noexcept;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

} // namespace sedge::epmd
