// SPDX-License-Identifier: Apache-2.0
//
// net_kernel, as far as others talk to it. net_adm:ping and Node.ping call {is_auth, Node} without a timeout, and
// disconnect from whoever does not answer `yes`. Other requests come from releases before OTP 23 only and get no
// answer, as from OTP itself.

#include "otp/kernel_state.hpp"
#include "otp/terms.hpp"

#include <sedge/otp/gen.hpp>

namespace sedge::otp {

task<> run_net_kernel(process& self) {
    for (;;) {
        term message = co_await self.receive();
        auto call = as_call(message);
        if (call && is_tagged(call->request, "is_auth", 2)) reply(self, call->from, term{atom{"yes"}});
    }
}

} // namespace sedge::otp
