// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "interop/otp_node.hpp"
#include "support/free_port.hpp"
#include "support/proves.hpp"

#include <sedge/epmd/directory.hpp>
#include <sedge/otp/kernel.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/term/text.hpp>
#include <sedge/wire/system.hpp>

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sedge::test {

using namespace std::chrono_literals;
using namespace sedge::literals;

/// Keeps the log of our side for the test.
class kept_log final : public log_sink {
public:
    void write(log_level, std::string_view line) override { text += std::string{line} + "\n"; }
    std::string text;
};

struct sedge_options {
    std::string name = "sedge@127.0.0.1";
    std::string cookie = "interop";
    bool hidden = false;
    bool short_names = false;
    seconds tick_time{60};
    epmd::address_family family = epmd::address_family::any;
    std::function<void(node_options&)> more = {}; ///< Changes what the above gives.
    otp::role_table roles;
    otp::loss_reports lost_connections = otp::loss_reports::one_end;
    bool connect_all = true;
};

/// Every node may do everything, as between nodes of OTP.
inline otp::role_table everything_allowed() {
    otp::role r;
    r.name = "default";
    r.may.insert(otp::right::control);
    return otp::role_table{{r}};
}

/// A node of ours, in the program of the test, with all that it serves.
class sedge_side {
public:
    sedge_side(wire::system_environment& env, std::uint16_t epmd_port, const sedge_options& o);

    std::vector<std::string> events; ///< `up NAME`, `down NAME REASON`, in order.

    epmd::directory where;
    sedge::node node;
    otp::kernel kernel;
    node::subscription watching;
};

/// Our node and real ones, on a port mapper of their own.
class WithOtp : public testing::Test {
protected:
    /// What processes of ours got, as text, in tests that want to know. Only on the test's thread, so `env.post` leads
    /// there from other workers.
    std::vector<std::string> heard;
    std::shared_ptr<kept_log> log = std::make_shared<kept_log>();
    wire::system_environment env{log};
    const std::uint16_t epmd_port = free_port();
    std::vector<std::unique_ptr<sedge_side>> ours;
    std::vector<std::unique_ptr<otp_node>> theirs;

    ~WithOtp() override;

    sedge_side& start_sedge(const sedge_options& options = {});
    otp_node& start_otp(const std::string& name = "otp@127.0.0.1", otp_options options = {});
    /// Another program of ours: `node_resident`.
    std::unique_ptr<program> start_resident(const std::string& name);
    std::unique_ptr<program> start(std::vector<std::string> arguments);

    template <class T>
    T run(task<T> job) {
        return env.block_on(std::move(job));
    }
    void run_for(duration d) { env.block_on(sleep_for(env, d)); }
    /// True as soon as `done` holds.
    bool eventually(const std::function<bool()>& done, duration most = 15s);
    time_point in(duration d) { return env.now() + d; }

    /// rpc:call to `on`, as Erlang text.
    template <class... T>
    std::string rpc(sedge_side& from, const std::string& on, std::string_view module, std::string_view function,
                    const T&... arguments) {
        std::vector<term> list{term{arguments}...};
        auto calling = otp::erpc_call(from.node, atom{on}, atom{module}, atom{function}, list, in(20s));
        return to_erlang(otp::rpc_value(env.block_on(std::move(calling))));
    }
};

} // namespace sedge::test
