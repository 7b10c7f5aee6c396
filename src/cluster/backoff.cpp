// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/backoff.hpp>

#include <algorithm>

namespace sedge::cluster {

duration backoff::next(std::uint64_t chance) noexcept {
    duration ceiling = options_.least;
    for (std::uint32_t i = 0; i < failures_ && ceiling < options_.most; ++i) ceiling *= 2;
    ceiling = std::min(ceiling, options_.most);
    ++failures_;
    auto half = ceiling / 2;
    auto spread = static_cast<std::uint64_t>((ceiling - half).count()) + 1;
    return half + duration{static_cast<duration::rep>(chance % spread)};
}

} // namespace sedge::cluster
