// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/pid.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sedge::otp {

/// Which processes of this node subscribed to which topics, and how many times (a core).
class subscriptions {
public:
    /// True if the process has no other subscription.
    bool add(const pid& who, std::string_view topic) {
        ++count_;
        ++of_topic_[std::string{topic}][who];
        auto& topics = of_process_[who];
        topics.insert(std::string{topic});
        return topics.size() == 1;
    }

    /// Takes all of that process to that topic. Nothing if there was none; true if the process has no other left.
    std::optional<bool> remove(const pid& who, std::string_view topic) {
        if (!forget(who, topic)) return std::nullopt;
        auto topics = of_process_.find(who);
        topics->second.erase(std::string{topic});
        if (!topics->second.empty()) return false;
        of_process_.erase(topics);
        return true;
    }

    /// The process has ended.
    void remove(const pid& who) {
        auto topics = of_process_.extract(who);
        if (!topics) return;
        for (const auto& topic : topics.mapped()) forget(who, topic);
    }

    /// A process once for each subscription, without `but`.
    [[nodiscard]] std::vector<pid> of(std::string_view topic, const std::optional<pid>& but = std::nullopt) const {
        std::vector<pid> all;
        auto found = of_topic_.find(topic);
        if (found == of_topic_.end()) return all;
        for (const auto& [who, times] : found->second)
            if (who != but) all.insert(all.end(), times, who);
        return all;
    }

    [[nodiscard]] std::vector<pid> processes() const {
        std::vector<pid> all;
        for (const auto& [who, topics] : of_process_) all.push_back(who);
        return all;
    }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

private:
    bool forget(const pid& who, std::string_view topic) {
        auto subscribers = of_topic_.find(topic);
        if (subscribers == of_topic_.end()) return false;
        auto gone = subscribers->second.extract(who);
        if (!gone) return false;
        count_ -= gone.mapped();
        if (subscribers->second.empty()) of_topic_.erase(subscribers);
        return true;
    }

    std::map<std::string, std::map<pid, std::size_t>, std::less<>> of_topic_;
    std::map<pid, std::set<std::string, std::less<>>> of_process_;
    std::size_t count_ = 0;
};

} // namespace sedge::otp
