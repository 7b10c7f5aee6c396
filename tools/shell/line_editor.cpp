// SPDX-License-Identifier: Apache-2.0
//
// libedit on an event loop. It is made to block in its own loop until a line is complete; in its unbuffered mode it
// handles one key per call instead, and takes the key from a function of ours. So this file reads the terminal when
// the loop says that there is something, keeps the bytes in a queue, and calls libedit once for each key.
//
// The terminal sends no signals: Ctrl-C comes as a byte and is taken out of the queue before libedit sees it. Between
// two lines, while something is evaluated, the terminal neither echoes nor edits; what is typed then waits for the
// next prompt, apart from Ctrl-C, which ends the evaluation.
#include "line_editor.hpp"
#include "edit_library.hpp"

#include <sedge/base/nursery.hpp>
#include <sedge/wire/system.hpp>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <deque>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace sedge::shell {

namespace {

constexpr char ctrl_c = 3;
constexpr char ctrl_d = 4;
constexpr int history_lines_max = 2000;
constexpr int rest_of_key_ms = 100; // between the bytes of one key, such as an arrow

class line_editor final : public console {
public:
    line_editor(wire::system_environment& env, console_options options)
        : env_(env), options_(std::move(options)), state_changed_(env), interrupt_(env) {}

    bool open() {
        if (tcgetattr(STDIN_FILENO, &original_) != 0 || !edit_) return false;
        // libedit decides by the locale what a character is. Text here is UTF-8, wherever it is run.
        if (!std::setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
        editor_.reset(edit_->init("sedge", stdin, stdout, stderr));
        history_.reset(edit_->history_init());
        if (!editor_ || !history_) return false;
        auto* e = editor_.get();
        edit_->set(e, EL_CLIENTDATA, this);
        edit_->set(e, EL_PROMPT, &line_editor::prompt_of);
        edit_->set(e, EL_EDITOR, "emacs");
        edit_->set(e, EL_GETCFN, &line_editor::next_character);
        // The wide form keeps the texts given; the narrow one copies them and never frees the copies (libedit 3.1).
        edit_->wset(e, EL_ADDFN, L"sedge-complete", L"complete the word before the cursor", &line_editor::complete_key);
        edit_->set(e, EL_BIND, "\t", "sedge-complete", nullptr);
        edit_->set(e, EL_BIND, "^R", "em-inc-search-prev", nullptr);
        edit_->set(e, EL_SETTY, "-d", "-isig", nullptr);
        edit_->history(history_.get(), &event_, H_SETSIZE, history_lines_max);
        edit_->history(history_.get(), &event_, H_SETUNIQUE, 1);
        edit_->set(e, EL_HIST, edit_->history, history_.get());
        if (!options_.history_file.empty())
            edit_->history(history_.get(), &event_, H_LOAD, options_.history_file.c_str());
        quiet();
        tasks_.start(pump());
        return true;
    }

    ~line_editor() override {
        tasks_.cancel();
        if (editor_ && reading_) edit_->set(editor_.get(), EL_UNBUFFERED, 0);
        if (history_ && !options_.history_file.empty())
            edit_->history(history_.get(), &event_, H_SAVE, options_.history_file.c_str());
        tcsetattr(STDIN_FILENO, TCSADRAIN, &original_);
    }

    task<input> read_line(std::string prompt) override {
        prompt_ = std::move(prompt);
        complete_.reset();
        if (reading_) edit_->set(editor_.get(), EL_UNBUFFERED, 0); // whoever read before was ended
        reading_ = true;
        edit_->set(editor_.get(), EL_UNBUFFERED, 1); // raw mode; shows the prompt
        feed();
        while (!complete_) {
            state_changed_.reset();
            auto waiting = state_changed_.wait();
            co_await std::move(waiting);
        }
        co_return *std::exchange(complete_, std::nullopt);
    }

    void print(std::string_view lines) override {
        std::string out = reading_ ? "\r\x1b[J" : "";
        out += lines;
        out += '\n';
        std::fwrite(out.data(), 1, out.size(), stdout);
        std::fflush(stdout);
        if (reading_) edit_->set(editor_.get(), EL_REFRESH);
    }

    task<> interrupted() override {
        interrupt_.reset();
        auto waiting = interrupt_.wait();
        co_await std::move(waiting);
    }

    std::size_t columns() const override {
        winsize size{};
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
        return size.ws_col;
    }

private:
    struct closer {
        void operator()(EditLine* e) const { edit_library::load()->end(e); }
        void operator()(History* h) const { edit_library::load()->history_end(h); }
    };

    static line_editor& of(EditLine* e) {
        void* self = nullptr;
        edit_library::load()->get(e, EL_CLIENTDATA, &self);
        return *static_cast<line_editor*>(self);
    }
    static char* prompt_of(EditLine* e) { return of(e).prompt_.data(); }

    /// No echo, no editing by the kernel, no signals: while something is evaluated.
    void quiet() {
        auto mode = original_;
        mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
        mode.c_cc[VMIN] = 1;
        mode.c_cc[VTIME] = 0;
        tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
    }

    task<> pump() {
        for (;;) {
            auto readable = env_.fd_readable(STDIN_FILENO);
            co_await std::move(readable);
            if (!read_bytes()) break;
            feed();
        }
        finish({kind::end, {}});
        at_end_ = true;
    }

    /// False at the end of the input.
    bool read_bytes() {
        char block[1024];
        const auto count = ::read(STDIN_FILENO, block, sizeof block);
        if (count < 0) return errno == EINTR || errno == EAGAIN;
        if (count == 0) return false;
        if (!reading_ && std::find(block, block + count, ctrl_c) != block + count) {
            typed_.clear(); // what was typed before Ctrl-C is given up, too
            interrupt_.set();
            return true;
        }
        typed_.insert(typed_.end(), block, block + count);
        return true;
    }

    /// Gives libedit what was typed, until a line is complete.
    void feed() {
        if (at_end_) finish({kind::end, {}});
        while (reading_ && !typed_.empty()) {
            const char first = typed_.front();
            const auto* line = edit_->line(editor_.get());
            if (first == ctrl_c || (first == ctrl_d && line->lastchar == line->buffer)) {
                typed_.pop_front();
                std::fputs(first == ctrl_c ? "^C\n" : "\n", stdout);
                finish({first == ctrl_c ? kind::interrupted : kind::end, {}});
                return;
            }
            int count = 0;
            const char* text = edit_->gets(editor_.get(), &count);
            if (text && count > 0 && (text[count - 1] == '\n' || text[count - 1] == '\r')) {
                std::string whole(text, static_cast<std::size_t>(count - 1));
                if (!whole.empty() && whole.find_first_not_of(" \t") != std::string::npos)
                    edit_->history(history_.get(), &event_, H_ENTER, whole.c_str());
                finish({kind::line, std::move(whole)});
            }
        }
    }

    void finish(input what) {
        if (!reading_) return;
        reading_ = false;
        edit_->set(editor_.get(), EL_UNBUFFERED, 0);
        quiet();
        std::fflush(stdout);
        complete_ = std::move(what);
        state_changed_.set();
    }

    /// libedit asks for a character: the next one of the queue. A key of several bytes may still be on its way.
    static int next_character(EditLine* e, wchar_t* out) {
        auto& self = of(e);
        std::mbstate_t state{};
        for (;;) {
            while (!self.typed_.empty()) {
                const char byte = self.typed_.front();
                self.typed_.pop_front();
                const auto size = std::mbrtowc(out, &byte, 1, &state);
                if (size == static_cast<std::size_t>(-2)) continue; // more bytes belong to it
                if (size == static_cast<std::size_t>(-1)) {
                    state = {};
                    continue; // no character of any text
                }
                return 1;
            }
            pollfd more{STDIN_FILENO, POLLIN, 0};
            if (poll(&more, 1, rest_of_key_ms) <= 0 || !self.read_bytes()) return 0;
        }
    }

    static unsigned char complete_key(EditLine* e, int) {
        auto& self = of(e);
        if (!self.options_.complete) return CC_ERROR;
        const auto* line = self.edit_->line(e);
        const std::string_view before{line->buffer, static_cast<std::size_t>(line->cursor - line->buffer)};
        auto found = self.options_.complete(before);
        if (found.candidates.empty()) return CC_ERROR;
        auto common = found.candidates.front();
        for (const auto& c : found.candidates) {
            const auto ends = std::mismatch(common.begin(), common.end(), c.begin(), c.end());
            common.erase(ends.first, common.end());
        }
        if (common.size() > found.replaced) {
            self.edit_->insertstr(e, common.substr(found.replaced).c_str());
            return CC_REFRESH;
        }
        if (found.candidates.size() == 1) return CC_NORM;
        std::string shown = "\n";
        for (const auto& c : found.candidates) shown += c + "  ";
        std::fputs((shown + "\n").c_str(), stdout);
        return CC_REDISPLAY;
    }

    wire::system_environment& env_;
    console_options options_;
    termios original_{};
    const edit_library* const edit_ = edit_library::load();
    std::unique_ptr<EditLine, closer> editor_;
    std::unique_ptr<History, closer> history_;
    HistEvent event_{};
    std::string prompt_;
    std::deque<char> typed_;
    std::optional<input> complete_;
    bool reading_ = false;
    bool at_end_ = false;
    event state_changed_;
    event interrupt_;
    nursery tasks_;
};

} // namespace

std::unique_ptr<console> open_line_editor(wire::system_environment& env, console_options options) {
    auto editor = std::make_unique<line_editor>(env, std::move(options));
    if (!editor->open()) return nullptr;
    return editor;
}

} // namespace sedge::shell
