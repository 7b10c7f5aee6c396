// SPDX-License-Identifier: Apache-2.0
//
// Questions to DNS by c-ares, which chooses random ids and ports, tries servers in turn and goes over to TCP when an
// answer is cut. What came is read by our own parser, the one that multicast DNS uses (dns_message.cpp).
#include "wire/cares_channel.hpp"
#include "wire/system_transport.hpp"

#include <sedge/wire/dns_message.hpp>

#include <arpa/nameser.h>

namespace sedge::wire {

namespace {

struct record_answer {
    int status = ARES_SUCCESS;
    bool arrived = false;
    byte_buffer message;
};

void take_answer(void* into, int status, int, unsigned char* bytes, int length) {
    auto& answer = *static_cast<record_answer*>(into);
    answer.status = status;
    answer.arrived = true;
    if (bytes && length > 0) answer.message.assign(bytes, bytes + length);
}

result<std::vector<dns_record>> outcome(const record_answer& answer, dns_type type) {
    switch (answer.status) {
    case ARES_SUCCESS: return dns_answers(answer.message, type);
    case ARES_ENODATA: return std::vector<dns_record>{};
    case ARES_ENOTFOUND:
    case ARES_EBADNAME: return error{dns_errc::no_such_name};
    case ARES_ETIMEOUT: return error{sedge::errc::timed_out};
    default: return error{dns_errc::no_answer, ares_strerror(answer.status)};
    }
}

task<result<std::vector<dns_record>>> ask(system_loop* loop, dns_question question) {
    record_answer answer; // outlives the channel, which calls back when it goes
    cares_channel channel{*loop};
    cares_channel::settings settings;
    settings.servers = question.servers;
    settings.large_answers = true;
    auto opened = channel.open(settings, "open sockets");
    if (!opened) co_return opened.error();
    answer.status = channel.status();
    if (answer.status == ARES_SUCCESS) {
        const auto begin = question.search ? ares_search : ares_query;
        begin(channel.native(), question.name.c_str(), ns_c_in, static_cast<int>(question.type), take_answer, &answer);
        std::function<bool()> arrived = [&answer] { return answer.arrived; };
        auto driving = channel.drive(std::move(arrived));
        co_await std::move(driving);
    }
    co_return outcome(answer, question.type);
}

} // namespace

task<result<std::vector<dns_record>>> system_transport::query(dns_question question) {
    return ask(&loop_, std::move(question));
}

} // namespace sedge::wire
