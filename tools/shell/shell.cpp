// SPDX-License-Identifier: Apache-2.0
#include "shell.hpp"

#include "complete.hpp"
#include "evaluator.hpp"
#include "functions.hpp"
#include "show.hpp"

#include <sedge/base/log.hpp>
#include <sedge/base/nursery.hpp>
#include <sedge/otp/function_table.hpp>
#include <sedge/process/node.hpp>
#include <sedge/wire/environment.hpp>

#include <exception>

namespace sedge::shell {

namespace {

/// One line of input being evaluated, next to somebody who waits for Ctrl-C.
struct evaluation {
    explicit evaluation(environment& env) : over(env) {}
    std::optional<term> value;
    std::string told;            ///< `** (Kind) text` if it failed.
    std::exception_ptr unusual;  ///< The process is to end.
    event over;
};

task<> evaluate(process& self, session& state, const std::vector<elixir::expression>& input, evaluation& out) {
    evaluator e{self, state};
    try {
        auto running = e.run(input);
        out.value = co_await std::move(running);
    } catch (const failure& f) {
        out.told = "** (" + f.kind + ") " + f.text;
    } catch (...) {
        out.unusual = std::current_exception();
    }
    out.over.set();
}

task<> wait_for_interrupt(console& where, evaluation& out) {
    auto waiting = where.interrupted();
    co_await std::move(waiting);
    out.told = "** interrupted";
    out.over.set();
}

class loop {
public:
    loop(console& where, session& state, const atom& name) : where_(where), state_(state), name_(name) {}

    /// The body of the shell's process.
    task<> run(process& self) {
        while (!state_.exit_status) {
            const auto line = state_.results.size() + 1;
            auto prompt = (text_.empty() ? "sedge(" : "...(") + name_.str() + ")" + std::to_string(line) + "> ";
            auto reading = where_.read_line(std::move(prompt));
            auto input = co_await std::move(reading);
            if (input.what == console::kind::end) {
                if (!text_.empty()) evaluate_nothing();
                state_.exit_status = 0;
            } else if (input.what == console::kind::interrupted) {
                interrupted();
            } else {
                interrupts_ = 0;
                text_ += text_.empty() ? input.text : "\n" + input.text;
                auto taking = take(self);
                co_await std::move(taking);
            }
        }
    }

private:
    /// Twice in a row leaves; once clears what was typed.
    void interrupted() {
        text_.clear();
        if (++interrupts_ == 2) state_.exit_status = 0;
        else where_.print("(again, or Ctrl-D, to leave)");
    }

    void evaluate_nothing() {
        where_.print("** (SyntaxError) the input ends inside of an expression");
        text_.clear();
    }

    task<> take(process& self) {
        auto parsed = parse_elixir_expressions(text_);
        if (!parsed && parsed.error() == make_error_code(syntax_errc::incomplete)) co_return; // another line
        text_.clear();
        if (!parsed) {
            where_.print("** (SyntaxError) " + parsed.error().context());
            co_return;
        }
        if (parsed->empty()) co_return;
        state_.columns = where_.columns();
        evaluation one{self.env()};
        {
            nursery work;
            work.start(wait_for_interrupt(where_, one));
            work.start(evaluate(self, state_, *parsed, one));
            auto waiting = one.over.wait();
            co_await std::move(waiting);
        }
        state_.remember(one.value);
        // A line may have ended this very process; its exit signal goes before the next line, and before the value.
        co_await yield(self.env());
        if (one.unusual) std::rethrow_exception(one.unusual);
        if (!one.told.empty())
            where_.print(one.told);
        else if (!state_.exit_status) where_.print(show(*one.value, state_.columns));
    }

    console& where_;
    session& state_;
    atom name_;
    std::string text_; ///< What was typed of an expression that is not complete.
    int interrupts_ = 0;
};

/// The shell's process. It ends a moment after its node's task, cancelled with the program, say, and waits at the
/// console until then; so it keeps that.
task<> run_at([[maybe_unused]] std::shared_ptr<console> kept, loop& shell, process& self) {
    auto running = shell.run(self);
    co_await std::move(running);
}

/// Runs shell processes one after the other, until one leaves by itself.
task<> keep_running(process& self, std::shared_ptr<console> where, loop& shell, session& state, event& over) {
    while (!state.exit_status) {
        spawn_options options;
        options.label = "sedge:shell/0";
        process_body body = [where, &shell](process& p) { return run_at(where, shell, p); };
        const auto [who, ref] = self.spawn_monitor(std::move(body), options);
        std::function<bool(const term_view&)> fits = [ref = ref](const term_view& m) {
            return m.kind() == term_kind::tuple && m.arity() == 5 && m.element(0).is_atom("DOWN") &&
                   m.element(1).as<reference>() == ref;
        };
        auto waiting = self.receive_if(std::move(fits));
        const auto down = co_await std::move(waiting);
        if (!state.exit_status && down)
            state.print("** (EXIT from " + to_string(who) + ") shell process exited with reason: " +
                        inspect(down->element(4)));
    }
    over.set();
}

} // namespace

task<int> run_shell(node& on, std::shared_ptr<console> where, session& state) {
    state.print = [where](std::string_view lines) { where->print(lines); };
    loop shell{*where, state, state.remote.empty() ? on.name() : state.remote};
    event over{on.env()};
    process_body keeper = [&](process& self) { return keep_running(self, where, shell, state, over); };
    const auto who = on.spawn(std::move(keeper));
    auto waiting = over.wait();
    co_await std::move(waiting);
    on.exit(who, term{atom{"kill"}});
    state.print = nullptr;
    co_return state.exit_status.value_or(0);
}

completion complete_for(node& on, const session& state, std::string_view text) {
    known_words words;
    for (const auto& f : shell_functions())
        words.functions.push_back(f.module.empty() ? std::string{f.name}
                                                   : module_name(f.module) + "." + std::string{f.name});
    if (state.functions)
        for (const auto& f : state.functions->names())
            words.functions.push_back(module_name(f.module.text()) + "." + f.function.str());
    for (const auto& [name, value] : state.bindings) words.names.push_back(name);
    for (const auto& peer : on.peers(true)) words.atoms.push_back(peer.str());
    words.atoms.push_back(on.name().str());
    for (const auto& name : on.registered_names()) words.atoms.push_back(name.str());
    return complete(text, words);
}

} // namespace sedge::shell
