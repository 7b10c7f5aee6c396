// SPDX-License-Identifier: Apache-2.0
#include "cluster/doctor_functions.hpp"

#include <sedge/cluster/examination.hpp>
#include <sedge/process/node.hpp>
#include <sedge/term/convert_containers.hpp>
#include <sedge/wire/environment.hpp>

#include <map>
#include <memory>

namespace sedge::cluster {
namespace {

term described(const finding& f) {
    std::map<atom, term> out{{atom{"step"}, term{f.step}},
                             {atom{"verdict"}, term{std::string{to_string(f.what)}}},
                             {atom{"evidence"}, term{f.evidence}}};
    if (f.why) out.emplace(atom{"cause"}, term{std::string{explanation_of(*f.why).id}});
    return term{out};
}

/// Set while an examination runs; its frame may be destroyed at any time.
struct turn {
    explicit turn(std::shared_ptr<bool> f) : taken(std::move(f)) { *taken = true; }
    turn(const turn&) = delete;
    ~turn() { *taken = false; }
    std::shared_ptr<bool> taken;
};

task<std::vector<term>> examine(node& here, std::uint16_t mapper_port, std::string peer, std::shared_ptr<bool> taken) {
    std::vector<term> out;
    if (*taken) {
        const finding busy{"examination", verdict::unknown, {}, "another one is under way"};
        out.push_back(described(busy));
        co_return out;
    }
    const turn mine{std::move(taken)};
    peer_question what;
    what.peer = std::move(peer);
    what.mapper_port = mapper_port;
    what.long_names = here.options().long_names;
    what.tls = here.options().tls.has_value();
    what.tick_time = here.options().tick_time;
    what.setup_time = here.options().setup_time;
    auto examining = examine_peer(here.env(), &here, std::move(what));
    const auto facts = co_await std::move(examining);
    for (const auto& each : diagnose(facts)) out.push_back(described(each));
    co_return out;
}

} // namespace

void add_doctor_functions(otp::function_table& table, node& here, std::uint16_t mapper_port) {
    auto taken = std::make_shared<bool>(false);
    table.add(
        "sedge_doctor", "examine",
        [&here, mapper_port, taken](std::string peer) { return examine(here, mapper_port, std::move(peer), taken); },
        otp::access::info);
}

} // namespace sedge::cluster
