// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/system_loop.hpp"

#include <ares.h>

#include <functional>
#include <string>
#include <vector>

namespace sedge::wire {

/// One use of c-ares, driven by the loop. Each reads /etc/resolv.conf anew, so that a machine that changes its network
/// is understood without a restart; nothing is kept between two.
///
/// c-ares opens its own sockets and says by a callback what it waits for on which. They are put into one epoll
/// descriptor, and the loop watches that one; together with c-ares' own timeouts that is all it needs to be driven.
///
/// Life: destroying it ends all questions; their callbacks get ARES_EDESTRUCTION.
class cares_channel {
public:
    struct settings {
        std::vector<endpoint> servers; ///< Empty: those of /etc/resolv.conf.
        bool large_answers = false;    ///< EDNS: answers by UDP may be longer than 512 bytes.
    };

    explicit cares_channel(system_loop& loop) noexcept : loop_(loop) {}
    cares_channel(const cares_channel&) = delete;
    ~cares_channel();

    /// Errors: system codes. `what` is for messages.
    result<void> open(const settings& wanted, const std::string& what);
    /// Null if c-ares itself could not be set up; then `status` says why.
    [[nodiscard]] ares_channel native() const noexcept { return channel_; }
    [[nodiscard]] int status() const noexcept { return status_; }

    /// Drives c-ares until `done()` holds.
    task<> drive(std::function<bool()> done);

private:
    static void socket_changed(void* self, ares_socket_t socket, int read, int write);
    void process(const std::function<bool()>& done);
    [[nodiscard]] duration patience() const;

    system_loop& loop_;
    std::unique_ptr<fd_owner> epoll_; // goes after the channel, which takes its sockets out of it
    ares_channel channel_ = nullptr;
    int status_ = ARES_SUCCESS;
};

} // namespace sedge::wire
