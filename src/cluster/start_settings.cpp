// SPDX-License-Identifier: Apache-2.0
#include "cluster/start_settings.hpp"

#include <sedge/base/log.hpp>

#include <cstdlib>

namespace sedge::cluster {
namespace {

error bad(const std::string& sentence) { return {config_errc::bad_value, sentence}; }

result<std::optional<wire::ip_address>> address_of(const std::string& key, const std::string& text) {
    if (text.empty()) return std::optional<wire::ip_address>{};
    auto parsed = wire::ip_address::parse(text);
    if (!parsed) return bad("\"" + key + "\" must be an address, not \"" + printable(text) + "\"");
    return std::optional<wire::ip_address>{*parsed};
}

/// The names in a text with commas between them, without the blanks around them.
std::vector<std::string> names_in(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        auto name = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        while (name.starts_with(' ')) name.remove_prefix(1);
        while (name.ends_with(' ')) name.remove_suffix(1);
        if (!name.empty()) out.emplace_back(name);
    }
    return out;
}

} // namespace

result<node_name> chosen_name(const node_settings& settings, std::string_view machine) {
    bool is_long = !settings.name.empty();
    if (is_long && !settings.sname.empty())
        return bad("give the node either a long name (--name) or a short one (--sname), not both");
    auto text = is_long ? settings.name : settings.sname;
    if (!settings.named_by.empty()) {
        if (!text.empty() && text != "undefined" && !text.starts_with("undefined@"))
            return bad("give the node either a name (--name) or another node that names it (--named-by), not both");
        if (text.empty()) {
            auto giver = node_name::parse(settings.named_by);
            if (!giver) return bad(giver.error().context());
            is_long = giver->is_long();
            text = "undefined@" + std::string{machine.substr(0, is_long ? machine.npos : machine.find('.'))};
            if (is_long && machine.find('.') == std::string_view::npos) text += ".local"; // nobody dials it
        }
    } else if (text == "undefined" || text.starts_with("undefined@")) {
        return bad("a node without a name needs another one that gives it one: --named-by NODE");
    }
    if (text.empty()) return bad("the node needs a name: --name node1@172.24.176.1, or name in [node] of sedge.toml");
    if (text.find('@') == std::string::npos) {
        auto host = is_long ? machine : machine.substr(0, machine.find('.'));
        if (is_long && host.find('.') == std::string_view::npos)
            return bad("the machine's name \"" + printable(host) +
                       "\" has no domain, so a long name needs its host: --name " + printable(text) +
                       "@ADDRESS; or use --sname " + printable(text));
        text.append("@").append(host);
    }
    auto parsed = node_name::parse(text);
    if (!parsed) return bad(parsed.error().context());
    if (is_long && !parsed->is_long())
        return bad("\"" + text +
                   "\" is no long name: behind the @ must be an address or a host with its domain; "
                   "or use --sname");
    if (!is_long && parsed->is_long())
        return bad("\"" + text + "\" is no short name: the host behind the @ must have no dots; or use --name");
    return parsed;
}

std::string own_cookie_file() {
    const char* home = std::getenv("HOME");
    return std::string{home && *home ? home : "."} + "/.sedge.cookie";
}

result<chosen_cookie> choose_cookie(const configuration& config, environment& env, const std::string& own_file) {
    chosen_cookie out;
    const auto& node = config.node;
    if (!node.cookie.empty()) {
        auto cookie = dist::cookie::from_text(node.cookie);
        if (!cookie) return std::move(cookie).error();
        out.value = std::move(*cookie);
        std::string line = out.value.advice().value_or("");
        if (config.cookie_on_command_line)
            line += std::string{line.empty() ? "" : "; "} +
                    "a cookie on the command line can be read by all users of this machine: better --cookie-file";
        if (!line.empty()) out.advice.push_back(line);
        return out;
    }
    auto file = node.cookie_file.empty() ? own_file : node.cookie_file;
    auto loaded = dist::cookie::load(file);
    if (loaded) {
        out.value = std::move(*loaded);
        if (auto line = out.value.advice()) out.advice.push_back(file + ": " + *line);
        return out;
    }
    bool absent = loaded.error().code() == std::errc::no_such_file_or_directory;
    if (!node.cookie_file.empty() || !absent) return std::move(loaded).error();
    out.value = dist::cookie::generate(env);
    auto saved = out.value.save(own_file);
    if (!saved) return saved.error();
    out.advice.push_back("no cookie was given, so a strong one was made in " + own_file +
                         "; copy it to the other nodes, or give all of them --cookie-file");
    return out;
}

result<std::optional<wire::tls_options>> tls_options_of(const tls_settings& settings) {
    const bool wanted = !settings.certificate.empty();
    if (!wanted && settings.key.empty() && settings.ca.empty()) return std::optional<wire::tls_options>{};
    // Half of it must never mean that a node which was to have TLS talks without.
    if (!wanted || settings.key.empty() || settings.ca.empty())
        return bad("TLS needs all of \"certificate\", \"key\" and \"ca\" in [tls]: --tls-certificate, --tls-key and "
                   "--tls-ca");
    wire::tls_options out;
    out.certificate_file = settings.certificate;
    out.key_file = settings.key;
    out.ca_file = settings.ca;
    if (settings.version_min == "1.3") out.version_min = wire::tls_version::v1_3;
    if (!settings.ciphers.empty()) out.ciphers = settings.ciphers;
    return std::optional<wire::tls_options>{std::move(out)};
}

result<std::optional<dist::detector_options>> detection_of(const detection_settings& settings) {
    if (!settings.enabled) return std::optional<dist::detector_options>{};
    dist::detector_options out;
    out.tick_interval = milliseconds{settings.tick_interval};
    out.suspect_time = milliseconds{settings.suspect_time};
    out.confirm_time = milliseconds{settings.confirm_time};
    out.probe_time = milliseconds{settings.probe_time};
    out.answer_time = milliseconds{settings.answer_time};
    out.hung_time = milliseconds{settings.hung_time};
    out.hung_time_asked = milliseconds{settings.hung_time_asked};
    out.unacknowledged_max = milliseconds{settings.unacknowledged_max};
    if (auto sensible = dist::check(out); !sensible) return bad("detection: " + sensible.error().context());
    return std::optional{out};
}

result<node_options> node_options_of(const configuration& config, const node_name& name, dist::cookie cookie) {
    const auto& node = config.node;
    auto listen = address_of("listen", node.listen);
    if (!listen) return listen.error();
    if (node.port_max != 0 && node.port_max < node.port_min)
        return bad("\"port_max\" must not be less than \"port_min\"");
    auto tls = tls_options_of(config.tls);
    if (!tls) return std::move(tls).error();
    node_options out;
    out.tls = *std::move(tls);
    out.name = name.full.str();
    out.long_names = name.is_long();
    out.cookie = std::move(cookie);
    out.hidden = node.hidden;
    out.listen_on = *listen;
    out.port_min = static_cast<std::uint16_t>(node.port_min);
    out.port_max = static_cast<std::uint16_t>(node.port_max == 0 ? node.port_min : node.port_max);
    out.tick_time = seconds{node.tick_time};
    out.setup_time = milliseconds{node.setup_time};
    out.workers = static_cast<unsigned>(node.workers);
    out.message_bytes_max = static_cast<std::size_t>(node.message_bytes_max);
    auto detection = detection_of(config.detection);
    if (!detection) return std::move(detection).error();
    out.detection = *detection;
    out.named_by = node.named_by;
    for (const auto& [peer, file] : node.peer_cookies) {
        auto loaded = dist::cookie::load(file);
        if (!loaded) return loaded.error().within("cookie for " + peer);
        out.peer_cookies.emplace(peer, std::move(*loaded));
    }
    return out;
}

result<epmd::directory_options> directory_options_of(const epmd_settings& settings, const node_name& name) {
    auto listen = address_of("listen", settings.listen);
    if (!listen) return listen.error();
    epmd::directory_options out;
    if (settings.port != 0) out.port = static_cast<std::uint16_t>(settings.port);
    out.embedded = settings.embedded;
    out.own_host = name.host;
    if (*listen) out.addresses.push_back(**listen);
    if (settings.names == "lan") out.access.names = epmd::audience::on_link;
    if (settings.names == "anyone") out.access.names = epmd::audience::anyone;
    return out;
}

result<std::vector<atom>> scopes_of(const pg_settings& settings) {
    std::vector<atom> scopes;
    for (const auto& name : names_in(settings.scopes)) {
        if (!atom::is_valid(name)) return bad("\"scopes\" in pg has the name \"" + printable(name) + "\"");
        scopes.emplace_back(name);
    }
    return scopes;
}

result<std::optional<metrics_endpoint_options>> metrics_endpoint_options_of(const metrics_settings& settings) {
    if (settings.port == 0) return std::optional<metrics_endpoint_options>{};
    auto listen = address_of("listen", settings.listen);
    if (!listen) return listen.error();
    metrics_endpoint_options out;
    out.at = {listen->value_or(wire::ip_address::loopback_v4()), static_cast<std::uint16_t>(settings.port)};
    out.hosts = names_in(settings.hosts);
    return std::optional{std::move(out)};
}

} // namespace sedge::cluster
