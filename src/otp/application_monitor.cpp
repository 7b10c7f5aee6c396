// SPDX-License-Identifier: Apache-2.0
//
// The page "Applications" of `:observer`, which on a BEAM the module appmon_info of runtime_tools serves. The tool asks
// by rpc for a process here, and that process for what it wants to see:
//
//   start_link2(Starter, Client, Options)              {ok, Monitor}
//   '$gen_cast' {Client, app_ctrl, Node, true, _}      {delivery, Monitor, app_ctrl, Node, [{Pid, App, {App, Text,
//   Vsn}}]}
//   '$gen_cast' {Client, app, App, true, _}            {delivery, Monitor, app, App, {Root, [{Pid, Name}],
//                                                                                 [{NameOfParent, Name}], []}}
//
// What was asked for with `true` is sent again when it has changed, which is looked at every two seconds; `false` ends
// that. The monitor ends with its client. There is one application, sedge, and its tree is not one of links, as in OTP,
// but of who has spawned whom; below `user` stand those that the program itself has started.

#include "otp/builtins.hpp"
#include "otp/terms.hpp"

#include <sedge/otp/gen.hpp>
#include <sedge/process/node_counts.hpp>
#include <sedge/term/text.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <map>

namespace sedge::otp {
namespace {

constexpr std::size_t monitors_max = 16;       ///< Of all tools together: each looks at every process now and then.
constexpr std::size_t tasks_max = 8;           ///< Of one monitor; observer has two.
constexpr std::size_t processes_shown = 1'000; ///< Each is a box in a drawing.
constexpr seconds period{2};                   ///< OTP's.

/// Names are also the keys of the tree, so the pid makes them different.
std::string name_shown(node& here, const process_info& info) {
    if (!info.registered_name.empty()) return info.registered_name.str();
    text_options options;
    options.local_node = here.name();
    return info.label + " " + to_erlang(term{info.self}, options);
}

term applications(node& here) {
    std::vector<term> all{tuple(
        here.group_leader(), atom{"sedge"},
        std::tuple{atom{"sedge"}, erlang_string("C++ nodes in an Erlang cluster"), erlang_string(SEDGE_VERSION)})};
    return term_list(all);
}

/// `{Root, Names, Links, []}`
term process_tree(node& here) {
    const pid root = here.group_leader();
    std::map<pid, process_info> shown;
    for (auto& info : info_of_all(here))
        if (shown.size() < processes_shown) shown.emplace(info.self, std::move(info));
    if (!shown.contains(root)) return tuple(nil(), nil(), nil(), nil()); // no tree
    std::vector<term> names;
    std::vector<term> links;
    for (const auto& [who, info] : shown) {
        term name = erlang_string(name_shown(here, info));
        names.push_back(tuple(who, name));
        if (who == root) continue;
        auto parent = info.parent ? shown.find(*info.parent) : shown.end();
        const process_info& above = parent == shown.end() ? shown.at(root) : parent->second;
        links.push_back(tuple(erlang_string(name_shown(here, above)), name));
    }
    return tuple(erlang_string(name_shown(here, shown.at(root))), term_list(names), term_list(links), nil());
}

/// What one client has asked for, with what it was told last.
struct wish {
    atom command;
    term subject;
    term told;
};

class application_monitor {
public:
    application_monitor(process& self, pid client) : self_(self), client_(std::move(client)) {}

    void on_message(const term& message) {
        auto request = as_cast(message);
        if (!request || !is_tuple(*request, 5)) return;
        auto command = request->element(1).as<atom>();
        if (!command || (*command != "app_ctrl" && *command != "app")) return;
        term subject{request->element(2)};
        std::erase_if(wishes_, [&](const wish& w) { return w.command == *command && w.subject == subject; });
        if (!request->element(3).is_atom("true") || wishes_.size() == tasks_max) return;
        wishes_.push_back({*command, subject, term{}});
        tell(wishes_.back());
    }

    void tell_changes() {
        for (auto& w : wishes_) tell(w);
    }

private:
    void tell(wish& w) {
        node& here = self_.node();
        term now = nil();
        if (w.command == "app_ctrl")
            now = applications(here);
        else
            now = w.subject.is_atom("sedge") ? process_tree(here) : tuple(nil(), nil(), nil(), nil());
        if (now == w.told) return;
        w.told = now;
        self_.send(client_, tuple(atom{"delivery"}, self_.self(), w.command, w.subject, now));
    }

    process& self_;
    pid client_;
    std::vector<wish> wishes_;
};

/// Ends when `client` does, or sends an exit signal: observer's way to end it.
task<> run_application_monitor(process& self, pid client) {
    self.trap_exit(true);
    self.link(client);
    application_monitor monitor{self, client};
    time_point due = self.env().now() + period;
    for (;;) {
        auto waiting = self.receive_if({}, due);
        auto message = co_await std::move(waiting);
        if (message && is_tagged(*message, "EXIT", 3)) co_return;
        if (message) {
            monitor.on_message(*message);
        } else {
            monitor.tell_changes();
            due = self.env().now() + period;
        }
    }
}

/// Monitors that live, of all clients.
class monitor_count {
public:
    explicit monitor_count(std::shared_ptr<std::size_t> count) : count_(std::move(count)) { ++*count_; }
    ~monitor_count() { --*count_; }
    monitor_count(const monitor_count&) = delete;
    monitor_count& operator=(const monitor_count&) = delete;

private:
    std::shared_ptr<std::size_t> count_;
};

outcome start(call_context& c, builtin_arguments arguments, const std::shared_ptr<std::size_t>& count) {
    auto client = arguments[1].as<pid>();
    if (!client || client->node != c.caller.node) return failure("badarg", c, arguments);
    if (*count >= monitors_max) return failure("system_limit", c, arguments);
    auto counted = std::make_shared<monitor_count>(count);
    auto body = [client = *client, counted](process& self) { return run_application_monitor(self, client); };
    pid monitor = c.self.node().spawn(body, {.label = "appmon_info"});
    return outcome::value(tuple(atom{"ok"}, monitor));
}

} // namespace

void add_application_monitor(function_table& table) {
    auto count = std::make_shared<std::size_t>(0);
    table.add_raw("appmon_info", "start_link2", 3,
                  handler{[count](call_context& c, builtin_arguments arguments) { return start(c, arguments, count); }},
                  access::info);
}

} // namespace sedge::otp
