// SPDX-License-Identifier: Apache-2.0
#include "otp/keeper.hpp"

#include "otp/terms.hpp"

namespace sedge::otp {
namespace {

task<> keep(process& self, pid first, std::shared_ptr<const keeper_job> job) {
    for (pid now = std::move(first);; now = job->start()) {
        const reference ref = self.monitor(now);
        std::function<bool(const term_view&)> fits = [ref](const term_view& message) {
            return is_tagged(message, "DOWN", 5) && message.element(1).as<reference>() == ref;
        };
        auto waiting = self.receive_if(std::move(fits));
        co_await std::move(waiting);
        if (job->is_over()) co_return;
    }
}

} // namespace

pid start_keeper(node& on, const pid& first, keeper_job job) {
    auto shared = std::make_shared<const keeper_job>(std::move(job));
    process_body body = [first, shared](process& self) { return keep(self, first, shared); };
    return on.spawn(std::move(body), {.label = "keeper", .trap_exit = true});
}

} // namespace sedge::otp
