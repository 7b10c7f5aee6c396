// SPDX-License-Identifier: Apache-2.0
#include "cluster/strategies/dns_lookup.hpp"

#include <sedge/wire/environment.hpp>

namespace sedge::cluster {

task<result<std::vector<wire::dns_record>>> dns_lookup::ask(strategy_context& topology, std::string name,
                                                            wire::dns_type type, time_point due) {
    auto& env = topology.env();
    wire::dns_question question;
    question.name = name;
    question.type = type;
    question.servers = how_.servers;
    question.search = how_.search;
    question.patience = due - env.now();
    auto asking = wire::query(env, std::move(question));
    auto answer = co_await std::move(asking);
    if (answer) {
        unknown_.erase(name);
        co_return answer;
    }
    if (answer.error().code() != wire::dns_errc::no_such_name) co_return answer;
    topology.count("dns_no_such_name");
    if (unknown_.insert(name).second)
        topology.log(log_level::warning, "DNS says that there is no name " + printable(name) + "; it is asked again");
    co_return std::vector<wire::dns_record>{};
}

} // namespace sedge::cluster
