// SPDX-License-Identifier: Apache-2.0
//
// One session with one server of etcd: login, lease, own key, list, then a watch and a refresher side by side until
// one of them fails. Then the next server is asked, with pauses that grow; what was known stays wanted meanwhile. The
// lease is taken along: if it still lives it is used on, so that the others notice nothing of our change of server.
//
// The refresher lists anew from time to time as well: a watch that a firewall forgot looks like one in which nothing
// happens.
#include "cluster/credential_file.hpp"
#include "cluster/https.hpp"
#include "cluster/strategies/builtin.hpp"
#include "cluster/strategies/etcd_api.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/cluster/backoff.hpp>
#include <sedge/cluster/strategies/etcd.hpp>
#include <sedge/dist/node_name.hpp>
#include <sedge/wire/environment.hpp>

namespace sedge::cluster {
namespace {

constexpr seconds patience{5}; // for one answer
constexpr int refreshes_per_ttl = 3;
constexpr int refreshes_per_list = 5;

class etcd_nodes final : public strategy {
public:
    etcd_nodes(etcd_strategy options, std::vector<url> servers)
        : options_(std::move(options)), servers_(std::move(servers)),
          credentials_(wire::tls_options{.certificate_file = options_.certificate_file,
                                         .key_file = options_.key_file,
                                         .ca_file = options_.ca_file}) {}
    std::string_view name() const noexcept override { return "etcd"; }
    task<> run(strategy_context& topology) override;

private:
    struct session;

    result<http_client> make_client(environment& env, const url& server);
    task<result<void>> serve(strategy_context& topology, url server);
    task<result<std::string>> ask(session& with, http_request what);
    task<result<void>> log_in(session& with);
    task<result<void>> announce(session& with);
    task<result<void>> list(session& with);
    task<> refresh(session& with);
    task<result<void>> refresh_until_it_fails(session& with);
    task<> watch(session& with);
    task<result<void>> watch_until_it_fails(session& with);
    static void want(session& with);

    etcd_strategy options_;
    std::vector<url> servers_;
    wire::tls_credentials credentials_;
    std::string lease_; // of the last session; empty: none
};

/// What the two tasks of a session share.
struct etcd_nodes::session {
    strategy_context& topology;
    http_client calls;   // one answer for each request
    http_client watcher; // one answer without end
    etcd::members known;
    sedge::event ended;
    std::string token{};
    result<void> why{};

    void end(result<void> reason) {
        if (ended.is_set()) return;
        why = std::move(reason);
        ended.set();
    }
};

result<http_client> etcd_nodes::make_client(environment& env, const url& server) {
    if (!server.secure) return http_client{env, server};
    auto context = credentials_.current();
    if (!context) return std::move(context).error();
    return http_client{env, server, verified_by(env, std::move(*context))};
}

task<> etcd_nodes::run(strategy_context& topology) {
    auto& env = topology.env();
    backoff pause;
    std::string last_failure;
    for (std::size_t turn = 0;; ++turn) {
        const auto begin = env.now();
        auto serving = serve(topology, servers_[turn % servers_.size()]);
        auto ended = co_await std::move(serving);
        if (env.now() - begin > options_.lease_ttl) {
            pause.reset();
            last_failure.clear();
        }
        if (ended) continue; // the watch has to begin anew, nothing is wrong
        topology.count("sessions_failed");
        auto failure = ended.error().message();
        if (failure != last_failure)
            topology.log(log_level::warning, printable(failure) + "; the nodes that etcd named stay wanted");
        last_failure = std::move(failure);
        auto waiting = sleep_for(env, pause.next(env.random_u64()));
        co_await std::move(waiting);
    }
}

task<result<void>> etcd_nodes::serve(strategy_context& topology, url server) {
    auto& env = topology.env();
    const auto where = "etcd at " + server.authority();
    auto calls = make_client(env, server);
    if (!calls) co_return calls.error().within(where);
    auto watcher = make_client(env, server);
    if (!watcher) co_return watcher.error().within(where);
    session here{topology, std::move(*calls), std::move(*watcher), etcd::members{options_.prefix}, sedge::event{env}};

    auto logging_in = log_in(here);
    auto logged_in = co_await std::move(logging_in);
    if (!logged_in) co_return logged_in.error().within(where);
    auto announcing = announce(here);
    auto announced = co_await std::move(announcing);
    if (!announced) co_return announced.error().within(where);
    auto listing = list(here);
    auto listed = co_await std::move(listing);
    if (!listed) co_return listed.error().within(where);
    topology.count("sessions");

    nursery both;
    both.start(refresh(here));
    both.start(watch(here));
    auto waiting = here.ended.wait();
    co_await std::move(waiting);
    if (!here.why) co_return here.why.error().within(where);
    co_return result<void>{};
}

task<result<std::string>> etcd_nodes::ask(session& with, http_request what) {
    if (!with.token.empty()) what.fields.emplace_back("Authorization", with.token);
    const auto due = with.topology.env().now() + patience;
    auto asking = with.calls.send(std::move(what), due);
    auto answer = co_await std::move(asking);
    if (!answer) co_return answer.error();
    if (answer->status != 200) co_return error{http_errc::not_ok, etcd::refusal(*answer)};
    co_return std::move(answer->body);
}

task<result<void>> etcd_nodes::log_in(session& with) {
    if (options_.user_name.empty()) co_return result<void>{};
    auto password = read_credential(options_.password_file);
    if (!password) co_return password.error();
    auto asking = ask(with, etcd::login(options_.user_name, *password));
    auto answer = co_await std::move(asking);
    if (!answer) co_return answer.error();
    auto token = etcd::read_token(*answer);
    if (!token) co_return token.error();
    with.token = std::move(*token);
    co_return result<void>{};
}

// The lease of the last session if it lives, else a new one; then our key.
task<result<void>> etcd_nodes::announce(session& with) {
    if (!lease_.empty()) {
        auto asking = ask(with, etcd::keep_alive(lease_));
        auto answer = co_await std::move(asking);
        if (!answer) co_return answer.error();
        auto kept = etcd::read_lease(*answer);
        if (!kept || kept->ttl == seconds{0}) lease_.clear();
    }
    if (lease_.empty()) {
        auto asking = ask(with, etcd::grant_lease(options_.lease_ttl));
        auto answer = co_await std::move(asking);
        if (!answer) co_return answer.error();
        auto granted = etcd::read_lease(*answer);
        if (!granted) co_return granted.error();
        lease_ = granted->id;
    }
    const auto self = with.topology.self().text();
    auto putting = ask(with, etcd::put(options_.prefix + std::string{self}, self, lease_));
    auto put = co_await std::move(putting);
    if (!put) co_return put.error();
    co_return result<void>{};
}

task<result<void>> etcd_nodes::list(session& with) {
    auto asking = ask(with, etcd::list(options_.prefix));
    auto answer = co_await std::move(asking);
    if (!answer) co_return answer.error();
    auto listed = with.known.listed(*answer);
    if (!listed) co_return listed.error();
    want(with);
    co_return result<void>{};
}

void etcd_nodes::want(session& with) {
    std::vector<atom> nodes;
    for (const auto& name : with.known.names()) {
        auto parsed = node_name::parse(name);
        if (parsed) nodes.push_back(parsed->full);
        if (!parsed) with.topology.count("bad_names");
    }
    with.topology.want(std::move(nodes));
}

task<> etcd_nodes::refresh(session& with) {
    auto refreshing = refresh_until_it_fails(with);
    auto ended = co_await std::move(refreshing);
    with.end(std::move(ended));
}

task<result<void>> etcd_nodes::refresh_until_it_fails(session& with) {
    for (int turn = 1;; ++turn) {
        auto pause = sleep_for(with.topology.env(), duration{options_.lease_ttl} / refreshes_per_ttl);
        co_await std::move(pause);
        auto asking = ask(with, etcd::keep_alive(lease_));
        auto answer = co_await std::move(asking);
        if (!answer) co_return answer.error();
        auto kept = etcd::read_lease(*answer);
        if (!kept) co_return kept.error();
        with.topology.count("lease_refreshed");
        if (kept->ttl == seconds{0}) co_return result<void>{}; // it ran out: a new session makes a new one
        if (turn % refreshes_per_list != 0) continue;
        auto listing = list(with);
        auto listed = co_await std::move(listing);
        if (!listed) co_return listed.error();
    }
}

task<> etcd_nodes::watch(session& with) {
    auto watching = watch_until_it_fails(with);
    auto ended = co_await std::move(watching);
    with.end(std::move(ended));
}

task<result<void>> etcd_nodes::watch_until_it_fails(session& with) {
    auto request = etcd::watch(options_.prefix, with.known.revision() + 1);
    if (!with.token.empty()) request.fields.emplace_back("Authorization", with.token);
    auto opening = with.watcher.open(std::move(request), with.topology.env().now() + patience);
    auto head = co_await std::move(opening);
    if (!head) co_return head.error();
    if (head->status != 200) co_return error{http_errc::not_ok, etcd::refusal(*head)};
    const std::string self{with.topology.self().text()};
    etcd::message_splitter splitter;
    for (;;) {
        auto reading = with.watcher.next_part();
        auto part = co_await std::move(reading);
        if (!part) co_return part.error();
        if (part->empty()) co_return error{http_errc::not_ok, "it ended the watch"};
        auto messages = splitter.feed(*part);
        if (!messages) co_return messages.error();
        for (const auto& message : *messages) {
            auto news = with.known.told(message);
            if (!news) co_return news.error();
            if (*news == etcd::members::news::ended) {
                with.topology.count("watches_begun_anew");
                co_return result<void>{};
            }
            if (*news == etcd::members::news::changed) want(with);
        }
        if (!with.known.contains(self)) co_return result<void>{}; // somebody removed our key: put it again
    }
}

result<std::vector<url>> servers_of(const std::vector<std::string>& endpoints) {
    std::vector<url> out;
    for (const auto& text : endpoints) {
        auto server = parse_url(text);
        if (!server) return std::move(server).error();
        out.push_back(std::move(*server));
    }
    if (out.empty()) return error{errc::malformed, "endpoints needs a URL, as \"http://10.0.0.5:2379\""};
    return out;
}

error bad(const std::string& sentence) { return {config_errc::bad_value, sentence}; }

result<std::unique_ptr<strategy>> from_settings(const topology_settings& settings) {
    etcd_strategy options;
    option_reader config{settings.config};
    std::int64_t ttl = options.lease_ttl.count();
    config.read("endpoints", options.endpoints);
    config.read("prefix", options.prefix);
    config.read("lease_ttl", ttl);
    config.read("ca_file", options.ca_file);
    config.read("certificate_file", options.certificate_file);
    config.read("key_file", options.key_file);
    config.read("user_name", options.user_name);
    config.read("password_file", options.password_file);
    options.lease_ttl = seconds{ttl};
    if (options.prefix.empty()) return bad("prefix must not be empty: every key of etcd would be taken for a node");
    if (options.certificate_file.empty() != options.key_file.empty())
        return bad("certificate_file and key_file are given together, or neither");
    if (options.user_name.empty() != options.password_file.empty())
        return bad("user_name and password_file are given together, or neither");
    auto servers = servers_of(options.endpoints);
    if (!servers) return bad("endpoints: " + servers.error().context());
    return std::unique_ptr<strategy>{std::make_unique<etcd_nodes>(std::move(options), std::move(*servers))};
}

} // namespace

std::unique_ptr<strategy> make_strategy(etcd_strategy options) {
    auto servers = servers_of(options.endpoints);
    // URLs that are none are told by the session that cannot begin, again and again.
    std::vector<url> where = servers ? std::move(*servers) : std::vector<url>{url{.host = "no URL", .port = 1}};
    return std::make_unique<etcd_nodes>(std::move(options), std::move(where));
}

strategy_definition etcd_definition() {
    using type = strategy_option::type;
    const etcd_strategy usual;
    strategy_definition out;
    out.name = "etcd";
    out.description =
        "Nodes announce themselves in etcd (3.4 or later, by its JSON gateway): each keeps a key alive with a lease "
        "and watches the others' keys. A node that ends is gone `lease_ttl` later and is no longer dialled; a "
        "connection that is up stays, since a lease that ran out says that a node lost etcd, not that it lost us. "
        "While etcd is down, what was known stays.";
    out.options = {
        {"endpoints", type::text_list, "[\"http://127.0.0.1:2379\"]",
         "URLs of the servers, http or https; the next one is tried when one fails"},
        {"prefix", type::text, quoted(usual.prefix), "what the nodes' keys begin with; equal on all nodes"},
        {"lease_ttl", type::integer, std::to_string(usual.lease_ttl.count()),
         "seconds after which a node that ended is gone; it is refreshed three times as often", 2, 86'400},
        {"ca_file", type::text, "", "authorities of the servers' certificates; without it the system's"},
        {"certificate_file", type::text, "", "the own certificate, where etcd asks clients for one"},
        {"key_file", type::text, "", "the key that belongs to it"},
        {"user_name", type::text, "", "where etcd's authentication is on"},
        {"password_file", type::text, "", "file with the password, read anew for each login"},
    };
    out.make = from_settings;
    return out;
}

} // namespace sedge::cluster
