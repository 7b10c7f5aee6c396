// SPDX-License-Identifier: Apache-2.0
#include "wire/simulated_program.hpp"

#include <sedge/wire/simulated_dns.hpp>

#include <algorithm>

namespace sedge::wire {

namespace {

std::string lower_case(std::string_view name) {
    std::string out{name};
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (out.ends_with('.')) out.pop_back();
    return out;
}

} // namespace

simulated_dns::simulated_dns(environment& any) noexcept : world_(static_cast<simulated_program&>(any).world) {}

void simulated_dns::answer(std::string_view name, dns_type type, std::vector<dns_record> records) {
    for (auto& r : records) {
        r.name = name;
        r.type = type;
    }
    world_.dns.insert_or_assign({lower_case(name), type}, std::move(records));
}

void simulated_dns::forget(std::string_view name) {
    std::erase_if(world_.dns, [wanted = lower_case(name)](const auto& entry) { return entry.first.first == wanted; });
}

void simulated_dns::fail(std::optional<error> failure) { world_.dns_failure = std::move(failure); }

void simulated_dns::fall_silent(bool silent) { world_.dns_silent = silent; }

task<result<std::vector<dns_record>>> simulated_program::query(dns_question question) {
    if (world.dns_silent) {
        auto waiting = sleep_for(*this, question.patience);
        co_await std::move(waiting);
        co_return error{sedge::errc::timed_out};
    }
    auto under_way = sleep_for(*this, world.delay(machine, machine) + world.options.link.delay_least);
    co_await std::move(under_way);
    if (world.dns_failure) co_return *world.dns_failure;

    const auto wanted = lower_case(question.name);
    auto known = world.dns.find({wanted, question.type});
    if (known != world.dns.end()) co_return known->second;
    bool exists = std::ranges::any_of(world.dns, [&](const auto& entry) { return entry.first.first == wanted; });
    std::vector<dns_record> found;
    if (auto named = world.names.find(wanted); named != world.names.end()) {
        exists = true;
        const auto type = named->second.is_v4() ? dns_type::a : dns_type::aaaa;
        if (type == question.type) {
            found.emplace_back();
            found.back().name = question.name;
            found.back().type = type;
            found.back().ttl = seconds{60};
            found.back().address = named->second;
        }
    }
    if (!exists) co_return error{dns_errc::no_such_name};
    co_return found;
}

} // namespace sedge::wire
