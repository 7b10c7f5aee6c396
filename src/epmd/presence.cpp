// SPDX-License-Identifier: Apache-2.0
//
// How the nodes of one machine share a port mapper that lives in one of them.
//
//   1. Connect to 127.0.0.1:4369 (or ::1). A mapper answers: register with it, done.
//   2. Refused: nobody listens. Listen there ourselves. Listening is what decides a race: one program gets the port,
//      the others are told that it is taken and go back to 1.
//   3. Register with our own mapper over the same socket as everybody else, and hold that connection.
//   4. The connection ends when the program with the mapper does, whatever way it dies. Every node of the machine
//      notices at that moment and begins again at 1, at once; then, while that fails, every 100 to 300 ms.
//
// The creation is the one of the first registration; what later mappers give is ignored (OTP does the same): pids
// that others hold stay valid.
//
// Loopback decides who is the mapper. Other machines ask at our addresses, and the node that runs the mapper may not
// know all addresses that the others use; `outpost` fills these gaps. While home is lost no outpost is held, so that
// the name cannot stand in its own way at a mapper that serves both.
#include "epmd/presence.hpp"

#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <array>
#include <iterator>

namespace sedge::epmd {

namespace {

constexpr milliseconds pause_least{100};
constexpr milliseconds pause_most{300};
constexpr int tries_max = 5;             ///< In a row, before the next pause: races last milliseconds.
constexpr std::size_t outposts_max = 16; ///< As many addresses as OTP's mapper can be told to listen on.

std::string text(const error& e) { return printable(e.message()); }

/// The outcomes of a race with another program that takes the port, or gives it up, at this moment.
bool is_passing(const error& e) {
    return e == make_error_code(errc::port_taken) || e == make_error_code(errc::closed_unanswered) ||
           e == make_error_code(wire::errc::closed) || e.code() == std::errc::connection_reset ||
           e.code() == std::errc::broken_pipe;
}

} // namespace

presence::presence(environment& env, const directory_options& options, node_entry node)
    : env_(env), options_(options), node_(std::move(node)) {}

presence::~presence() {
    tasks_.cancel();
    for (auto& where : outposts_) where->watch.cancel();
}

server_options presence::mapper_options() const {
    server_options options;
    options.port = options_.port;
    options.access = options_.access;
    std::ranges::copy_if(options_.addresses, std::back_inserter(options.addresses), &wire::ip_address::is_unspecified);
    return options;
}

task<result<std::uint32_t>> presence::begin() {
    auto addresses = co_await own_addresses();
    for (const auto& address : addresses) {
        outposts_.push_back(std::make_unique<outpost>());
        outposts_.back()->address = address;
    }
    auto first = co_await register_at_home();
    if (!first && first.error() == make_error_code(errc::silent)) {
        co_return error{errc::not_a_mapper, first.error().context() + " gets no answer"}; // it only accepts connections
    }
    if (!first) co_return std::move(first).error();
    const std::uint32_t creation = first->creation();
    home_.emplace(*std::move(first));
    for (auto& where : outposts_) co_await cover(*where);
    tasks_.start(keep());
    co_return creation;
}

task<std::vector<wire::ip_address>> presence::own_addresses() {
    std::vector<wire::ip_address> found = options_.addresses;
    const auto interfaces = env_.net().interfaces();
    auto is_ours = [&](const wire::ip_address& a) {
        return a.is_loopback() ||
               std::ranges::find(interfaces, a, &wire::interface_address::address) != interfaces.end();
    };
    const std::string& host = options_.own_host;
    if (!host.empty() && host != "localhost") {
        std::vector<wire::ip_address> named;
        bool is_literal = false;
        if (auto literal = wire::ip_address::parse(host)) {
            named.push_back(*literal);
            is_literal = true;
        } else {
            auto resolving = env_.net().resolve(host);
            auto resolved = co_await with_deadline(env_, env_.now() + options_.look_up_time, std::move(resolving));
            if (resolved) named = *std::move(resolved);
        }
        std::erase_if(named, [&](const auto& a) { return !is_ours(a); });
        found.insert(found.end(), named.begin(), named.end());
        if (!is_literal && std::ranges::all_of(named, &wire::ip_address::is_loopback)) {
            for (const auto& i : interfaces) {
                if (i.up && !i.address.is_link_local()) found.push_back(i.address);
            }
        }
    }
    // The two that every mapper listens on are home, not outposts; "all addresses" is the mapper's own matter.
    std::erase_if(found, &wire::ip_address::is_unspecified);
    std::erase(found, wire::ip_address::loopback_v4());
    std::erase(found, wire::ip_address::loopback_v6());
    std::ranges::sort(found);
    found.erase(std::ranges::unique(found).begin(), found.end());
    if (found.size() > outposts_max) found.resize(outposts_max);
    co_return found;
}

task<> presence::short_pause() {
    const duration pause = env_.random_between(pause_least, pause_most);
    co_await sleep_for(env_, pause);
}

task<result<registration>> presence::register_at_home() {
    for (int left = tries_max;; --left) {
        auto made = co_await try_at_home();
        if (made || left <= 1 || !is_passing(made.error())) co_return made;
        co_await yield(env_);
    }
}

task<result<registration>> presence::try_at_home() {
    const std::array homes{wire::ip_address::loopback_v4(), wire::ip_address::loopback_v6()};
    std::optional<error> failure;
    for (const auto& home : homes) {
        auto due = env_.now() + options_.register_time;
        auto made = co_await register_node(env_, mapper_at(home), node_, due);
        if (made) co_return made;
        const bool no_mapper = made.error() == make_error_code(errc::no_answer);
        if (!failure) failure = made.error();
        // On ::1 any system error means a machine without IPv6; on 127.0.0.1 it is worth telling.
        const bool no_family = !home.is_v4() && made.error().code().category() != epmd_category();
        if (!no_mapper && !no_family) co_return made;
    }
    if (!options_.embedded) co_return *std::move(failure);
    auto started = start_mapper();
    if (!started) co_return started.error();
    const bool has_v4 = mapper_->listens_on().front().address.is_v4();
    const auto home = mapper_at(has_v4 ? wire::ip_address::loopback_v4() : wire::ip_address::loopback_v6());
    auto due = env_.now() + options_.register_time;
    co_return co_await register_node(env_, home, node_, due);
}

result<void> presence::start_mapper() {
    auto started = server::start(env_, mapper_options());
    if (!started) return std::move(started).error();
    mapper_ = *std::move(started);
    for (auto& where : outposts_) {
        auto listening = mapper_->listen(where->address);
        // Taken: by an outpost of this or another node. `cover` registers the name there.
        if (!listening && listening.error() != make_error_code(errc::port_taken)) {
            env_.log(log_level::warning, "[sedge:epmd] other machines may not find us: " + text(listening.error()));
        }
    }
    std::string where;
    for (const auto& e : mapper_->listens_on()) where += (where.empty() ? "" : ", ") + to_string(e);
    env_.log(log_level::info, "[sedge:epmd] this program is the port mapper of the machine, on " + where);
    return {};
}

task<> presence::keep() {
    for (;;) {
        co_await home_->ended();
        const time_point lost = env_.now();
        home_.reset();
        for (auto& where : outposts_) {
            where->watch.cancel();
            where->held.reset();
        }
        env_.log(log_level::warning,
                 "[sedge:epmd] the port mapper is gone; registering " + printable(node_.name) + " again");
        auto again = co_await renew();
        home_.emplace(std::move(again));
        for (auto& where : outposts_) co_await cover(*where);
        const auto took = std::chrono::duration_cast<milliseconds>(env_.now() - lost);
        env_.log(log_level::info, "[sedge:epmd] " + printable(node_.name) + " is registered again after " +
                                      std::to_string(took.count()) + " ms");
    }
}

task<registration> presence::renew() {
    for (std::string told;;) {
        auto made = co_await register_at_home();
        if (made) co_return *std::move(made);
        if (std::string why = text(made.error()); why != told) {
            env_.log(log_level::warning, "[sedge:epmd] trying again: " + why);
            told = std::move(why);
        }
        co_await short_pause();
    }
}

task<bool> presence::cover(outpost& where) {
    for (int left = tries_max; left > 0; --left) {
        const bool covered = co_await try_to_cover(where);
        if (covered) {
            if (where.held && where.watch.empty()) where.watch.start(keep_covered(where));
            co_return true;
        }
        co_await yield(env_);
    }
    env_.log(log_level::warning, "[sedge:epmd] other machines may not find " + printable(node_.name) + " at " +
                                     to_string(mapper_at(where.address)));
    co_return false;
}

task<bool> presence::try_to_cover(outpost& where) {
    const auto mapper = mapper_at(where.address);
    auto due = env_.now() + options_.look_up_time;
    auto known = co_await look_up(env_, mapper, node_.name, due);
    if (known && known->port == node_.port) co_return true; // the machine's mapper listens here too
    if (!known && known.error() == make_error_code(errc::no_answer)) {
        if (!options_.embedded) co_return true; // not ours to run; OTP's may be told to keep to loopback
        auto opened = std::make_unique<server>(env_, mapper_options());
        auto listening = opened->listen(where.address);
        if (!listening) co_return false;
        where.mapper = std::move(opened);
    } else if (!known && known.error() != make_error_code(errc::not_found)) {
        co_return false;
    }
    due = env_.now() + options_.register_time;
    auto made = co_await register_node(env_, mapper, node_, due);
    if (!made) co_return false;
    where.held.emplace(*std::move(made));
    co_return true;
}

task<> presence::keep_covered(outpost& where) {
    do {
        co_await where.held->ended();
        where.held.reset();
        for (bool covered = false; !covered;) {
            covered = co_await try_to_cover(where);
            if (!covered) co_await short_pause();
        }
    } while (where.held);
}

} // namespace sedge::epmd
