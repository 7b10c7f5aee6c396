// SPDX-License-Identifier: Apache-2.0
// What does TLS between two nodes cost? Large and small messages, plain and with TLS, one direction.
//
// Two nodes on loopback, in two processes of the system: the program forks. Certificates are made for the run.
#include <sedge/epmd/directory.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/certificate_authority.hpp>
#include <sedge/wire/stderr_log.hpp>
#include <sedge/wire/system.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sys/wait.h>
#include <unistd.h>

using namespace sedge;
using namespace sedge::literals;
using namespace std::chrono_literals;

namespace {

node_options named(const char* name, const std::optional<wire::tls_options>& tls) {
    node_options options;
    options.name = name;
    options.cookie = *dist::cookie::from_text("a secret of the benchmark");
    options.message_bytes_max = std::size_t{1} << 30;
    options.send_queue_bytes_max = std::size_t{1} << 30;
    options.tls = tls;
    return options;
}

epmd::directory_options mapper(std::uint16_t port) {
    epmd::directory_options options;
    options.port = port;
    options.own_host = "127.0.0.1";
    return options;
}

/// Counts messages; answers a number when that many have come.
int run_other(const std::optional<wire::tls_options>& tls, std::uint16_t port) {
    wire::system_environment env{std::make_shared<wire::stderr_log>()};
    epmd::directory where{env, mapper(port)};
    node us{named("other@127.0.0.1", tls), env, where};
    if (!env.block_on(us.start())) return 1;
    bool over = false;
    us.spawn(
        [&over](process& self) -> task<> {
            for (;;) {
                auto waiting = self.receive();
                const term message = co_await std::move(waiting);
                if (message.view().is_atom("stop")) over = true;
                if (!message.view().is_atom("count")) continue;
                self.send(registered{"this"_atom, "this@127.0.0.1"_atom}, term{"counted"_atom});
            }
        },
        {.label = "sink", .name = "sink"_atom});
    while (!over) env.block_on(sleep_for(env, 20ms));
    env.block_on(us.stop());
    return 0;
}

/// Seconds for `count` messages to arrive.
double time_for(wire::system_environment& env, node& us, const term& message, int count) {
    bool done = false;
    const auto begun = env.now();
    us.spawn(
        [&](process& self) -> task<> {
            const registered sink{"sink"_atom, "other@127.0.0.1"_atom};
            for (int i = 0; i < count; ++i) {
                auto sending = self.send_wait(sink, message);
                co_await std::move(sending);
            }
            self.send(sink, term{"count"_atom});
            (void)co_await self.receive();
            done = true;
        },
        {.label = "this", .name = "this"_atom});
    while (!done) env.block_on(sleep_for(env, 1ms));
    return std::chrono::duration<double>(env.now() - begun).count();
}

int run_this(const char* what, const std::optional<wire::tls_options>& tls, std::uint16_t port) {
    wire::system_environment env{std::make_shared<wire::stderr_log>()};
    epmd::directory where{env, mapper(port)};
    node us{named("this@127.0.0.1", tls), env, where};
    if (!env.block_on(us.start())) return 1;
    for (int tries = 0; !env.block_on(us.connect("other@127.0.0.1"_atom)); ++tries) {
        if (tries == 50) return 1;
        env.block_on(sleep_for(env, 100ms));
    }
    constexpr std::size_t large_bytes = 10'000'000;
    constexpr int large_count = 60;
    constexpr int small_count = 300'000;
    const double large = time_for(env, us, term{byte_buffer(large_bytes, 1)}, large_count);
    const double small = time_for(env, us, term{byte_buffer(100, 1)}, small_count);
    std::printf("%s %4.0f MB/s in messages of 10 MB, %7.0f messages of 100 bytes a second\n", what,
                large_bytes * large_count / large / 1e6, small_count / small);
    us.send(registered{"sink"_atom, "other@127.0.0.1"_atom}, term{"stop"_atom});
    env.block_on(sleep_for(env, 100ms));
    env.block_on(us.stop());
    return 0;
}

int run_both(const char* what, const std::optional<wire::tls_options>& tls, std::uint16_t port) {
    std::fflush(stdout);
    const pid_t child = ::fork(); // before anything is started
    if (child == 0) std::_Exit(run_other(tls, port));
    const int failed = run_this(what, tls, port);
    if (failed != 0) ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return failed;
}

wire::tls_options make_files(const std::string& folder) {
    wire::authority_request about;
    about.now = std::chrono::system_clock::now();
    const auto root = wire::make_authority(about).value();
    wire::certificate_request wanted;
    wanted.name = "bench";
    wanted.addresses = {wire::ip_address::loopback_v4()};
    wanted.now = about.now;
    const auto made = wire::issue_certificate(root, wanted).value();
    std::ofstream{folder + "/ca.crt"} << root.certificate;
    std::ofstream{folder + "/node.crt"} << made.certificate;
    std::ofstream{folder + "/node.key"} << made.key;
    std::filesystem::permissions(folder + "/node.key", std::filesystem::perms::owner_read);
    wire::tls_options files;
    files.ca_file = folder + "/ca.crt";
    files.certificate_file = folder + "/node.crt";
    files.key_file = folder + "/node.key";
    return files;
}

} // namespace

int main() {
    std::string folder = (std::filesystem::temp_directory_path() / "sedge-bench-XXXXXX").string();
    if (!::mkdtemp(folder.data())) return 1;
    const auto files = make_files(folder);
    int failed = run_both("plain", std::nullopt, 4897);
    failed += run_both("TLS  ", files, 4898);
    std::filesystem::remove_all(folder);
    return failed;
}
