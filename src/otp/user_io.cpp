// SPDX-License-Identifier: Apache-2.0
//
// The io protocol, as a group leader speaks it. {io_request, From, ReplyAs, Request} is answered with
// {io_reply, ReplyAs, Reply}. Whoever writes waits without a timeout, so that every request gets an answer: output is
// taken, input is at its end, and what has no meaning here is {error, enotsup} or, if unknown, {error, request}.

#include "otp/kernel_state.hpp"
#include "otp/terms.hpp"

#include <sedge/otp/io_lib.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <array>

namespace sedge::otp {
namespace {

constexpr std::size_t requests_nesting_max = 16; ///< `{requests, [{requests, ...}]}`; real ones do not nest.

term failed(std::string_view why) { return tuple(atom{"error"}, atom{why}); }

bool is_one_of(const term_view& t, std::span<const std::string_view> names) {
    auto text = t.atom_text();
    return text && std::find(names.begin(), names.end(), *text) != names.end();
}

class io_server {
public:
    io_server(process& self, std::shared_ptr<kernel_state> state) : self_(self), state_(std::move(state)) {}

    void on_message(const term& message) {
        if (!is_tagged(message, "io_request", 4)) return;
        auto from = message.element(1).as<pid>();
        if (!from) return;
        term answer = serve(message.element(3), 0);
        self_.send(*from, tuple(atom{"io_reply"}, term{message.element(2)}, answer));
    }

private:
    term serve(const term_view& request, std::size_t depth) {
        static constexpr std::array<std::string_view, 4> input{"get_line", "get_chars", "get_until", "get_password"};
        static constexpr std::array<std::string_view, 3> settings{"setopts", "get_geometry", "getopts"};
        term_view tag = request.kind() == term_kind::tuple && request.arity() > 0 ? request.element(0) : request;
        if (tag.is_atom("put_chars")) return put_chars(request);
        if (is_one_of(tag, input)) return term{atom{"eof"}};
        if (is_one_of(tag, settings)) return failed("enotsup");
        if (is_tagged(request, "requests", 2) && depth < requests_nesting_max)
            return several(request.element(1), depth);
        return failed("request");
    }

    /// One after the other until one fails; the answer is that of the last.
    term several(const term_view& requests, std::size_t depth) {
        term answer{atom{"ok"}};
        for (auto request : requests.elements()) {
            answer = serve(request, depth + 1);
            if (is_tagged(answer, "error", 2)) break;
        }
        return answer;
    }

    /// `{put_chars, Encoding, Chars}`, `{put_chars, Encoding, M, F, Args}`, and both without encoding, as before R13.
    term put_chars(const term_view& request) {
        std::size_t arity = request.kind() == term_kind::tuple ? request.arity() : 0;
        bool with_encoding = arity == 3 || arity == 5;
        if (!with_encoding && arity != 2 && arity != 4) return failed("request");
        bool latin1 = !with_encoding || request.element(1).is_atom("latin1");
        auto text = arity >= 4 ? produced(request, arity - 3) : characters(request.element(arity - 1), latin1);
        if (!text) return failed("put_chars");
        write(*text);
        return term{atom{"ok"}};
    }

    /// The text that `Module:Function(Arguments...)` makes, if it is io_lib:format; the call itself if not.
    std::optional<std::string> produced(const term_view& request, std::size_t first) {
        term_view arguments = request.element(first + 2);
        text_options options;
        options.local_node = self_.node().name();
        bool is_format = request.element(first).is_atom("io_lib") && request.element(first + 1).is_atom("format");
        if (is_format && arguments.is_list() && arguments.length() == 2) {
            auto pair = arguments.elements().begin();
            term_view text = *pair++;
            return format(text, *pair, options);
        }
        return to_erlang(request.element(first + 1), options) + " " + to_erlang(arguments, options) + "\n";
    }

    void write(std::string_view text) {
        if (state_->options.output) return state_->options.output(text);
        while (!text.empty()) {
            auto end = text.find('\n');
            std::string_view line = text.substr(0, end);
            if (!line.empty()) self_.env().log(log_level::info, "[sedge:user] " + printable(line));
            if (end == std::string_view::npos) break;
            text.remove_prefix(end + 1);
        }
    }

    process& self_;
    std::shared_ptr<kernel_state> state_;
};

} // namespace

task<> run_user(process& self, std::shared_ptr<kernel_state> state) {
    io_server server{self, std::move(state)};
    for (;;) {
        term message = co_await self.receive();
        server.on_message(message);
    }
}

} // namespace sedge::otp
