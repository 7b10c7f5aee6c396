// SPDX-License-Identifier: Apache-2.0
//
// What a port mapper, or whatever has its port, can answer. Whatever decodes must survive being encoded again.
#include <sedge/base/assert.hpp>
#include <sedge/epmd/message.hpp>

#include <cstddef>
#include <cstdint>

using namespace sedge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const byte_view received{data, size};
    if (auto answer = epmd::decode_alive_answer(received); answer && *answer) {
        SEDGE_ASSERT(epmd::decode_alive_answer(encode(**answer)).value() == *answer);
    }
    if (auto answer = epmd::decode_port_answer(received); answer && *answer) {
        SEDGE_ASSERT(epmd::decode_port_answer(encode(**answer)).value() == *answer);
    }
    if (auto answer = epmd::decode_names_answer(received)) {
        SEDGE_ASSERT(epmd::decode_names_answer(encode(*answer)).value() == *answer);
    }
    return 0;
}
