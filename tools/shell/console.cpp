// SPDX-License-Identifier: Apache-2.0
#include "console.hpp"

#include "line_editor.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/wire/system.hpp>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <limits>
#include <unistd.h>

namespace sedge::shell {

namespace {

/// Lines of a pipe or file: no prompt, no echo, values on one line each.
class plain_console final : public console {
public:
    explicit plain_console(wire::system_environment& env) : env_(env), never_(env) {}

    task<input> read_line(std::string) override {
        for (;;) {
            const auto end = pending_.find('\n');
            if (end != std::string::npos || (at_end_ && !pending_.empty())) {
                input line{kind::line, pending_.substr(0, end)};
                pending_.erase(0, end == std::string::npos ? end : end + 1);
                if (line.text.ends_with('\r')) line.text.pop_back();
                co_return line;
            }
            // An endless line is cut; what is read of it cannot be an expression any more.
            if (at_end_ || pending_.size() > limits::syntax_bytes_max) co_return input{kind::end, {}};
            auto readable = env_.fd_readable(STDIN_FILENO);
            co_await std::move(readable);
            char block[4096];
            const auto count = ::read(STDIN_FILENO, block, sizeof block);
            if (count > 0) pending_.append(block, static_cast<std::size_t>(count));
            else if (count == 0 || errno != EINTR) at_end_ = true;
        }
    }
    void print(std::string_view lines) override {
        std::fwrite(lines.data(), 1, lines.size(), stdout);
        std::fputc('\n', stdout);
        std::fflush(stdout);
    }
    task<> interrupted() override {
        auto waiting = never_.wait();
        co_await std::move(waiting);
    }
    std::size_t columns() const override { return std::numeric_limits<std::size_t>::max(); }

private:
    wire::system_environment& env_;
    event never_;
    std::string pending_;
    bool at_end_ = false;
};

} // namespace

std::unique_ptr<console> open_console(wire::system_environment& env, console_options options) {
    if (::isatty(STDIN_FILENO) && ::isatty(STDOUT_FILENO)) {
        auto editor = open_line_editor(env, std::move(options));
        if (editor) return editor;
    }
    return std::make_unique<plain_console>(env);
}

void console_log::write(log_level level, std::string_view text) {
    std::timespec now{};
    std::timespec_get(&now, TIME_UTC);
    std::tm local{};
    localtime_r(&now.tv_sec, &local);
    char time[32];
    const auto size = std::strftime(time, sizeof time, "%H:%M:%S", &local);
    std::snprintf(time + size, sizeof time - size, ".%03ld", now.tv_nsec / 1'000'000);
    const auto line = std::string{time} + " [" + std::string{to_string(level)} + "] " + std::string{text};
    if (where_) return where_->print(line);
    const auto whole = line + "\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, whole.data(), whole.size());
}

} // namespace sedge::shell
