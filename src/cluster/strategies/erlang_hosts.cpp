// SPDX-License-Identifier: Apache-2.0
#include "cluster/strategies/builtin.hpp"
#include "cluster/strategies/mapper_survey.hpp"

#include <sedge/cluster/hosts_file.hpp>
#include <sedge/cluster/limits.hpp>
#include <sedge/cluster/strategies/erlang_hosts.hpp>
#include <sedge/epmd/client.hpp>
#include <sedge/wire/environment.hpp>

#include <filesystem>
#include <fstream>

namespace sedge::cluster {
namespace {

constexpr milliseconds pause_default{5000};

class erlang_hosts final : public strategy {
public:
    explicit erlang_hosts(erlang_hosts_strategy options) : options_(std::move(options)) {}
    std::string_view name() const noexcept override { return "erlang_hosts"; }
    task<> run(strategy_context& topology) override;

private:
    void read_hosts(strategy_context& topology);
    void complain_once(strategy_context& topology, const std::string& sentence);

    erlang_hosts_strategy options_;
    std::vector<std::string> hosts_;
    std::string last_complaint_;
};

void erlang_hosts::complain_once(strategy_context& topology, const std::string& sentence) {
    if (sentence != last_complaint_ && !sentence.empty()) topology.log(log_level::warning, sentence);
    last_complaint_ = sentence;
}

// A file that is missing or wrong leaves the hosts of before.
void erlang_hosts::read_hosts(strategy_context& topology) {
    auto places = options_.file.empty() ? hosts_file_places() : std::vector{options_.file};
    for (const auto& place : places) {
        std::error_code ignored;
        if (!std::filesystem::is_regular_file(place, ignored)) continue;
        std::ifstream in{place, std::ios::binary};
        std::string text(limits::hosts_file_bytes_max + 1, '\0');
        in.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(in.gcount()));
        auto parsed = parse_hosts_file(text);
        if (!parsed) return complain_once(topology, place + ": " + parsed.error().context());
        complain_once(topology, {});
        hosts_ = *std::move(parsed);
        return;
    }
    complain_once(topology, options_.file.empty()
                                ? "couldn't find .hosts.erlang file - not joining cluster; it is "
                                  "looked for again"
                                : printable(options_.file) + ": no such file; it is looked for again");
}

task<> erlang_hosts::run(strategy_context& topology) {
    mapper_survey survey{options_.epmd_port ? options_.epmd_port : epmd::usual_port()};
    for (;;) {
        read_hosts(topology);
        auto looking = survey.nodes_of(topology, hosts_);
        auto nodes = co_await std::move(looking);
        topology.want(std::move(nodes));
        auto pause = sleep_for(topology.env(), options_.timeout.value_or(pause_default));
        co_await std::move(pause);
    }
}

result<std::unique_ptr<strategy>> from_settings(const topology_settings& settings) {
    erlang_hosts_strategy options;
    option_reader config{settings.config};
    config.read("timeout", options.timeout);
    config.read("file", options.file);
    options.epmd_port = settings.epmd_port;
    return make_strategy(std::move(options));
}

} // namespace

std::unique_ptr<strategy> make_strategy(erlang_hosts_strategy options) {
    return std::make_unique<erlang_hosts>(std::move(options));
}

strategy_definition erlang_hosts_definition() {
    using type = strategy_option::type;
    strategy_definition out;
    out.name = "erlang_hosts";
    out.libcluster_module = "Cluster.Strategy.ErlangHosts";
    out.description =
        "All nodes of the machines in `.hosts.erlang` (one `'host'.` a line), looked for as OTP does: in the working "
        "directory, the home directory, OTP's root directory. Their port mappers are asked at the same time, again and "
        "again; the nodes of one that does not answer stay wanted. A port mapper inside a sedge node tells its names "
        "to other machines only with `[epmd] names = \"lan\"` or `\"anyone\"`.";
    out.options = {
        {"timeout", type::milliseconds, quoted("infinity"),
         "milliseconds from the end of a round to the next one; `\"infinity\"`: 5000, where libcluster has one round "
         "only",
         100},
        {"file", type::text, "", "this file instead; not in libcluster"},
    };
    out.make = from_settings;
    return out;
}

} // namespace sedge::cluster
