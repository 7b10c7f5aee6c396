// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/cluster/config_value.hpp>
#include <sedge/otp/role.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sedge::cluster {

/// What is wrong with a configuration. The context is a whole sentence with file and line.
enum class config_errc {
    unreadable = 1,   ///< The file cannot be opened or read.
    syntax,           ///< Not TOML, or no `config :libcluster` in the exs file.
    unknown_key,      ///< The sentence names the nearest valid key.
    wrong_type,       ///< The sentence names the expected type.
    bad_value,        ///< Right type, but no such port, address, level, ...
    bad_option,       ///< The command line has an unknown or incomplete option.
    unknown_strategy, ///< No strategy of that name is built in or was added by the program.
};
const std::error_category& config_category() noexcept;
inline std::error_code make_error_code(config_errc code) noexcept {
    return {static_cast<int>(code), config_category()};
}

/// `[node]`
struct node_settings {
    std::string name;  ///< Long name, `node1@172.24.176.1`; without host: this machine's name is added.
    std::string sname; ///< Short name instead.
    std::string cookie;
    std::string cookie_file; ///< As written; relative to the directory of the file it is written in.
    std::string named_by;    ///< Ask this node for a name; `name` or `sname` is `undefined@HOST` then.
    std::vector<std::pair<std::string, std::string>> peer_cookies; ///< `[node.peer_cookies]`: node, file.
    std::string members_file; ///< Where members are remembered on disk; relative as `cookie_file`; empty: nowhere.
    bool hidden = false;
    std::string listen;        ///< Address of the distribution listener; empty: all.
    std::int64_t port_min = 0; ///< Range of the listener's port; 0: any.
    std::int64_t port_max = 0;
    std::int64_t tick_time = 60;    ///< Seconds.
    std::int64_t setup_time = 7000; ///< Milliseconds.
    std::int64_t spin = 0;          ///< Microseconds: `system_environment::spin_before_sleep`; 0: not at all.
    std::int64_t workers = 1;       ///< `node_options::workers`
    std::int64_t message_bytes_max = 64 << 20; ///< `node_options::message_bytes_max`
    bool connect_all = true;                   ///< `otp::kernel_options::connect_all`
    std::string lost_connections = "one_end";  ///< `otp::loss_reports`: one_end, always or never.
};

/// `[detection]`, in milliseconds: `dist::detector_options`.
struct detection_settings {
    bool enabled = true; ///< False: peers are missed by `tick_time` alone.
    std::int64_t tick_interval = 1000;
    std::int64_t suspect_time = 2500;
    std::int64_t confirm_time = 1300;
    std::int64_t probe_time = 2000;
    std::int64_t answer_time = 2000;
    std::int64_t hung_time = 6000;
    std::int64_t hung_time_asked = 10'000;
    std::int64_t unacknowledged_max = 30'000;
};

/// `[epmd]`
struct epmd_settings {
    std::int64_t port = 0;          ///< Of all port mappers, here and elsewhere; 0: ERL_EPMD_PORT, else 4369.
    bool embedded = true;           ///< Be the port mapper where none runs.
    std::string names = "loopback"; ///< Who may ask for the list of names: `loopback`, `lan` or `anyone`.
    std::string listen;             ///< One more address for the embedded one; it always has the node's and loopback.
};

/// `[ready]`: what must be connected before the program begins its work. As OTP's `sync_nodes_mandatory`.
struct ready_settings {
    std::int64_t at_least = 0;      ///< Visible peers.
    std::vector<std::string> nodes; ///< These among them.
    double within = 30;             ///< Seconds; then the program ends with exit_code::timed_out.

    [[nodiscard]] bool is_asked() const noexcept { return at_least > 0 || !nodes.empty(); }
};

/// `[pg]`
struct pg_settings {
    std::string scopes = "pg"; ///< Scopes of process groups that run, with commas between them; empty: none.
};

/// `[events]`
struct events_settings {
    std::string file; ///< Where the timeline is kept; relative as `cookie_file`; empty: in memory only.
};

/// `[metrics]`
struct metrics_settings {
    std::int64_t port = 0;            ///< Of the endpoint for Prometheus; 0: there is none.
    std::string listen = "127.0.0.1"; ///< Its address.
    std::string hosts;                ///< Names by which it may be asked, with commas between them.
};

/// `[tls]`: connections between nodes are TLS if `certificate` is set.
struct tls_settings {
    std::string ca; ///< Files, as written; relative to the directory of the file they are written in.
    std::string certificate;
    std::string key;
    std::string version_min = "1.2"; ///< `1.2` or `1.3`.
    std::string ciphers;             ///< For 1.2, in OpenSSL's notation; empty: ECDHE with AEAD.
};

/// `[topologies.NAME]`
struct topology_settings {
    std::string name;
    std::string strategy; ///< `epmd`, `gossip`, or the name of one that the program added.
    config_value trust;   ///< Absent, text or a list of texts.
    config_value config;  ///< The strategy's own options, already checked where it declares them.
    int line = 0;
    std::uint16_t epmd_port = 0; ///< `[epmd] port`, for strategies that ask port mappers.
};

/// Values laid over the file's: key as in the file (`node.name`, `topologies.clusters1.strategy`), text as it would
/// stand there (quotes may be left out where text is expected).
struct assignment {
    std::string key;
    std::string text;
    std::string origin = "command line"; ///< For messages.
};

/// A whole configuration: what `sedge.toml` says, or libcluster's `config.exs`, or the command line, or all.
struct configuration {
    node_settings node;
    detection_settings detection;
    epmd_settings epmd;
    pg_settings pg;
    tls_settings tls;
    std::string log_level = "info"; ///< `[log] level`: debug, info, warning, error or off.
    events_settings events;
    metrics_settings metrics;
    ready_settings ready;
    std::vector<topology_settings> topologies;
    std::vector<otp::role> roles; ///< `[roles.NAME]`, in the order of the file.
    std::string file;             ///< Where it came from; empty: from no file.
    std::vector<assignment> over; ///< What was laid over the file.
    bool cookie_on_command_line = false;
    std::vector<std::string> advice; ///< Lines to be logged at start.
};

/// Reads `path`: `.exs` is libcluster's `config.exs`, all else TOML. An empty path reads nothing.
/// Keys of strategies' own options are checked when the topology is made: `strategies::make`.
/// Errors: config_errc.
result<configuration> load_configuration(const std::string& path, const std::vector<assignment>& over = {});

/// The same for text at hand; `file` is the name for messages.
result<configuration> parse_toml(std::string_view text, const std::string& file,
                                 const std::vector<assignment>& over = {});
result<configuration> parse_config_exs(std::string_view text, const std::string& file,
                                       const std::vector<assignment>& over = {});

/// Whether two topologies are configured alike; the lines on which that stands do not count.
bool same(const topology_settings& a, const topology_settings& b);

} // namespace sedge::cluster

template <>
struct std::is_error_code_enum<sedge::cluster::config_errc> : std::true_type {};
