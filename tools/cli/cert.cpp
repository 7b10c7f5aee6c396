// SPDX-License-Identifier: Apache-2.0
//
// `sedge cert`: a certificate authority in a directory, for clusters that have none. The directory holds ca.crt and
// ca.key; for each node NODE.crt, NODE.key and NODE.ssl_dist, the option file of OTP.
#include "cert_files.hpp"
#include "command.hpp"
#include "json.hpp"

#include <sedge/base/log.hpp>
#include <sedge/dist/certified_name.hpp>
#include <sedge/dist/node_name.hpp>
#include <sedge/wire/certificate_authority.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <utility>

namespace sedge::cli {

namespace {

using std::chrono::system_clock;

struct init_options {
    std::string directory;
    std::string name = "sedge cluster";
    int days = 3650;
    bool force = false;
};

struct issue_options {
    std::string node;
    std::string ca = ".";
    std::string out;
    std::string place;
    std::vector<std::string> hosts;
    bool only_this_node = false;
    int days = 90;
    bool force = false;
};

struct show_options {
    std::string file;
    bool json = false;
};

int done() { return static_cast<int>(status::ok); }
int failed(const error& why) { return static_cast<int>(tell(status::failed, why.message())); }

std::string date_of(system_clock::time_point at) {
    const auto seconds = system_clock::to_time_t(at);
    std::tm parts{};
    char text[32] = "?";
    if (gmtime_r(&seconds, &parts)) std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
    return text;
}

long days_until(system_clock::time_point at) {
    return static_cast<long>(std::chrono::floor<std::chrono::days>(at - system_clock::now()).count());
}

// -- init ------------------------------------------------------------------------------------------------------------

int make_ca(const init_options& options) {
    wire::authority_request wanted;
    wanted.name = options.name;
    wanted.now = system_clock::now();
    wanted.valid_for = std::chrono::hours{24} * options.days;
    auto made = wire::make_authority(wanted);
    if (!made) return failed(made.error());
    const std::vector<new_file> files{{"ca.key", made->key, true}, {"ca.crt", made->certificate, false}};
    auto written = write_files(options.directory, files, options.force);
    if (!written) return failed(written.error());
    const auto ca = path_in(options.directory, "ca.crt");
    std::printf("%s  the CA's certificate: every node needs it\n"
                "%s  its key: whoever has it can make certificates for any node; keep it off the nodes\n"
                "\nNext: sedge cert issue node1@10.0.0.5 --ca %s\n",
                printable(ca).c_str(), printable(path_in(options.directory, "ca.key")).c_str(),
                printable(options.directory).c_str());
    return done();
}

// -- issue -----------------------------------------------------------------------------------------------------------

/// Why nobody could be found by that name; empty for a good one.
std::string fault_of_host(const std::string& host) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";
    if (host.find('*') != std::string::npos) return "wildcards do not count between nodes; name each host";
    if (host.empty() || host.find_first_not_of(allowed) != std::string::npos) return "no name or address of a host";
    return {};
}

/// So many hours of the wanted ones are left to the CA; what is signed by it cannot outlive it. None if it has expired.
std::chrono::hours left_to_ca(const wire::certificate& ca, const wire::certificate_request& wanted) {
    const auto left = std::chrono::floor<std::chrono::hours>(ca.not_after - wanted.now);
    return std::clamp(left, std::chrono::hours{0}, wanted.valid_for);
}

void add_host(const std::string& host, wire::certificate_request& into) {
    if (auto address = wire::ip_address::parse(host)) into.addresses.push_back(*address);
    into.dns_names.push_back(host); // an address as well: OTP looks for the host of the node it dials in this form only
}

/// Paths as the node will see them.
struct places {
    std::string ca, certificate, key, otp;
};

std::string erlang_text(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

/// What `-ssl_dist_optfile` takes. OTP 25 speaks TLS 1.2 only and asks nobody for a certificate unless it is told to.
std::string otp_options(const places& at) {
    const auto side = [&](const std::string& name, const std::string& more) {
        const std::string indent(name.size() + 5, ' ');
        return "{" + name + ", [{certfile, " + erlang_text(at.certificate) + "},\n" + indent + "{keyfile, " +
               erlang_text(at.key) + "},\n" + indent + "{cacertfile, " + erlang_text(at.ca) + "},\n" + indent +
               "{verify, verify_peer},\n" + more + indent + "{versions, ['tlsv1.3', 'tlsv1.2']}]}";
    };
    return "[" + side("server", std::string(11, ' ') + "{fail_if_no_peer_cert, true},\n") + ",\n " +
           side("client", "") + "].\n";
}

void show_next_steps(const issue_options& options, const node_name& node, const places& at, const std::string& otp) {
    const std::string name = node.full.str();
    const char* kind = node.is_long() ? "name" : "sname";
    std::printf("\nA node of sedge:\n"
                "  sedge start --%s %s --tls-ca %s --tls-certificate %s --tls-key %s\n"
                "or in sedge.toml:\n"
                "  [tls]\n  ca = \"%s\"\n  certificate = \"%s\"\n  key = \"%s\"\n",
                kind, name.c_str(), at.ca.c_str(), at.certificate.c_str(), at.key.c_str(), at.ca.c_str(),
                at.certificate.c_str(), at.key.c_str());
    std::printf("\nA node of Erlang or Elixir:\n"
                "  erl -%s %s -proto_dist inet_tls -ssl_dist_optfile %s\n"
                "  iex --%s %s --erl \"-proto_dist inet_tls -ssl_dist_optfile %s\"\n"
                "with %s, which says:\n\n%s",
                kind, name.c_str(), at.otp.c_str(), kind, name.c_str(), at.otp.c_str(), at.otp.c_str(), otp.c_str());
    std::printf(
        "\nValid for %d days. To renew it, run this command again with --force and replace the files; a running\n"
        "node of sedge uses them for its next connection, one of OTP within some minutes.\n",
        options.days);
}

int issue(const issue_options& options) {
    auto node = node_name::parse(options.node);
    if (!node) return static_cast<int>(tell(status::usage, node.error().message()));
    wire::certificate_request wanted;
    wanted.name = node->full.str();
    wanted.now = system_clock::now();
    wanted.valid_for = std::chrono::hours{24} * options.days;
    add_host(node->host, wanted);
    for (const auto& host : options.hosts) {
        const auto fault = fault_of_host(host);
        if (!fault.empty()) return static_cast<int>(tell(status::usage, "--host " + printable(host) + ": " + fault));
        add_host(host, wanted);
    }
    if (options.only_this_node) wanted.uris.push_back(std::string{dist::node_uri_scheme} + node->full.str());

    auto certificate = read_file(path_in(options.ca, "ca.crt"));
    if (!certificate) return failed(certificate.error().within("no CA there; sedge cert init makes one"));
    auto key = read_file(path_in(options.ca, "ca.key"));
    if (!key) return failed(key.error());
    auto authority = wire::read_certificates(*certificate);
    if (!authority) return failed(authority.error().within(path_in(options.ca, "ca.crt")));
    const auto asked_for = std::exchange(wanted.valid_for, left_to_ca(authority->front(), wanted));
    if (wanted.valid_for.count() == 0)
        return static_cast<int>(tell(status::failed, "the CA in " + options.ca + " has expired, " +
                                                         date_of(authority->front().not_after) +
                                                         "; sedge cert init makes a new one"));
    auto made = wire::issue_certificate({*certificate, *key}, wanted);
    if (!made) return failed(made.error().within(options.ca));

    const std::string out = options.out.empty() ? options.ca : options.out;
    const std::string place = options.place.empty() ? absolute(out) : options.place;
    const std::string name = node->full.str();
    const places at{path_in(place, "ca.crt"), path_in(place, name + ".crt"), path_in(place, name + ".key"),
                    path_in(place, name + ".ssl_dist")};
    const auto otp = otp_options(at);
    std::vector<new_file> files{
        {name + ".key", made->key, true}, {name + ".crt", made->certificate, false}, {name + ".ssl_dist", otp, false}};
    auto written = write_files(out, files, options.force);
    if (!written) return failed(written.error());
    if (absolute(out) != absolute(options.ca)) { // beside the node's files belongs the CA's certificate, never its key
        auto copied = write_files(out, {{"ca.crt", *certificate, false}}, true);
        if (!copied) return failed(copied.error());
    }
    for (const auto& file : files) std::printf("%s\n", printable(path_in(out, file.name)).c_str());
    show_next_steps(options, *node, at, otp);
    if (wanted.valid_for < asked_for)
        std::printf("But no longer than its CA, which ends at %s.\n", date_of(authority->front().not_after).c_str());
    return done();
}

// -- show ------------------------------------------------------------------------------------------------------------

std::string use_of(const wire::certificate& c) {
    if (c.is_authority) return "signing certificates (a CA)";
    if (c.is_for_clients && c.is_for_servers) return "both ends of connections";
    if (c.is_for_servers) return "accepting connections only";
    if (c.is_for_clients) return "dialling only";
    return "neither end of TLS connections";
}

std::string validity_of(const wire::certificate& c) {
    if (system_clock::now() < c.not_before) return "not valid yet";
    if (system_clock::now() > c.not_after) return "EXPIRED";
    return std::to_string(days_until(c.not_after)) + " days left";
}

bool is_valid_now(const wire::certificate& c) {
    return system_clock::now() >= c.not_before && system_clock::now() <= c.not_after;
}

boost::json::object as_json(const wire::certificate& c) {
    boost::json::array names;
    for (const auto& address : c.addresses) names.emplace_back(to_string(address));
    for (const auto& name : c.dns_names) names.emplace_back(name);
    for (const auto& uri : c.uris) names.emplace_back(uri);
    return {{"subject", c.subject},
            {"issuer", c.issuer},
            {"names", std::move(names)},
            {"not_before", date_of(c.not_before)},
            {"not_after", date_of(c.not_after)},
            {"days_left", days_until(c.not_after)},
            {"use", use_of(c)},
            {"sha256", c.fingerprint}};
}

void print(const wire::certificate& c) {
    std::printf("subject      %s\nissuer       %s\n", printable(c.subject).c_str(), printable(c.issuer).c_str());
    if (!c.is_authority) std::printf("names        %s\n", printable(names_of(c)).c_str());
    std::printf("valid        %s to %s: %s\n", date_of(c.not_before).c_str(), date_of(c.not_after).c_str(),
                validity_of(c).c_str());
    std::printf("use          %s\nsha256       %s\n", use_of(c).c_str(), c.fingerprint.c_str());
}

int show(const show_options& options) {
    auto text = read_file(options.file);
    if (!text) return failed(text.error());
    auto all = wire::read_certificates(*text);
    if (!all) return failed(all.error().within(options.file));
    bool valid = true;
    boost::json::array out;
    for (const auto& each : *all) {
        valid = valid && is_valid_now(each);
        if (options.json) {
            out.push_back(as_json(each));
            continue;
        }
        if (&each != &all->front()) std::printf("\n");
        print(each);
    }
    if (options.json) print_json(out);
    return static_cast<int>(valid ? status::ok : status::failed);
}

// -- options ---------------------------------------------------------------------------------------------------------

void add_init(CLI::App& cert, chosen& main) {
    auto* command = cert.add_subcommand("init", "Make a certificate authority in a directory.");
    auto options = std::make_shared<init_options>();
    command->add_option("directory", options->directory, "made if it is not there")->required();
    command->add_option("--ca-name", options->name, "what the CA is called [sedge cluster]");
    command->add_option("--days", options->days, "how long it is valid [3650]")->check(CLI::Range(1, 36500));
    command->add_flag("--force", options->force, "replace a CA that is there; certificates of the old one are void");
    command->callback([&main, options] { main = [options] { return make_ca(*options); }; });
}

void add_issue(CLI::App& cert, chosen& main) {
    auto* command = cert.add_subcommand("issue", "Make a certificate and key for a node.");
    auto options = std::make_shared<issue_options>();
    command->add_option("node", options->node, "the node's name, as node1@10.0.0.5")->required();
    command->add_option("--ca", options->ca, "directory with ca.crt and ca.key [.]");
    command->add_option("--out", options->out, "directory for the files [that of the CA]");
    command->add_option("--place", options->place, "where they will be on the node's machine [as --out]");
    command->add_option("--host", options->hosts, "one more name or address of that machine; may be repeated");
    command->add_flag("--only-this-node", options->only_this_node,
                      "not for other nodes of that machine, nor for commands that visit from there");
    command->add_option("--days", options->days, "how long it is valid [90]")->check(CLI::Range(1, 36500));
    command->add_flag("--force", options->force, "replace files that are there");
    command->callback([&main, options] { main = [options] { return issue(*options); }; });
}

void add_show(CLI::App& cert, chosen& main) {
    auto* command = cert.add_subcommand("show", "Show what certificates say; ends with 1 if one is not valid now.");
    auto options = std::make_shared<show_options>();
    command->add_option("file", options->file, "PEM")->required();
    command->add_flag("--json", options->json, "an array of objects, one for each certificate");
    command->callback([&main, options] { main = [options] { return show(*options); }; });
}

} // namespace

void add_cert(CLI::App& app, chosen& main) {
    auto* command = app.add_subcommand("cert", "Certificates for TLS between nodes: make a CA, issue, show.");
    command->require_subcommand(1);
    command->footer("Example: sedge cert init ca && sedge cert issue node1@10.0.0.5 --ca ca");
    add_init(*command, main);
    add_issue(*command, main);
    add_show(*command, main);
}

} // namespace sedge::cli
