// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/otp/global.hpp>
#include <sedge/process/node.hpp>

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace sedge::test {

/// The global names of one incarnation of a node, and the processes it has registered.
struct name_diary {
    std::map<int, pid> holders; ///< By name; each was told that it has the name, and nobody has said otherwise.
    std::uint64_t won = 0;
    std::uint64_t lost = 0; ///< Holders that were killed, or found that the name was another's.
};

/// Competes for a few names with the same process on every other node: takes each that nobody has, for a process that
/// ends after a while. Like any careful holder, it lets go of a process that finds the name is another's.
task<> compete_for_names(process& self, otp::global names, std::shared_ptr<name_diary> notes);

/// A node of the simulated cluster, as the checks see it.
struct name_view {
    sedge::node* node;
    otp::global names;
    const name_diary* notes;
};

/// Invariant 6: at most one holder of a name in a part of the cluster whose nodes know each other; exactly one when the
/// cluster is whole and at rest.
class name_checks {
public:
    /// Looked at while faults go on. Parts that have just met need a while to agree; two holders that know of each
    /// other's nodes for longer than `patience` are a sentence.
    std::vector<std::string> look(const std::vector<name_view>& all, time_point now);
    /// At rest: every name has one holder, which lives, all nodes name the same, and everybody is everybody's member.
    static std::vector<std::string> at_rest(const std::vector<name_view>& all);

    /// A lost connection shows after 10 s here, a failed dial after 7 s; then the others are told, and pair anew.
    static constexpr duration patience = seconds{60};

private:
    std::map<std::tuple<int, pid, pid>, time_point> since_;
};

} // namespace sedge::test
