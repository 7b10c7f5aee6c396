// SPDX-License-Identifier: Apache-2.0
//
// A peer that knows the cookie and says anything: every control message, calls of every function that is served,
// casts and calls to every registered name, pieces of what it was told itself, with time, new connections and acts of
// our own processes in between. Whatever it says, the node and the processes of its kernel live on, what our processes
// asked it ends, and nothing of the peer's is left when it is gone.
//
// The input is a program: a byte chooses a step (see `step`), the bytes behind it the step's operands and terms.
#include "support/fixed_directory.hpp"

#include <sedge/base/assert.hpp>
#include <sedge/dist/connection.hpp>
#include <sedge/dist/establish.hpp>
#include <sedge/sedge.hpp>
#include <sedge/term/literal.hpp>
#include <sedge/wire/simulation.hpp>

#include <array>
#include <deque>

using namespace sedge;
using namespace sedge::literals;
using namespace std::chrono_literals;
namespace ctl = sedge::dist::control;

namespace {

constexpr std::size_t depth_max = 5;
constexpr std::size_t remembered_max = 16;

/// What OTP's own messages are made of.
constexpr std::string_view words =
    "$gen_call $gen_cast $gen_event system get_state get_status replace_state suspend resume terminate "
    "io_request io_reply put_chars get_line setopts unicode latin1 format requests is_auth call cast "
    "block_call features_request EXIT DOWN alias process normal kill killed shutdown noproc noconnection "
    "erlang erpc execute_call rpc global pg sedge Elixir.Phoenix.PubSub forward_to_local init_connect locker "
    "exchange exchange_ops resolved new_nodes lock_is_set in_sync cancel_connect nodeup nodedown "
    "lost_connection remove_connection lock_set set_lock del_lock async_del_lock async_del_name "
    "async_ins_name high_level_trace_get register unregister register_ext save_global random_exit_name "
    "discover sync join leave monitor monitor_scope demonitor nodes node self processes registered_name links "
    "messages current_stacktrace dictionary memory all undefined infinity true false nil ok error not_a_ref "
    "no_link link reply reply_tag timeout tag __struct__ badarg log notice";

std::vector<atom> atoms_of(std::string_view text) {
    std::vector<atom> out;
    for (std::size_t end = 0; !text.empty(); text.remove_prefix(std::min(end + 1, text.size()))) {
        end = std::min(text.find(' '), text.size());
        out.emplace_back(text.substr(0, end));
    }
    return out;
}

class choices {
public:
    explicit choices(byte_view all) : left_(all) {}
    [[nodiscard]] bool over() const { return left_.empty(); }
    std::uint8_t next() {
        if (left_.empty()) return 0;
        const auto byte = left_.front();
        left_ = left_.subspan(1);
        return byte;
    }
    std::size_t below(std::size_t count) { return next() % count; }
    template <class Range>
    const auto& of(const Range& all) {
        return all[below(std::size(all))];
    }
    std::string text() {
        const auto size = std::min(below(24), left_.size());
        const std::string out{reinterpret_cast<const char*>(left_.data()), size};
        left_ = left_.subspan(size);
        return out;
    }

private:
    byte_view left_;
};

struct sole_dialler final : dist::dial_decisions {
    bool may_send_name() override { return true; }
    bool is_still_wanted() override { return true; }
};

/// Answers what it is asked, and counts.
struct tally {
    int count = 0;
    std::optional<term> handle_call(process&, const otp::gen_request&) { return term{++count}; }
};

class scene final : public dist::connection_events {
public:
    explicit scene(choices& input) : input_(input) {
        kernel_.functions().add("sensors", "sum", [](int a, int b) { return a + b; });
        kernel_.functions().add(
            "sensors", "wait", [](otp::call_context&) -> task<int> { co_return 1; }, otp::access::spawn);
        require(sim_.block_on(here_.start()));
        require(kernel_.start());
        worker_ = here_.spawn(
            [this](process& self) -> task<> {
                at_work_ = &self;
                self.trap_exit(true);
                for (;;) {
                    auto receiving = self.receive();
                    remember(co_await std::move(receiving));
                }
            },
            {.name = "worker"_atom});
        here_.spawn(otp::server(tally{}), {.name = "server"_atom});
        require(broadcasts_.start());
        require(broadcasts_.subscribe(worker_, "topic"));
        require(kernel_.pg().join("group"_atom, worker_));
        sim_.run_for(1s);
        for (const auto& name : here_.registered_names()) names_.push_back(name);
        functions_ = kernel_.functions().names();
        // A scope that a peer has started stays, as in OTP.
        std::erase_if(functions_,
                      [](const otp::function_name& f) { return f.module == "pg" && f.function == "start"; });
        at_rest_ = here_.processes().size();
    }
    ~scene() override {
        link_.reset();
        sim_.block_on(here_.stop());
    }

    void run() {
        connect(dist::announced(false));
        for (int steps = 0; !input_.over() && steps < 200; ++steps) step(input_.next());
    }

    void end() {
        link_.reset();
        sim_.run_for(200s);
        SEDGE_ASSERT(here_.peer_details().empty());
        // The server does not trap exits, so whoever links to it may end it.
        for (const auto& name : names_) SEDGE_ASSERT(name == "server" || here_.whereis(name).has_value());
        const auto info = here_.info(worker_);
        SEDGE_ASSERT(info && info->links.empty());
        for (const auto& who : info->monitored_by) SEDGE_ASSERT(who.node == here_.name());
        SEDGE_ASSERT(open_calls_ == 0);
        SEDGE_ASSERT(here_.processes().size() <= at_rest_);
        for (const auto& name : kernel_.global().registered_names())
            SEDGE_ASSERT(kernel_.global().whereis_name(name)->node == here_.name());
        for (const auto& who : kernel_.pg().members("group"_atom)) SEDGE_ASSERT(who.node == here_.name());
    }

private:
    template <class Result>
    static void require(const Result& what) {
        SEDGE_ASSERT(what.has_value());
    }

    // -- the connection
    // ------------------------------------------------------------------------------------------------

    void connect(dist::flags announced) {
        link_.reset();
        sim_.run_for(100ms);
        ++creation_;
        dist::dial_options options;
        options.self = {*node_name::parse("other@10.0.0.9"), creation_, announced.with(dist::mandatory_25)};
        options.peer = *node_name::parse("a@10.0.0.1");
        options.secret = *dist::cookie::from_text("a secret of the tests");
        options.candidates = {{*wire::ip_address::parse("10.0.0.1"), here_.listening_at().port}};
        options.deadline = there().now() + 5s;
        auto made = sim_.block_on(dist::dial(there(), guard_, decisions_, std::move(options)));
        if (!made) return;
        link_ = std::make_unique<dist::connection>(there(), *std::move(made), *this);
        link_->start();
        sim_.run_for(20ms);
    }
    environment& there() { return sim_.machine("10.0.0.9"); }
    void on_message(dist::connection&, dist::incoming&& heard) override {
        if (const auto* asked = std::get_if<ctl::monitor_p>(&heard.control)) references_.push_back(asked->ref);
        if (const auto* asked = std::get_if<ctl::spawn_request>(&heard.control)) references_.push_back(asked->id);
        if (heard.payload) remember(*heard.payload);
    }
    void on_down(dist::connection& which, const error&) override {
        if (link_.get() == &which) link_.reset();
    }
    void remember(term heard) {
        if (heard.bytes().size() > 4096) return;
        heard_.push_back(std::move(heard));
        if (heard_.size() > remembered_max) heard_.pop_front();
        if (references_.size() > remembered_max) references_.pop_front();
    }

    // -- operands
    // ------------------------------------------------------------------------------------------------------

    pid theirs() { return {"other@10.0.0.9"_atom, static_cast<std::uint32_t>(input_.below(4)), 0, creation_}; }
    pid ours() {
        const auto all = here_.processes();
        return input_.below(4) ? all[input_.below(all.size())] : worker_;
    }
    pid anybody() {
        switch (input_.below(8)) {
        case 0: return {"third@10.0.0.7"_atom, 1, 0, 3};
        case 1: return {here_.name(), 9999, 7, here_.creation()};
        case 2: return {here_.name(), ours().id, 0, here_.creation() + 1};
        case 3:
        case 4: return theirs();
        default: return ours();
        }
    }
    reference a_reference() {
        if (!references_.empty() && input_.below(2)) return references_[input_.below(references_.size())];
        reference out;
        out.node = "other@10.0.0.9"_atom;
        out.creation = creation_;
        out.size = 3;
        out.words[0] = static_cast<std::uint32_t>(input_.below(8));
        return out;
    }
    atom a_name() {
        switch (input_.below(4)) {
        case 0: return words_[input_.below(words_.size())];
        case 1: return "other@10.0.0.9"_atom;
        default: return names_[input_.below(names_.size())];
        }
    }
    term a_term(std::size_t depth = 0) {
        const auto what = input_.next();
        if (depth < depth_max && what >= 0xb0) {
            std::vector<term> items;
            const std::size_t count = what & 7;
            for (std::size_t i = 0; i < count; ++i) items.push_back(a_term(depth + 1));
            if (what < 0xd8) return build_tuple(items);
            if (what < 0xf0) return build_list(std::move(items), term{std::vector<term>{}});
            if (what < 0xf8) return build_list(std::move(items), a_term(depth + 1));
            if (items.size() % 2) items.pop_back();
            return build_map(items);
        }
        switch (what % 16) {
        case 0: return term{static_cast<int>(input_.next()) - 3};
        case 1: return term{std::int64_t{1} << input_.below(63)};
        case 2: return term{theirs()};
        case 3: return term{ours()};
        case 4: return term{a_reference()};
        case 5: return term{input_.text()};
        case 6: return term{std::vector<term>{}};
        case 7: return term{a_name()};
        case 8: return term{anybody()};
        case 9: return heard_.empty() ? term{0} : heard_[input_.below(heard_.size())];
        case 10: return heard_.empty() ? term{0} : part_of(heard_[input_.below(heard_.size())]);
        case 11: return term{1.5};
        default: return term{words_[input_.below(words_.size())]};
        }
    }
    term part_of(const term& whole) {
        term_view at = whole.view();
        for (int depth = 0; depth < 4 && at.kind() == term_kind::tuple && at.arity() > 0 && input_.below(3); ++depth)
            at = at.element(input_.below(at.arity()));
        return term{at};
    }
    term caller() {
        const term tag{a_reference()};
        if (input_.below(2)) return term{std::tuple{theirs(), tag}};
        return term{std::tuple{theirs(), build_list({term{"alias"_atom}}, tag)}};
    }
    term some_arguments(std::size_t count) {
        std::vector<term> out;
        for (std::size_t i = 0; i < count; ++i) out.push_back(a_term(1));
        return term{out};
    }

    // -- steps
    // ---------------------------------------------------------------------------------------------------------

    void say(const dist::control_message& what, const term* payload = nullptr) {
        if (link_) (void)link_->send(what, payload);
    }
    void say(const dist::control_message& what, const term& payload) {
        if (link_) (void)link_->send(what, &payload);
    }

    void step(std::uint8_t what) {
        switch (what % 32) {
        case 0: say(ctl::send{theirs(), anybody()}, a_term()); break;
        case 1: say(ctl::reg_send{anybody(), a_name()}, a_term()); break;
        case 2: say(ctl::alias_send{theirs(), a_reference()}, a_term()); break;
        case 3: say(ctl::link{theirs(), anybody()}); break;
        case 4: say(ctl::unlink_id{input_.next() + 1u, theirs(), anybody()}); break;
        case 5: say(ctl::unlink_id_ack{input_.next(), theirs(), anybody()}); break;
        case 6: say(ctl::exit{theirs(), anybody()}, a_term()); break;
        case 7: say(ctl::exit2{theirs(), anybody()}, a_term()); break;
        case 8: say(ctl::monitor_p{theirs(), a_target(), a_reference()}); break;
        case 9: say(ctl::demonitor_p{theirs(), a_target(), a_reference()}); break;
        case 10: say(ctl::monitor_p_exit{a_target(), anybody(), a_reference()}, a_term()); break;
        case 11:
            say(ctl::spawn_reply{a_reference(), anybody(), static_cast<std::uint32_t>(input_.below(4)), theirs()});
            break;
        case 12: say(ctl::group_leader{anybody(), anybody()}); break;
        case 13: say(ctl::reg_send{theirs(), a_name()}, term{std::tuple{"$gen_call"_atom, caller(), a_term(1)}}); break;
        case 14: say(ctl::reg_send{theirs(), a_name()}, term{std::tuple{"$gen_cast"_atom, a_term(1)}}); break;
        case 15: say(ctl::reg_send{theirs(), a_name()}, term{std::tuple{"system"_atom, caller(), a_term(1)}}); break;
        case 16:
        case 17:
        case 18: call_a_function(what % 32); break;
        case 19: spawn_something(); break;
        case 20: say(ctl::reg_send{theirs(), "user"_atom}, io_request()); break;
        case 21: sim_.run_for(1s); break;
        case 22: sim_.run_for(70s); break;
        case 23:
            connect(dist::announced(input_.below(2) != 0).without(dist::flags{std::uint64_t{1} << input_.below(38)}));
            break;
        default: act(what % 8); break;
        }
        sim_.run_for(5ms);
    }

    ctl::target a_target() {
        if (input_.below(2)) return ctl::target{a_name()};
        return ctl::target{anybody()};
    }
    void spawn_something() {
        const auto& wanted = functions_[input_.below(functions_.size())];
        const auto count = static_cast<std::uint32_t>(input_.below(4));
        say(ctl::spawn_request{a_reference(), theirs(), theirs(), wanted.module, wanted.function, count, a_term()},
            some_arguments(count));
    }
    /// By rex, by erpc's spawn request, and as rex's cast.
    void call_a_function(int how) {
        const auto& wanted = functions_[input_.below(functions_.size() - 1)];
        const auto count = wanted.arity < 0 ? input_.below(4) : static_cast<std::size_t>(wanted.arity);
        const auto given = some_arguments(count);
        const term target{std::tuple{"call"_atom, wanted.module, wanted.function, given, theirs()}};
        if (how == 16)
            return say(ctl::reg_send{theirs(), "rex"_atom}, term{std::tuple{"$gen_call"_atom, caller(), target}});
        if (how == 17)
            return say(ctl::reg_send{theirs(), "rex"_atom},
                       term{std::tuple{"$gen_cast"_atom,
                                       std::tuple{"cast"_atom, wanted.module, wanted.function, given, theirs()}}});
        const auto id = a_reference();
        // execute_call's arguments: the reference, module, function, arguments of the call.
        const std::vector<term> four{term{id}, term{wanted.module}, term{wanted.function}, given};
        say(ctl::spawn_request{id, theirs(), theirs(), "erpc"_atom, "execute_call"_atom, 4,
                               term{std::vector{"monitor"_atom}}},
            term{four});
    }
    term io_request() { return term{std::tuple{"io_request"_atom, theirs(), a_reference(), a_term(1)}}; }

    /// What our own processes do to the peer, who decides how it ends.
    void act(int what) {
        auto& self = *at_work_;
        switch (what) {
        case 0: self.link(theirs()); break;
        case 1: self.unlink(theirs()); break;
        case 2: references_.push_back(self.monitor(theirs())); break;
        case 3:
            if (!references_.empty()) self.demonitor(references_[input_.below(references_.size())]);
            break;
        case 4: self.send(theirs(), a_term()); break;
        case 5: (void)self.spawn_request("other@10.0.0.9"_atom, "m"_atom, "f"_atom, {}); break;
        case 6: ask(otp::call(here_, registered{a_name(), "other@10.0.0.9"_atom}, a_term(), sim_.now() + 5s)); break;
        default: ask(otp::erpc_call(here_, "other@10.0.0.9"_atom, "m"_atom, "f"_atom, {}, sim_.now() + 5s)); break;
        }
    }
    template <class T>
    void ask(task<T> question) {
        ++open_calls_;
        calls_.start(answered(std::move(question), &open_calls_));
    }
    template <class T>
    static task<> answered(task<T> question, int* open) {
        (void)co_await std::move(question);
        --*open;
    }

    choices& input_;
    wire::simulation sim_{1};
    test::shared_names table_;
    test::fixed_directory directory_{table_, "10.0.0.1"};
    node here_{options(), sim_.machine("10.0.0.1"), directory_};
    otp::kernel kernel_{here_};
    otp::pubsub broadcasts_{here_, kernel_.pg(), "P"};
    dist::challenge_guard guard_;
    sole_dialler decisions_;
    std::uint32_t creation_ = 9;
    std::unique_ptr<dist::connection> link_;
    std::deque<term> heard_;           ///< The newest that the peer and our worker were sent.
    std::deque<reference> references_; ///< The newest that the peer was shown.
    const std::vector<atom> words_ = atoms_of(words);
    std::vector<atom> names_;
    std::vector<otp::function_name> functions_;
    process* at_work_ = nullptr;
    pid worker_;
    std::size_t at_rest_ = 0;
    int open_calls_ = 0;
    nursery calls_;

    static node_options options() {
        node_options out;
        out.name = "a@10.0.0.1";
        out.cookie = *dist::cookie::from_text("a secret of the tests");
        return out;
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    choices input{byte_view{data, size}};
    scene one{input};
    one.run();
    one.end();
    return 0;
}
