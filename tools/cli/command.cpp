// SPDX-License-Identifier: Apache-2.0
#include "command.hpp"

#include <sedge/base/log.hpp>
#include <sedge/cluster/command_line.hpp>
#include <sedge/dist/error.hpp>
#include <sedge/epmd/error.hpp>
#include <sedge/otp/error.hpp>
#include <sedge/wire/tls.hpp>
#include <sedge/wire/transport.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace sedge::cli {

namespace {

/// What somebody needs who only asks a cluster something.
constexpr std::string_view visitor_flags[] = {"--cookie",      "--cookie-file", "--epmd-port",
                                              "--setup-time",  "--tls-ca",      "--tls-certificate",
                                              "--tls-ciphers", "--tls-key",     "--tls-version-min"};

} // namespace

status status_of(const std::error_code& code) {
    if (code == errc::timed_out || code == epmd::errc::silent || code == epmd::errc::resolver_silent ||
        code == dist::errc::unreachable || code == dist::errc::silent)
        return status::timed_out;
    if (code == cluster::config_errc::bad_option || code == dist::errc::name_invalid || code == errc::invalid_argument)
        return status::usage;
    if (code.category() == cluster::config_category() || code == dist::errc::cookie_unusable ||
        code == wire::tls_errc::unusable_file)
        return status::bad_configuration;
    const bool network = code.category() == dist::dist_category() || code.category() == epmd::epmd_category() ||
                         code.category() == wire::wire_category() || code.category() == wire::tls_category() ||
                         code.category() == wire::tls_alert_category() || code == otp::errc::no_connection ||
                         code == otp::errc::no_process || code == std::errc::connection_refused ||
                         code == std::errc::host_unreachable || code == std::errc::network_unreachable ||
                         code == std::errc::connection_reset || code == std::errc::network_down;
    return network ? status::unreachable : status::failed;
}

status tell(status what, std::string_view sentence) {
    // Lines are kept, anything else that could move the cursor is not.
    std::string shown;
    for (std::size_t at = 0; at <= sentence.size();) {
        const auto end = std::min(sentence.find('\n', at), sentence.size());
        shown += (at == 0 ? "" : "\n") + printable(sentence.substr(at, end - at));
        at = end + 1;
    }
    std::fprintf(stderr, "sedge: %s\n", shown.c_str());
    return what;
}

status tell(const error& what) { return tell(status_of(what.code()), what.message()); }

std::optional<double> seconds_from(const std::string& text) {
    double count = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (code != std::errc{} || !(count > 0)) return std::nullopt;
    const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
    if (unit == "ms") return count / 1000;
    if (unit == "m") return count * 60;
    if (unit == "h") return count * 3600;
    if (!unit.empty() && unit != "s") return std::nullopt;
    return count;
}

configuration_arguments::configuration_arguments(CLI::App& command, offered which)
    : given_(std::make_shared<std::vector<std::string>>()) {
    auto given = given_;
    const auto add = [&](const std::string& flag, const std::string& value_name, const std::string& description) {
        command
            .add_option_function<std::string>(
                flag, [given, flag](const std::string& value) { given->push_back(flag + "=" + value); }, description)
            ->type_name(value_name)
            ->group("Configuration");
    };
    add("--config", "FILE", "sedge.toml, or a config.exs with libcluster's block");
    for (const auto& option : cluster::configuration_options()) {
        if (which == offered::for_visitors && std::ranges::find(visitor_flags, option.flag) == std::end(visitor_flags))
            continue;
        auto description = option.description;
        if (!option.value_default.empty()) description += " [" + option.value_default + "]";
        if (!option.value_name.empty()) {
            add(option.flag, option.value_name, description);
            continue;
        }
        const bool on_by_default = option.value_default == "true";
        const auto flag = on_by_default ? "--no-" + option.flag.substr(2) : option.flag;
        command
            .add_flag_callback(
                flag, [given, flag] { given->push_back(flag); },
                on_by_default ? "do not: " + option.description : description)
            ->group("Configuration");
    }
    if (which == offered::all) {
        command
            .add_option_function<std::vector<std::string>>(
                "--set",
                [given](const std::vector<std::string>& values) {
                    for (const auto& value : values) given->push_back("--set=" + value);
                },
                "any key of the file, as in topologies.clusters1.trust=\"lan\"")
            ->type_name("KEY=VALUE")
            ->expected(1)
            ->take_all()
            ->group("Configuration");
    }
}

result<cluster::configuration> configuration_arguments::read() const {
    auto parsed = cluster::parse_command_line(*given_);
    if (!parsed) return std::move(parsed).error();
    return std::move(parsed->config);
}

} // namespace sedge::cli
