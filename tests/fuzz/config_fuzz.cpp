// SPDX-License-Identifier: Apache-2.0
//
// A configuration file, TOML or config.exs by the first byte, up to the strategies that it makes. Every refusal must be
// a sentence that terminals can show.
#include <sedge/base/assert.hpp>
#include <sedge/base/log.hpp>
#include <sedge/cluster/config.hpp>
#include <sedge/cluster/strategies.hpp>

#include <cstddef>
#include <cstdint>

using namespace sedge;
using namespace sedge::cluster;

namespace {

void check(const error& refusal) {
    auto sentence = refusal.message();
    SEDGE_ASSERT(!sentence.empty());
    SEDGE_ASSERT(printable(sentence) == sentence);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const strategies known;
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    auto config = data[0] == 'x' ? parse_config_exs(text, "config.exs") : parse_toml(text, "sedge.toml");
    if (!config) {
        check(config.error());
        return 0;
    }
    for (const auto& settings : config->topologies) {
        auto made = known.make(settings, config->file);
        if (!made) check(made.error());
    }
    return 0;
}
