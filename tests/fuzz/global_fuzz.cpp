// SPDX-License-Identifier: Apache-2.0
//
// What two peers can say to global_name_server, in any order, between what happens to it anyway: peers that come and
// go, locks that are set, conflicts that are decided, time that passes. Whatever they say, it answers within bounds,
// and when both are gone nothing of theirs is left.
//
// The input is a sequence of steps: a byte that says what happens (see `step`), and, if it is a message, its term.
#include "otp/global/core.hpp"
#include "otp/global/pairing.hpp"
#include "otp/global/partitions.hpp"

#include <sedge/base/assert.hpp>

#include <cstddef>
#include <cstdint>

using namespace sedge;
using namespace sedge::literals;
using namespace sedge::otp::registry;

namespace {

constexpr std::int64_t first_tag = -576460752303423486; // as in the recorded exchange that is among the seeds

class server {
public:
    void step(std::uint8_t what, const atom& peer) {
        switch (what) {
        case 0: return peer_up(s_, peer);
        case 1: return peer_lost(s_, peer, now_);
        case 2:
            now_ += seconds{70};
            report_losses(s_, now_);
            return give_up_overdue(s_, now_);
        case 3: return introduced(s_, peer, true, now_);
        case 4: return introduced(s_, peer, false, now_);
        default: break;
        }
        auto him = candidate_of(s_, peer);
        if (!him) return;
        term requester{std::vector<pid>{s_.locker, him->locker}};
        if (what == 5) return lock_is_set(s_, peer, him->my_tag, requester, now_);
        if (what == 6) return conflicts_resolved(s_, peer, him->my_tag, {verdict::none, verdict::mine}, now_);
        if (what == 7) return lock_not_answered(s_, peer, him->my_tag, now_);
        s_.locks.set({global_resource(), requester}, s_.locker);
    }

    void hear(const atom& peer, const term& message) { on_message(s_, peer, message, now_); }

    void look(std::size_t input_size) {
        auto changes = s_.watched.take();
        for (const auto& who : changes.watch) watched_.push_back(who);
        SEDGE_ASSERT(s_.names.size() <= input_size);
        SEDGE_ASSERT(s_.out.size() <= 64 + 8 * input_size);
        s_.out.clear();
    }

    void end() {
        for (const auto& peer : {"b@127.0.0.1"_atom, "c@127.0.0.1"_atom}) peer_lost(s_, peer, now_);
        for (const auto& who : watched_) process_down(s_, who);
        SEDGE_ASSERT(s_.pairings.empty());
        SEDGE_ASSERT(s_.names.size() == 0);
        SEDGE_ASSERT(!s_.locks.is_set(global_resource()));
    }

private:
    state s_{"a@127.0.0.1"_atom, pid{"a@127.0.0.1"_atom, 56, 0, 1591140353}, otp::loss_reports::always, first_tag, 1};
    std::vector<pid> watched_;
    time_point now_{};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    byte_view left{data, size};
    server one;
    while (!left.empty()) {
        const std::uint8_t what = left[0];
        left = left.subspan(1);
        const atom peer = what & 0x10 ? "c@127.0.0.1"_atom : "b@127.0.0.1"_atom;
        if (what & 0x20) {
            auto message = term::decode_prefix(left);
            if (!message) break;
            left = left.subspan(message->consumed);
            one.hear(peer, message->value);
        } else {
            one.step(what & 0x0f, peer);
        }
        one.look(size);
    }
    one.end();
    return 0;
}
