// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <sedge/dist/error.hpp>
#include <sedge/epmd/error.hpp>
#include <sedge/otp/error.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>

namespace sedge::cli {

void add_client_options(CLI::App& app, client_options& into) {
    app.add_option("--cookie", into.cookie, "The cluster's cookie; a file keeps it out of the list of programs");
    app.add_option("--cookie-file", into.cookie_file, "File with the cookie (default: the one that `sedge start` made)");
    app.add_option("--config", into.config, "Take cookie and ports from this sedge.toml or config.exs");
    app.add_option("--epmd-port", into.epmd_port, "Port of the port mappers (default: ERL_EPMD_PORT, else 4369)");
    app.add_option("--timeout", into.timeout, "Seconds to wait for an answer (default: 7)")->check(CLI::Range(0.1, 3600.0));
    app.add_flag("--json", into.json, "Print JSON");
}

std::optional<int> read_command_line(CLI::App& app, const arguments& given) {
    auto reversed = arguments{given.rbegin(), given.rend()}; // as CLI11 wants a vector
    try {
        app.parse(reversed);
    } catch (const CLI::CallForHelp&) {
        std::printf("%s", app.help().c_str());
        return 0;
    } catch (const CLI::ParseError& e) {
        std::fprintf(stderr, "%s: %s; `%s --help` tells more\n", app.get_name().c_str(), printable(e.what()).c_str(),
                     app.get_name().c_str());
        return static_cast<int>(exit_code::usage);
    }
    return std::nullopt;
}

namespace {

exit_code code_of(const error& why) {
    if (why == make_error_code(errc::timed_out)) return exit_code::timed_out;
    if (why.code() == otp::errc::remote_failure || why.code() == otp::errc::refused) return exit_code::failed;
    if (why.code() == dist::errc::cookie_unusable || why.code().category() == cluster::config_category())
        return exit_code::bad_configuration;
    if (why.code() == dist::errc::name_invalid || why == make_error_code(errc::invalid_argument)) return exit_code::usage;
    return exit_code::unreachable;
}

} // namespace

int tell(const char* command, const error& why) {
    std::fprintf(stderr, "sedge %s: %s\n", command, printable(why.message()).c_str());
    return static_cast<int>(code_of(why));
}

std::unique_ptr<cluster::visitor> visit(const char* command, const client_options& options, const std::string& host,
                                        int& code) {
    std::vector<cluster::assignment> over;
    if (!options.cookie.empty()) over.push_back({"node.cookie", options.cookie, "--cookie"});
    if (!options.cookie_file.empty()) over.push_back({"node.cookie_file", options.cookie_file, "--cookie-file"});
    if (options.epmd_port != 0) over.push_back({"epmd.port", std::to_string(options.epmd_port), "--epmd-port"});
    auto config = cluster::load_configuration(options.config, over);
    if (!config) return code = tell(command, config.error()), nullptr;
    auto made = cluster::visitor::make(*config, host);
    if (!made) return code = tell(command, made.error()), nullptr;
    return std::move(*made);
}

std::optional<node_name> peer_name(const char* command, const std::string& text) {
    auto name = node_name::parse(text);
    if (name) return *name;
    tell(command, name.error());
    return std::nullopt;
}

duration timeout_of(const client_options& options) {
    return std::chrono::duration_cast<duration>(std::chrono::duration<double>{options.timeout});
}

} // namespace sedge::cli
