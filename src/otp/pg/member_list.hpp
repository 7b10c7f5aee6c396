// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/pid.hpp>

#include <cstddef>
#include <list>
#include <map>
#include <vector>

namespace sedge::otp {

/// The members that one node has in one group, newest first. A process that has joined several times stands there
/// several times. Joining and leaving take logarithmic time; a tree and not a hash table, since peers choose the pids.
class member_list {
public:
    void add(const pid& who) {
        auto [newest, is_first] = newest_.try_emplace(who);
        order_.push_front({who, newest->second, !is_first});
        newest->second = order_.begin();
    }

    /// Takes out the newest occurrence; false if there is none.
    bool remove(const pid& who) {
        auto newest = newest_.find(who);
        if (newest == newest_.end()) return false;
        auto gone = newest->second;
        if (gone->has_older)
            newest->second = gone->older;
        else
            newest_.erase(newest);
        order_.erase(gone);
        return true;
    }

    void append_to(std::vector<pid>& out) const {
        for (const auto& each : order_) out.push_back(each.who);
    }

    [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }
    [[nodiscard]] bool empty() const noexcept { return order_.empty(); }

private:
    struct occurrence {
        pid who;
        std::list<occurrence>::iterator older; // of the same process; meaningless without `has_older`
        bool has_older = false;
    };

    std::list<occurrence> order_;
    std::map<pid, std::list<occurrence>::iterator> newest_;
};

} // namespace sedge::otp
