// SPDX-License-Identifier: Apache-2.0
#include "findings.hpp"

#include <sedge/cluster/examination.hpp>
#include <sedge/wire/system.hpp>

namespace sedge::cli {

namespace {

/// The log goes nowhere: what was found is the output.
class no_log final : public log_sink {
public:
    no_log() { set_least(log_level::off); }
    void write(log_level, std::string_view) override {}
};

int examine(const result<cluster::configuration>& config, bool json) {
    cluster::machine_facts facts;
    if (config) {
        wire::system_environment env{std::make_shared<no_log>()};
        facts = env.block_on(cluster::examine_machine(env, *config));
    } else {
        facts.configuration = config.error();
    }
    const std::vector<section> sections{{"this machine", "", cluster::diagnose(facts)}};
    if (json)
        show_json(sections);
    else
        show(sections);
    const auto* first = first_problem(sections);
    if (!first) return static_cast<int>(status::ok);
    const auto code = first->why ? status_of(*first->why) : status::failed;
    return static_cast<int>(code == status::bad_configuration ? code : status::failed);
}

} // namespace

void add_doctor(CLI::App& app, chosen& main) {
    auto* command = app.add_subcommand("doctor", "Examine this machine: name, cookie, ports, limits, multicast, ...");
    auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "one JSON object");
    command->footer("Give it what the node is given: --config, --name, --cookie-file, ... The node need not run.\n"
                    "Exit codes: 0 no problem, 1 a problem, 5 a problem of the configuration or the cookie file.\n"
                    "Between two nodes: sedge why.");
    configuration_arguments arguments{*command, offered::all};
    command->callback([&main, json, arguments] {
        main = [json, arguments] {
            const auto config = arguments.read();
            if (!config && config.error() == make_error_code(cluster::config_errc::bad_option))
                return static_cast<int>(tell(config.error()));
            return examine(config, *json);
        };
    });
}

} // namespace sedge::cli
