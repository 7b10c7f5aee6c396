// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/atom.hpp>

#include <set>
#include <vector>

namespace sedge::cluster {

/// What a source that is asked again and again is believed to say (core).
///
/// A source may be wrong for a moment: a name server that just started answers with nothing, a cache with half. So a
/// list in which half of the known nodes or more are missing is believed only when the next one says the same; until
/// then what was known stays, and what is new comes in addition. libcluster disconnects all nodes on one empty
/// answer. A poll that fails says nothing: whoever asks keeps the nodes he has.
class poll_memory {
public:
    /// What is wanted after a poll that succeeded.
    std::vector<atom> answered(const std::vector<atom>& nodes);
    /// The last answer lacked half of the nodes or more; the next one decides.
    [[nodiscard]] bool is_in_doubt() const noexcept { return in_doubt_; }

private:
    std::set<atom> believed_;
    bool in_doubt_ = false;
};

} // namespace sedge::cluster
