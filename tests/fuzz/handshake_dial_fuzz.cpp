// SPDX-License-Identifier: Apache-2.0
//
// What anybody whom we dial can answer: a byte that says whether we insist after `alive`, our challenge, then messages
// as they stand in the stream.
#include <sedge/base/assert.hpp>
#include <sedge/base/bytes.hpp>
#include <sedge/dist/handshake.hpp>

#include <cstddef>
#include <cstdint>

using namespace sedge;
using namespace sedge::dist;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    reader in{{data, size}};
    const bool insists = (in.u8() & 1) != 0;
    const auto challenge = in.u32();
    challenge_guard guard;
    const auto secret = cookie::from_text("SEDGECOOKIE").value();
    initiator role{{node_name::parse("a@127.0.0.1").value(), 1, announced(false)},
                   node_name::parse("b@127.0.0.1").value(),
                   secret,
                   guard,
                   guard.issue(challenge)};
    role.start();
    while (in.remaining() > 0) {
        const std::size_t length = in.u16();
        const auto message = in.take(length);
        if (!in.ok()) break;
        auto step = role.feed(message);
        if (std::holds_alternative<next::confirmation>(step.then)) step = role.confirm(insists);
        if (const auto* done = std::get_if<next::done>(&step.then)) {
            SEDGE_ASSERT(secret.accepts(message.subspan(1), challenge));
            SEDGE_ASSERT(done->peer.chosen.has_all(mandatory_25));
            break;
        }
        if (const auto* failed = std::get_if<next::failed>(&step.then)) {
            SEDGE_ASSERT(!failed->why.context().empty());
            break;
        }
    }
    SEDGE_ASSERT(!role.closed().context().empty());
    return 0;
}
