// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/log.hpp>
#include <sedge/base/task.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sedge::wire {
class system_environment;
}

namespace sedge::shell {

struct completion {
    std::size_t replaced = 0;            ///< Bytes before the cursor that a candidate stands for.
    std::vector<std::string> candidates; ///< Whole words, sorted.
};

struct console_options {
    std::string history_file; ///< Empty: none.
    /// What could stand where the cursor is; `text` is the line up to it.
    std::function<completion(std::string_view text)> complete;
};

/// Where lines come from and go to: a terminal with editing, history and completion, or a pipe.
///
/// The program goes on running while a line is typed.
///
/// Life:    the terminal is as it was after destruction. One reader at a time.
/// Threads: only on the environment's thread.
class console {
public:
    enum class kind { line, interrupted, end };
    struct input {
        kind what = kind::line;
        std::string text; ///< Without its newline.
    };

    virtual ~console() = default;
    /// The next line; `prompt` is shown on terminals only. `interrupted`: Ctrl-C; `end`: Ctrl-D, or no more input.
    [[nodiscard]] virtual task<input> read_line(std::string prompt) = 0;
    /// Shows whole lines, without the last newline. A line that is being typed stays below them.
    virtual void print(std::string_view lines) = 0;
    /// Completes at the next Ctrl-C while nobody reads a line.
    [[nodiscard]] virtual task<> interrupted() = 0;
    [[nodiscard]] virtual std::size_t columns() const = 0;
};

/// On standard input and output: with editing if both are terminals.
std::unique_ptr<console> open_console(wire::system_environment& env, console_options options);

/// Log lines go to standard error as usual until a console is there, and above its prompt from then on.
class console_log final : public log_sink {
public:
    void write(log_level level, std::string_view text) override;
    /// Null: to standard error again.
    void show_on(console* where) { where_ = where; }

private:
    console* where_ = nullptr;
};

} // namespace sedge::shell
