// SPDX-License-Identifier: Apache-2.0
//
// Host names by c-ares: /etc/hosts first, then DNS as /etc/resolv.conf says. Both files are read anew for each name.
#include "wire/cares_channel.hpp"
#include "wire/native_address.hpp"
#include "wire/system_transport.hpp"

#include <algorithm>
#include <netdb.h>

namespace sedge::wire {

namespace {

constexpr std::size_t host_characters_max = 255;

struct name_answer {
    int status = ARES_SUCCESS;
    bool arrived = false;
    std::vector<ip_address> found;

    result<std::vector<ip_address>> outcome(const std::string& host);
};

void take_answer(void* into, int status, int, ares_addrinfo* found) {
    auto& answer = *static_cast<name_answer*>(into);
    answer.status = status;
    answer.arrived = true;
    if (!found) return;
    for (const auto* node = found->nodes; node; node = node->ai_next) {
        const auto address = native_address::to_endpoint(node->ai_addr).address;
        if (std::find(answer.found.begin(), answer.found.end(), address) == answer.found.end())
            answer.found.push_back(address);
    }
    ares_freeaddrinfo(found);
}

result<std::vector<ip_address>> name_answer::outcome(const std::string& host) {
    const std::string what = "resolve " + printable(host);
    switch (status) {
    case ARES_SUCCESS:
        if (!found.empty()) return std::move(found);
        [[fallthrough]];
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME: return error{errc::name_not_found, what};
    case ARES_ETIMEOUT: return error{sedge::errc::timed_out, what + ": no answer from DNS"};
    default: return error{errc::name_not_found, what + ": " + ares_strerror(status)};
    }
}

} // namespace

task<result<std::vector<ip_address>>> system_transport::resolve(std::string host) {
    if (auto literal = ip_address::parse(host)) co_return std::vector<ip_address>{*literal};
    if (host.empty() || host.size() > host_characters_max || host.find('\0') != host.npos)
        co_return error{errc::name_not_found, "resolve " + printable(host.substr(0, host_characters_max))};

    name_answer answer; // outlives the channel, which calls back when it goes
    cares_channel channel{loop_};
    const cares_channel::settings usual;
    auto opened = channel.open(usual, "resolve " + printable(host));
    if (!opened) co_return opened.error();
    answer.status = channel.status();
    if (answer.status == ARES_SUCCESS) {
        ares_addrinfo_hints hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        ares_getaddrinfo(channel.native(), host.c_str(), nullptr, &hints, take_answer, &answer);
        std::function<bool()> arrived = [&answer] { return answer.arrived; };
        auto driving = channel.drive(std::move(arrived));
        co_await std::move(driving);
    }
    co_return answer.outcome(host);
}

} // namespace sedge::wire
