// SPDX-License-Identifier: Apache-2.0
#include "sim/global_checks.hpp"

#include <sedge/wire/environment.hpp>

#include <algorithm>

namespace sedge::test {
namespace {

constexpr int names_count = 3;

term name_of(int number) { return term{std::pair{atom{"once"}, number}}; }

std::string text_of(int number) { return "name " + std::to_string(number); }

task<> hold(process& self, duration life) { co_await self.sleep(life); }

/// Gives up what this node does not hold any more.
void look_after(process& self, const otp::global& names, name_diary& notes) {
    for (auto at = notes.holders.begin(); at != notes.holders.end();) {
        const auto& [number, who] = *at;
        bool has_it = self.node().is_alive(who) && names.whereis_name(name_of(number)) == who;
        if (!has_it) {
            self.exit(who, term{atom{"kill"}});
            ++notes.lost;
        }
        at = has_it ? std::next(at) : notes.holders.erase(at);
    }
}

bool know_each_other(const name_view& a, const name_view& b) {
    auto knows = [](const name_view& one, const name_view& other) {
        auto known = one.names.known();
        return std::find(known.begin(), known.end(), other.node->name()) != known.end();
    };
    return knows(a, b) && knows(b, a);
}

} // namespace

task<> compete_for_names(process& self, otp::global names, std::shared_ptr<name_diary> notes) {
    for (;;) {
        auto pause = self.sleep(self.env().random_between(seconds{2}, seconds{8}));
        co_await std::move(pause);
        look_after(self, names, *notes);
        int number = static_cast<int>(self.env().random_below(names_count));
        if (names.whereis_name(name_of(number))) continue;
        auto life = self.env().random_between(seconds{20}, std::chrono::minutes{5});
        pid who = self.spawn([life](process& p) { return hold(p, life); });
        auto registering = names.register_name(name_of(number), who, self.env().now() + seconds{30});
        result<bool> outcome = co_await std::move(registering);
        bool is_ours = outcome && *outcome;
        if (is_ours) {
            notes->holders.insert_or_assign(number, who);
            ++notes->won;
        } else {
            self.exit(who, term{atom{"kill"}});
        }
    }
}

std::vector<std::string> name_checks::look(const std::vector<name_view>& all, time_point now) {
    std::vector<std::string> broken;
    std::map<std::tuple<int, pid, pid>, time_point> still;
    for (const auto& a : all) {
        for (const auto& b : all) {
            if (!(a.node->name() < b.node->name()) || !know_each_other(a, b)) continue;
            for (const auto& [number, who] : a.notes->holders) {
                auto other = b.notes->holders.find(number);
                bool both = other != b.notes->holders.end() && a.node->is_alive(who) && b.node->is_alive(other->second);
                if (!both) continue;
                std::tuple key{number, who, other->second};
                auto seen = since_.find(key);
                auto first = seen == since_.end() ? now : seen->second;
                still[key] = first;
                if (now - first > patience)
                    broken.push_back(text_of(number) + " has two holders, " + to_string(who) + " and " +
                                     to_string(other->second));
            }
        }
    }
    since_ = std::move(still);
    return broken;
}

std::vector<std::string> name_checks::at_rest(const std::vector<name_view>& all) {
    std::vector<std::string> broken;
    for (int number = 0; number < names_count; ++number) {
        std::vector<pid> holders;
        for (const auto& each : all) {
            auto mine = each.notes->holders.find(number);
            if (mine != each.notes->holders.end() && each.node->is_alive(mine->second)) holders.push_back(mine->second);
        }
        for (const auto& each : all) {
            auto seen = each.names.whereis_name(name_of(number));
            if (!seen) {
                broken.push_back(text_of(number) + " is nobody's at " + each.node->name().str());
            } else if (std::find(holders.begin(), holders.end(), *seen) == holders.end()) {
                broken.push_back(text_of(number) + " is at " + each.node->name().str() + " of " + to_string(*seen) +
                                 ", which does not hold it");
            }
        }
        if (holders.size() > 1)
            broken.push_back(text_of(number) + " has " + std::to_string(holders.size()) + " holders");
    }
    for (const auto& each : all)
        if (each.names.known().size() + 1 != all.size())
            broken.push_back(each.node->name().str() + " is not with everybody in one part");
    if (broken.empty()) return broken;
    for (const auto& each : all) {
        std::string known;
        for (const auto& other : each.names.known()) known += " " + other.str();
        broken.push_back(each.node->name().str() + " knows" + known);
    }
    return broken;
}

} // namespace sedge::test
