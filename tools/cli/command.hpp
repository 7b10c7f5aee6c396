// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/error.hpp>
#include <sedge/base/result.hpp>
#include <sedge/cluster/application.hpp>
#include <sedge/cluster/config.hpp>

#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The commands of `sedge`, one file each. A command declares its options and sets what is run.
namespace sedge::cli {

using status = exit_code;

/// Shows the sentence on standard error.
status tell(status what, std::string_view sentence);
/// The same for an error, with the status that its code stands for.
status tell(const error& what);
status status_of(const std::error_code& code);

/// `30`, `0.5`, `30s`, `500ms`, `2m`, `1h` in seconds; nothing for anything else.
std::optional<double> seconds_from(const std::string& text);

/// Which options of the configuration a command has.
enum class offered { all, for_visitors };

/// The keys of the configuration as options of a command, read into one configuration.
class configuration_arguments {
public:
    configuration_arguments(CLI::App& command, offered which);
    /// File and command line together. Errors: cluster::config_errc.
    [[nodiscard]] result<cluster::configuration> read() const;

private:
    std::shared_ptr<std::vector<std::string>> given_; // filled by the callbacks that CLI11 keeps
};

/// Each adds a command; when it was chosen, `main` is set to what it does.
using chosen = std::function<int()>;
void add_start(CLI::App& app, chosen& main);
void add_shell(CLI::App& app, chosen& main);
void add_epmd(CLI::App& app, chosen& main);
void add_nodes(CLI::App& app, chosen& main);
void add_ping(CLI::App& app, chosen& main);
void add_call(CLI::App& app, chosen& main);
void add_topology(CLI::App& app, chosen& main);
void add_events(CLI::App& app, chosen& main);
void add_new(CLI::App& app, chosen& main);
void add_cert(CLI::App& app, chosen& main);
void add_doctor(CLI::App& app, chosen& main);
void add_why(CLI::App& app, chosen& main);
void add_completion(CLI::App& app, chosen& main);

} // namespace sedge::cli
