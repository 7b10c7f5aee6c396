// SPDX-License-Identifier: Apache-2.0
//
// What a node of sedge does in scripts/soak: the same as soak_worker.erl, message for message. README.md says what.
//
//     soak_node [--set KEY=VALUE]... [--rate N] [--report MILLISECONDS] [--once] [--mistake KIND] PEER...
//
// --set node.name=NODE is a key of sedge.toml; --rate 0 is a node without traffic; with --once it dials nobody unless
// told. Reads commands from standard input, a line each: `quiet`, `connect NODE`, `disconnect NODE`, and those of
// pressure.cpp. Writes JSON, a line each: reports, nodes that come and go and when that was, by the system's monotonic
// clock in seconds, and each broken promise.
#include "soak/world.hpp"

#include <sedge/cluster/application.hpp>
#include <sedge/wire/system.hpp>

#include <chrono>
#include <cstdio>
#include <unistd.h>

namespace sedge::soak {
namespace {

struct settings {
    cluster::configuration node;
    std::vector<std::string> peers;
    milliseconds report{1000};
    bool once = false;
};

result<settings> read(const std::vector<std::string>& arguments, world& all) {
    settings out;
    std::vector<cluster::assignment> configured{{"log.level", "warning"}};
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto& word = arguments[i];
        if (!word.starts_with("--")) {
            out.peers.push_back(word);
        } else if (word == "--once") {
            out.once = true;
        } else if (++i == arguments.size()) {
            return error{errc::invalid_argument, word + " needs a value"};
        } else if (word == "--set") {
            auto equals = arguments[i].find('=');
            configured.push_back({arguments[i].substr(0, equals), arguments[i].substr(equals + 1)});
        } else if (word == "--rate") {
            all.rate = std::stoi(arguments[i]);
        } else if (word == "--report") {
            out.report = milliseconds{std::stoi(arguments[i])};
        } else if (word == "--mistake") {
            all.mistake = arguments[i];
        } else {
            return error{errc::invalid_argument, "no option " + word};
        }
    }
    auto configuration = cluster::load_configuration("", configured);
    if (!configuration) return configuration.error();
    out.node = *std::move(configuration);
    for (const auto& peer : out.peers)
        if (peer != out.node.node.name) all.peers.emplace_back(peer);
    return out;
}

template <class Places>
std::string places(const char* key, const Places& each) {
    std::string out = std::string{",\""} + key + "\":{";
    for (const auto& [node, place] : each) {
        if (out.back() == ']') out += ',';
        out += '"' + node.str() + "\":[" + std::to_string(place.stream) + ',' + std::to_string(place.last) + ']';
    }
    return out + '}';
}

void report(application& app, const world& all) {
    std::string line = "{\"report\":{\"nodes\":[";
    for (const auto& peer : app.node().peers()) line += (line.back() == '"' ? ",\"" : "\"") + peer.str() + '"';
    line += ']';
    line += ",\"node_downs\":{";
    for (const auto& [peer, count] : all.node_downs)
        line += (line.back() == '{' ? "\"" : ",\"") + peer.str() + "\":" + std::to_string(count);
    line += '}';
    for (const auto& [key, count] : all.counts) line += ",\"" + key + "\":" + std::to_string(count);
    std::map<atom, stream_check::place> in;
    for (const auto& [peer, stream] : all.in)
        if (auto place = stream.now()) in[peer] = *place;
    line += places("out", all.out) + places("in", in);
    if (all.rate > 0) line += shared_report(app);
    say(line + "}}");
}

/// The end of a line about something that happened now.
std::string at() {
    const std::chrono::duration<double> now = std::chrono::steady_clock::now().time_since_epoch();
    char text[48];
    std::snprintf(text, sizeof text, ",\"at\":%.6f}", now.count());
    return text;
}

void tell(const node_event& e) {
    const std::string node = '"' + e.node.str() + '"';
    switch (e.what) {
    case node_event::kind::up: return say("{\"nodeup\":" + node + at());
    case node_event::kind::down: return say("{\"nodedown\":" + node + ",\"reason\":\"" + e.reason + '"' + at());
    case node_event::kind::changed:
        return say("{\"state\":\"" + std::string{to_string(e.state)} + "\",\"node\":" + node + at());
    }
}

task<> dial(application& app, atom to) {
    auto connecting = app.node().connect(std::move(to));
    (void)co_await std::move(connecting);
}

// The harness is gone when its end of standard input is.
task<> take_commands(wire::system_environment& env, application& app, world& all, nursery& dials) {
    std::string text;
    for (;;) {
        auto readable = env.fd_readable(STDIN_FILENO);
        co_await std::move(readable);
        char part[256];
        auto count = ::read(STDIN_FILENO, part, sizeof part);
        if (count <= 0) break;
        text.append(part, static_cast<std::size_t>(count));
        for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
            auto line = text.substr(0, end);
            text.erase(0, end + 1);
            if (line == "quiet") all.quiet = true;
            if (line.starts_with("connect ")) dials.start(dial(app, atom{line.substr(8)}));
            if (line.starts_with("disconnect ")) app.node().disconnect(atom{line.substr(11)});
            press(app, line);
        }
    }
    app.stop();
}

task<int> run(application& app, world& all, milliseconds pause) {
    nursery side;
    side.start(take_commands(dynamic_cast<wire::system_environment&>(app.env()), app, all, side));
    auto& node = app.node();
    auto watching = node.watch([&all](const node_event& e) {
        tell(e);
        if (e.what == node_event::kind::down) ++all.node_downs[e.node];
    });
    node.spawn([](process& self) { return echo(self); }, {.label = "echo", .name = atom{"soak_echo"}});
    if (all.rate > 0) {
        for (const auto& peer : all.peers) {
            node.spawn([&all, peer](process& self) { return talk(self, all, peer); }, {.label = "talk"});
            node.spawn([&all, peer](process& self) { return call(self, all, peer); }, {.label = "call"});
        }
        start_shared(app, all);
    }
    say("{\"up\":true" + at());
    for (;;) {
        auto sleeping = sleep_for(app.env(), pause);
        co_await std::move(sleeping);
        report(app, all);
    }
}

} // namespace

void say(const std::string& line) {
    std::fputs((line + '\n').c_str(), stdout);
    std::fflush(stdout);
}

void violated(const std::string& sentence) {
    std::string plain;
    for (char c : sentence)
        if (c != '"' && c != '\\') plain += c;
    say("{\"violation\":\"" + plain + "\"}");
}

} // namespace sedge::soak

int main(int argc, char** argv) {
    using namespace sedge;
    soak::world all;
    auto read = soak::read({argv + 1, argv + argc}, all);
    if (!read) {
        std::fprintf(stderr, "soak_node: %s; the head of soak_node.cpp has the options\n",
                     read.error().message().c_str());
        return static_cast<int>(exit_code::usage);
    }
    application app{read->node};
    if (all.rate > 0) {
        app.spawn("soak_worker", [&all](process& self) { return soak::check_streams(self, all); });
        app.spawn("soak_server", soak::server());
    }
    if (!read->once) app.topology("soak", epmd_strategy{.hosts = read->peers, .timeout = {}});
    return app.run([&](application& running) { return soak::run(running, all, read->report); });
}
