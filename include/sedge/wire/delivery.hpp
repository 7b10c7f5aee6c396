// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/wire/transport.hpp>

#include <optional>

namespace sedge::wire {

/// What became of the bytes that a stream took.
struct delivery {
    bool unacknowledged = false;   ///< Some are under way: the peer's system has not confirmed them.
    duration since_acknowledged{}; ///< Since that system last confirmed any, or the stream was connected.
    duration round_trip{};         ///< As measured; 0 if nobody did.
};

/// A stream that knows. All of this library do; one of a user's own need not.
class knows_delivery {
public:
    virtual ~knows_delivery() = default;
    /// Asks the system; nothing where it does not tell. Bytes that it holds back, because the peer does not read, are
    /// not under way.
    [[nodiscard]] virtual std::optional<delivery> delivered() const = 0;
};

/// Nothing from a stream that does not know.
[[nodiscard]] inline std::optional<delivery> delivered(const stream& of) {
    const auto* knows = dynamic_cast<const knows_delivery*>(&of);
    return knows != nullptr ? knows->delivered() : std::nullopt;
}

} // namespace sedge::wire
