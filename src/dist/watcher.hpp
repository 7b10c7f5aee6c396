// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/nursery.hpp>
#include <sedge/dist/connection.hpp>
#include <sedge/dist/detector.hpp>
#include <sedge/term/pid.hpp>

#include <optional>
#include <string>

namespace sedge::dist {

/// What a watcher needs of the connection that it watches.
class watched {
public:
    virtual ~watched() = default;
    [[nodiscard]] virtual detector::sight look() const = 0;
    virtual void put(const control_message& message, const term* payload) = 0;
    virtual void put_tick() = 0;
    virtual void suspected(bool is_suspect, std::string why) = 0; ///< Or no longer.
    virtual void leaving() = 0;                                   ///< The peer has begun to stop in order.
    virtual void missed(std::string why) = 0;                     ///< It is down.
};

/// How many tick intervals lie between two ticks to a program of this machine, where a program has `links` such peers
/// and they are a full mesh.
[[nodiscard]] int local_tick_intervals(std::size_t links) noexcept;

/// Carries out what the detector of one connection decides (a driver), and hears of a peer that leaves.
///
/// It has a pid on the peer's side of things that no process has, number 0: answers to probes come to it, and the ends
/// of two processes there that end only with their node.
class watcher final : public timer {
public:
    watcher(environment& env, watched& whom, const established& link, watch_options options);
    ~watcher() override;

    void start();
    void stop() noexcept; ///< No call of `watched` follows. May be called from inside of one.
    void on_read() noexcept { core_.on_read(now()); }
    void on_tick_read() noexcept { core_.on_tick_read(now()); }
    void on_written() noexcept { core_.on_written(now()); }
    /// True if this was for the watcher.
    bool takes(const incoming& message);

private:
    void fire() override { check(); }
    void check();
    void pace();
    void probe();
    void ask_about_end();
    task<> confirm(duration round_trip);
    [[nodiscard]] time_point now() const noexcept;

    environment& env_;
    watched& whom_;
    const watch_options options_;
    const pid self_;
    const std::vector<wire::endpoint> machine_;
    const bool on_this_machine_;
    detector core_;
    bool running_ = false;
    std::uint32_t asked_ = 0; // makes references
    nursery tasks_;           // last: its tasks use all of the above
};

} // namespace sedge::dist
