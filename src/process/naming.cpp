// SPDX-License-Identifier: Apache-2.0
//
// A node without a name of its own asks another one for a name (`erl -name undefined`).
//
// It publishes nothing and listens nowhere; it dials the other node once, and the name that comes with the handshake is
// its name from then on, for all its connections. The other node may give the name to somebody else as soon as that
// connection is gone, and could not tell the two apart. So all connections end with it. OTP restarts its distribution
// then and asks again; here pids are in the hands of programs and would change with the name, so the program is to
// start anew.
#include "process/node_impl.hpp"

#include <sedge/base/assert.hpp>
#include <sedge/base/log.hpp>

namespace sedge {

namespace {

/// Nobody can dial a node without a name, so the attempt has no rival.
struct no_rival final : dist::dial_decisions {
    bool may_send_name() override { return true; }
    bool is_still_wanted() override { return true; }
};

} // namespace

task<result<void>> peer_set::ask_for_name(node_name us) {
    const std::string step = "ask " + printable(owner_.options.named_by) + " for a name";
    if (owner_.options.named_by.empty())
        co_return error{errc::invalid_argument, "a node without a name needs another one that gives it one (named_by)"};
    auto giver = node_name::parse(owner_.options.named_by);
    if (!giver) co_return std::move(giver).error().within(step);
    auto deadline = owner_.env.now() + owner_.options.setup_time;
    auto looking = owner_.where.locate(giver->alive, giver->host);
    auto look_up = with_deadline(owner_.env, deadline, std::move(looking));
    auto found = co_await std::move(look_up);
    if (!found) co_return std::move(found).error().within(step);

    dist::dial_options options;
    options.self = {std::move(us), 0, dist::announced(true).with(dist::capability::name_me)};
    options.peer = *giver;
    options.long_names = owner_.options.long_names;
    options.secret = cookie_for(giver->full);
    auto tls = tls_now();
    if (!tls) co_return std::move(tls).error().within(step);
    options.tls = *std::move(tls);
    options.candidates = std::move(*found);
    options.deadline = deadline;
    no_rival decisions;
    auto asking = dist::dial(owner_.env, guard_, decisions, std::move(options));
    auto link = co_await std::move(asking);
    if (!link) co_return std::move(link).error().within(step);

    owner_.parsed = node_name::parse(link->self.text()).value();
    owner_.name = atom::permanent(owner_.parsed->full.text());
    owner_.creation = link->self_creation;
    owner_.options.hidden = true; // towards all others, too
    named_by_ = giver->full;
    arbiter_.emplace(owner_.name);
    const auto number = arbiter_->begin_dial(named_by_);
    SEDGE_ASSERT(number.has_value());
    const bool won = arbiter_->dial_connected(named_by_, *number) && arbiter_->dial_won(named_by_, *number);
    SEDGE_ASSERT(won);
    link_up(std::move(*link), *number);
    co_return result<void>{};
}

} // namespace sedge
