// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/dns.hpp>
#include <sedge/wire/environment.hpp>

namespace sedge::wire {

namespace {

class category final : public std::error_category {
    const char* name() const noexcept override { return "sedge.dns"; }
    std::string message(int code) const override {
        switch (static_cast<dns_errc>(code)) {
        case dns_errc::no_such_name: return "DNS knows no such name";
        case dns_errc::no_answer: return "no usable answer from DNS";
        }
        return "error " + std::to_string(code);
    }
};

} // namespace

const std::error_category& dns_category() noexcept {
    static const category instance;
    return instance;
}

task<result<std::vector<dns_record>>> query(environment& env, dns_question question) {
    const auto what = "ask DNS for " + std::string{to_string(question.type)} + " of " + printable(question.name);
    if (dns_labels(question.name).empty()) co_return error{dns_errc::no_such_name, what};
    auto* client = dynamic_cast<dns_client*>(&env.net());
    if (!client) co_return error{dns_errc::no_answer, what + ": this transport has no DNS"};
    const auto due = env.now() + question.patience;
    auto asking = client->query(std::move(question));
    auto limited = with_deadline(env, due, std::move(asking));
    auto answered = co_await std::move(limited);
    if (!answered) co_return answered.error().within(what);
    co_return answered;
}

} // namespace sedge::wire
