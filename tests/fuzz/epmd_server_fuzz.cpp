// SPDX-License-Identifier: Apache-2.0
//
// What anybody can send to a port mapper: the input is cut into requests at its own length fields; each comes on a
// connection of its own, and every third request ends the connection before it.
#include <sedge/base/assert.hpp>
#include <sedge/base/limits.hpp>
#include <sedge/epmd/registry.hpp>

#include <cstddef>
#include <cstdint>

using namespace sedge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    byte_view rest{data, size};
    epmd::registry names{4369, 0xfffffffe};
    for (epmd::registry::connection from = 1; !rest.empty(); ++from) {
        const std::size_t length = rest.size() < 2 ? rest.size() : std::size_t{2} + (rest[0] << 8 | rest[1]);
        const byte_view packet = rest.first(std::min(length, rest.size()));
        rest = rest.subspan(packet.size());
        auto what = epmd::decode_request(packet);
        if (!what || !*what) continue;

        auto again = epmd::decode_request(encode(**what));
        SEDGE_ASSERT(again && *again == *what);
        auto outcome = names.handle(from, **what, {true, true, true});
        SEDGE_ASSERT(names.size() <= limits::epmd_registrations_max);
        if (std::holds_alternative<epmd::alive_request>(**what)) {
            SEDGE_ASSERT(epmd::decode_alive_answer(outcome.answer).value().has_value());
        } else if (std::holds_alternative<epmd::names_request>(**what)) {
            SEDGE_ASSERT(epmd::decode_names_answer(outcome.answer).value().names == names.names());
        }
        if (from % 3 == 0) names.ended(from - 1);
    }
    return 0;
}
