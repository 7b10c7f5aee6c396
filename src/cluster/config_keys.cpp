// SPDX-License-Identifier: Apache-2.0
#include "cluster/config_keys.hpp"

namespace sedge::cluster {
namespace {

config_key text(option_definition shown, std::string& (*member)(configuration&),
                std::vector<std::string> choices = {}) {
    return {std::move(shown), member, 0, 0, std::move(choices)};
}
config_key number(option_definition shown, std::int64_t& (*member)(configuration&), std::int64_t least,
                  std::int64_t most) {
    return {std::move(shown), member, least, most, {}};
}
config_key flag(option_definition shown, bool& (*member)(configuration&)) {
    return {std::move(shown), member, 0, 0, {}};
}

config_key detection_time(const std::string& option, const std::string& key, std::string by_default,
                          std::string description, std::int64_t& (*member)(configuration&)) {
    // What makes sense together is checked with the rest of the settings: `dist::check`.
    return number(
        {"--detection-" + option, "detection." + key, "MILLISECONDS", std::move(by_default), std::move(description)},
        member, 1, 600'000);
}

std::vector<config_key> make_keys() {
    using c = configuration;
    return {
        text({"--name", "node.name", "NAME@HOST", "", "long node name; other machines must reach HOST"},
             [](c& to) -> std::string& { return to.node.name; }),
        text({"--sname", "node.sname", "NAME", "", "short node name instead: for hosts without a domain"},
             [](c& to) -> std::string& { return to.node.sname; }),
        text({"--named-by", "node.named_by", "NODE", "", "ask this node for a name; hidden then, and accepts nobody"},
             [](c& to) -> std::string& { return to.node.named_by; }),
        text({"--cookie", "node.cookie", "TEXT", "",
              "the cluster's secret; visible to all users of the machine, so "
              "better in a file"},
             [](c& to) -> std::string& { return to.node.cookie; }),
        text({"--cookie-file", "node.cookie_file", "FILE", "", "file with the cookie, mode 0400"},
             [](c& to) -> std::string& { return to.node.cookie_file; }),
        text({"--members-file", "node.members_file", "FILE", "",
              "remember in it who was connected, to find them after a blackout"},
             [](c& to) -> std::string& { return to.node.members_file; }),
        flag({"--hidden", "node.hidden", "", "false", "be left out of the peers' Node.list"},
             [](c& to) -> bool& { return to.node.hidden; }),
        text({"--listen", "node.listen", "ADDRESS", "", "accept peers on this address only"},
             [](c& to) -> std::string& { return to.node.listen; }),
        number(
            {"--port-min", "node.port_min", "PORT", "0", "lowest port to accept peers on; 0: any"},
            [](c& to) -> std::int64_t& { return to.node.port_min; }, 0, 65535),
        number(
            {"--port-max", "node.port_max", "PORT", "0", "highest port to accept peers on"},
            [](c& to) -> std::int64_t& { return to.node.port_max; }, 0, 65535),
        number(
            {"--tick-time", "node.tick_time", "SECONDS", "60", "a silent peer is down after 0.75 to 1.25 of it"},
            [](c& to) -> std::int64_t& { return to.node.tick_time; }, 4, 86400),
        number(
            {"--setup-time", "node.setup_time", "MILLISECONDS", "7000", "longest time for one attempt to connect"},
            [](c& to) -> std::int64_t& { return to.node.setup_time; }, 100, 600'000),
        number(
            {"--spin", "node.spin", "MICROSECONDS", "0",
             "under load, look for messages so long before sleeping: faster answers for a busy core"},
            [](c& to) -> std::int64_t& { return to.node.spin; }, 0, 1000),
        number(
            {"--workers", "node.workers", "NUMBER", "1", "threads for processes that the program puts on several"},
            [](c& to) -> std::int64_t& { return to.node.workers; }, 1, limits::workers_max),
        number(
            {"--message-bytes-max", "node.message_bytes_max", "BYTES", "67108864",
             "the largest message that is taken; a larger one ends the connection"},
            [](c& to) -> std::int64_t& { return to.node.message_bytes_max; }, 1 << 20, 0x7fff'fffe),
        flag({"--connect-all", "node.connect_all", "", "true", "share global names; peers of peers become peers"},
             [](c& to) -> bool& { return to.node.connect_all; }),
        text({"--lost-connections", "node.lost_connections", "WHEN", "one_end",
              "who leaves after a cut link between nodes of sedge: the greater name, both (OTP), nobody"},
             [](c& to) -> std::string& { return to.node.lost_connections; }, {"one_end", "always", "never"}),
        flag({"--detection", "detection.enabled", "", "true",
              "miss silent peers in seconds, not by the tick time alone"},
             [](c& to) -> bool& { return to.detection.enabled; }),
        detection_time("tick-interval", "tick_interval", "1000", "an idle peer is sent a tick that often",
                       [](c& to) -> std::int64_t& { return to.detection.tick_interval; }),
        detection_time("suspect-time", "suspect_time", "2500", "so long nothing acknowledged: the peer is suspect",
                       [](c& to) -> std::int64_t& { return to.detection.suspect_time; }),
        detection_time("confirm-time", "confirm_time", "1300", "so long its machine is asked; no answer: down",
                       [](c& to) -> std::int64_t& { return to.detection.confirm_time; }),
        detection_time("probe-time", "probe_time", "2000", "so long silent: its net_kernel is asked",
                       [](c& to) -> std::int64_t& { return to.detection.probe_time; }),
        detection_time("answer-time", "answer_time", "2000", "so long no answer to that: suspect",
                       [](c& to) -> std::int64_t& { return to.detection.answer_time; }),
        detection_time("hung-time", "hung_time", "6000", "so long silent: down, if it used to tick as often as sedge",
                       [](c& to) -> std::int64_t& { return to.detection.hung_time; }),
        detection_time("hung-time-asked", "hung_time_asked", "10000", "the same for those that do not, as Erlang's",
                       [](c& to) -> std::int64_t& { return to.detection.hung_time_asked; }),
        detection_time("unacknowledged-max", "unacknowledged_max", "30000",
                       "so long nothing acknowledged: down, though its machine answers others",
                       [](c& to) -> std::int64_t& { return to.detection.unacknowledged_max; }),
        number(
            {"--epmd-port", "epmd.port", "PORT", "0", "of all port mappers; 0: ERL_EPMD_PORT, or 4369"},
            [](c& to) -> std::int64_t& { return to.epmd.port; }, 0, 65535),
        flag({"--epmd-embedded", "epmd.embedded", "", "true", "be the port mapper where none runs"},
             [](c& to) -> bool& { return to.epmd.embedded; }),
        text({"--epmd-names", "epmd.names", "WHO", "loopback", "who may list the names of this machine's nodes"},
             [](c& to) -> std::string& { return to.epmd.names; }, {"loopback", "lan", "anyone"}),
        text({"--epmd-listen", "epmd.listen", "ADDRESS", "", "one more address of the embedded port mapper"},
             [](c& to) -> std::string& { return to.epmd.listen; }),
        text({"--pg-scopes", "pg.scopes", "NAMES", "pg", "scopes of process groups to run, with commas between them"},
             [](c& to) -> std::string& { return to.pg.scopes; }),
        text({"--events-file", "events.file", "FILE", "",
              "keep the last 10,000 events in it, for `sedge events --file`"},
             [](c& to) -> std::string& { return to.events.file; }),
        number(
            {"--metrics-port", "metrics.port", "PORT", "0", "answer Prometheus there; 0: not at all"},
            [](c& to) -> std::int64_t& { return to.metrics.port; }, 0, 65535),
        text({"--metrics-listen", "metrics.listen", "ADDRESS", "127.0.0.1", "on this address"},
             [](c& to) -> std::string& { return to.metrics.listen; }),
        text({"--metrics-hosts", "metrics.hosts", "NAMES", "",
              "names by which the metrics may be asked for, with commas between them"},
             [](c& to) -> std::string& { return to.metrics.hosts; }),
        text({"--tls-certificate", "tls.certificate", "FILE", "",
              "this node's certificate (PEM): all connections are TLS, peers without it are refused"},
             [](c& to) -> std::string& { return to.tls.certificate; }),
        text({"--tls-key", "tls.key", "FILE", "", "the certificate's private key (PEM)"},
             [](c& to) -> std::string& { return to.tls.key; }),
        text({"--tls-ca", "tls.ca", "FILE", "", "the authorities that peers' certificates must come from (PEM)"},
             [](c& to) -> std::string& { return to.tls.ca; }),
        text({"--tls-version-min", "tls.version_min", "VERSION", "1.2",
              "OTP 25 and older speak 1.2 unless they are told otherwise"},
             [](c& to) -> std::string& { return to.tls.version_min; }, {"1.2", "1.3"}),
        text({"--tls-ciphers", "tls.ciphers", "LIST", "", "for TLS 1.2, in OpenSSL's notation; empty: ECDHE with AEAD"},
             [](c& to) -> std::string& { return to.tls.ciphers; }),
        text({"--log-level", "log.level", "LEVEL", "info", "least level of log lines"},
             [](c& to) -> std::string& { return to.log_level; }, {"debug", "info", "warning", "error", "off"}),
    };
}

} // namespace

const std::vector<config_key>& config_keys() {
    static const std::vector<config_key> keys = make_keys();
    return keys;
}

const std::vector<option_definition>& configuration_options() {
    static const std::vector<option_definition> options = [] {
        std::vector<option_definition> out;
        for (const auto& key : config_keys()) {
            out.push_back(key.shown);
            for (std::size_t i = 0; i < key.choices.size(); ++i)
                out.back().description += (i == 0 ? ": " : i + 1 < key.choices.size() ? ", " : " or ") + key.choices[i];
        }
        return out;
    }();
    return options;
}

} // namespace sedge::cluster
