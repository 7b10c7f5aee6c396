// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>

#include <cstdint>

namespace sedge::cluster {

/// The pause before the n-th retry is drawn from the upper half of [0, min(least * 2^n, most)].
struct backoff_options {
    duration least = milliseconds{500}; ///< After the first failure: 0.25 to 0.5 s.
    duration most = seconds{5};         ///< A peer that comes back is dialled at the latest after this.
};

/// Pauses between attempts at one target (core). Doubling keeps a dead target cheap; chance keeps those apart that
/// failed together, when a switch died, say.
class backoff {
public:
    explicit backoff(backoff_options options = {}) : options_(options) {}

    /// The pause after one more failure. `chance`: uniform over all 64 bits.
    duration next(std::uint64_t chance) noexcept;
    /// After a success.
    void reset() noexcept { failures_ = 0; }
    [[nodiscard]] std::uint32_t failures() const noexcept { return failures_; }

private:
    backoff_options options_;
    std::uint32_t failures_ = 0;
};

} // namespace sedge::cluster
