// SPDX-License-Identifier: Apache-2.0
//
// What anybody who connects can say before he has proved anything: a byte that chooses our status, our challenge, then
// messages as they stand in the stream.
#include <sedge/base/assert.hpp>
#include <sedge/base/bytes.hpp>
#include <sedge/dist/handshake.hpp>

#include <cstddef>
#include <cstdint>

using namespace sedge;
using namespace sedge::dist;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    reader in{{data, size}};
    const auto status = static_cast<accept_status>(in.u8() % 6);
    const auto challenge = in.u32();
    challenge_guard guard;
    acceptor role{{node_name::parse("b@127.0.0.1").value(), 1, announced(false)}, guard, guard.issue(challenge)};
    const auto secret = cookie::from_text("SEDGECOOKIE").value();
    while (in.remaining() > 0) {
        const std::size_t length = in.u16();
        const auto message = in.take(length);
        if (!in.ok()) break;
        auto step = role.feed(message);
        if (const auto* asks = std::get_if<next::status>(&step.then)) {
            SEDGE_ASSERT(asks->claimed.chosen.has_all(mandatory_25));
            step = role.answer(status, secret);
        }
        if (std::holds_alternative<next::admission>(step.then)) {
            SEDGE_ASSERT(message.size() == 21);
            SEDGE_ASSERT(secret.accepts(message.subspan(5), challenge));
            step = role.acknowledge();
            SEDGE_ASSERT(std::holds_alternative<next::done>(step.then));
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
