// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace sedge::test {

struct program_options {
    std::vector<std::string> arguments;             ///< The first is the program, sought in PATH.
    std::map<std::string, std::string> environment; ///< Added to our own.
    std::string directory;                          ///< To run in; empty: ours.
};

/// A program started by a test: its input and output as text, its end for certain.
///
/// Standard output and standard error come as one text. The program gets a process group of its own; destroying
/// this kills that group with SIGKILL, so nothing survives a failed test.
class program {
public:
    /// Throws std::system_error if it cannot be started.
    explicit program(program_options options);
    ~program();
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    /// Called again and again while a `wait_` function waits, at least every millisecond: a place to run our own
    /// environment, which lives in the same thread.
    std::function<void()> meanwhile;

    void write(std::string_view text);
    void close_input();

    /// The text from the end of the last wait to the end of the next occurrence of `text`. Throws
    /// std::runtime_error with all of the output if it does not come in time.
    std::string wait_for(std::string_view text, std::chrono::milliseconds most = std::chrono::seconds{20});
    /// The rest of the line behind `prefix`, as soon as that line is complete.
    std::string wait_for_line(std::string_view prefix, std::chrono::milliseconds most = std::chrono::seconds{20});
    /// The exit status as from `waitpid`. Throws if the program does not end in time.
    int wait_for_end(std::chrono::milliseconds most = std::chrono::seconds{20});

    /// Everything it has written so far.
    [[nodiscard]] const std::string& output();
    [[nodiscard]] pid_t id() const noexcept { return id_; }
    [[nodiscard]] bool running();

    /// Sends a signal to the program and all it started.
    void signal(int number) noexcept;
    /// SIGKILL to all of them; completes when the program is gone.
    void kill() noexcept;

private:
    using clock = std::chrono::steady_clock;
    void read_more(std::chrono::milliseconds most);
    void step(clock::time_point due, std::string_view waiting_for);

    pid_t id_ = -1;
    int input_ = -1;
    int output_ = -1;
    std::string text_;
    std::size_t seen_ = 0; // end of what the waits have given out
    std::optional<int> status_;
};

} // namespace sedge::test
