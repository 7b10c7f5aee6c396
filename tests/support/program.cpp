// SPDX-License-Identifier: Apache-2.0
#include "support/program.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace sedge::test {

namespace {

void check(int code, const std::string& what) {
    if (code != 0) throw std::system_error{code, std::generic_category(), what};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (auto& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
    std::vector<std::string> all;
    for (char** entry = environ; *entry; ++entry) {
        std::string text{*entry};
        if (!added.contains(text.substr(0, text.find('=')))) all.push_back(std::move(text));
    }
    for (const auto& [name, value] : added) all.push_back(name + "=" + value);
    return all;
}

} // namespace

program::program(program_options options) {
    std::signal(SIGPIPE, SIG_IGN); // a program that ended must not end us when we write to it
    std::array<int, 2> to{}, from{};
    if (::pipe2(to.data(), O_CLOEXEC) != 0 || ::pipe2(from.data(), O_CLOEXEC) != 0) check(errno, "pipe");

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, to[0], 0);
    posix_spawn_file_actions_adddup2(&files, from[1], 1);
    posix_spawn_file_actions_adddup2(&files, from[1], 2);
    if (!options.directory.empty()) posix_spawn_file_actions_addchdir_np(&files, options.directory.c_str());
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);

    auto variables = environment_with(options.environment);
    const int code = ::posix_spawnp(&id_, options.arguments.at(0).c_str(), &files, &attributes,
                                    pointers(options.arguments).data(), pointers(variables).data());
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    ::close(to[0]);
    ::close(from[1]);
    input_ = to[1];
    output_ = from[0];
    ::fcntl(output_, F_SETFL, O_NONBLOCK);
    if (code != 0) {
        ::close(input_);
        ::close(output_);
        check(code, "start " + options.arguments[0]);
    }
}

program::~program() {
    kill();
    close_input();
    ::close(output_);
}

void program::write(std::string_view text) {
    while (!text.empty()) {
        const auto count = ::write(input_, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) throw std::system_error{errno, std::generic_category(), "write to a program"};
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

void program::close_input() {
    if (input_ >= 0) ::close(input_);
    input_ = -1;
}

void program::read_more(std::chrono::milliseconds most) {
    pollfd wait{output_, POLLIN, 0};
    ::poll(&wait, 1, static_cast<int>(most.count()));
    std::array<char, 4096> chunk;
    for (;;) {
        const auto count = ::read(output_, chunk.data(), chunk.size());
        if (count <= 0) return;
        text_.append(chunk.data(), static_cast<std::size_t>(count));
    }
}

void program::step(clock::time_point due, std::string_view waiting_for) {
    if (meanwhile) meanwhile();
    read_more(std::chrono::milliseconds{meanwhile ? 1 : 20});
    if (clock::now() > due) {
        throw std::runtime_error{"program " + std::to_string(id_) + " did not get to \"" + std::string{waiting_for} +
                                 "\" in time; its output:\n" + text_};
    }
}

std::string program::wait_for(std::string_view text, std::chrono::milliseconds most) {
    const auto due = clock::now() + most;
    for (;;) {
        if (auto at = text_.find(text, seen_); at != std::string::npos) {
            const auto from = std::exchange(seen_, at + text.size());
            return text_.substr(from, seen_ - from);
        }
        step(due, text);
    }
}

std::string program::wait_for_line(std::string_view prefix, std::chrono::milliseconds most) {
    wait_for(prefix, most);
    auto line = wait_for("\n", most);
    line.pop_back();
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

int program::wait_for_end(std::chrono::milliseconds most) {
    const auto due = clock::now() + most;
    while (running()) step(due, "its end");
    read_more(std::chrono::milliseconds{0});
    return *status_;
}

const std::string& program::output() {
    read_more(std::chrono::milliseconds{0});
    return text_;
}

bool program::running() {
    int status = 0;
    if (!status_ && ::waitpid(id_, &status, WNOHANG) == id_) status_ = status;
    return !status_;
}

void program::signal(int number) noexcept { ::kill(-id_, number); }

void program::kill() noexcept {
    signal(SIGKILL); // also when it has ended: what it started may still run
    if (status_) return;
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = status;
}

} // namespace sedge::test
