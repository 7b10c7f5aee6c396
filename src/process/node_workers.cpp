// SPDX-License-Identifier: Apache-2.0
//
// The workers of a node as a whole: how their threads begin and end, and what concerns all of them.
#include "process/node_impl.hpp"

#include <algorithm>
#include <bit>

namespace sedge {

namespace {

constexpr std::size_t losses_remembered = 4 * limits::peers_max; // of nodes; see `was_lost_since`
constexpr duration answer_time_max = milliseconds{50};           // of a worker that is asked and computes
constexpr duration pause_after_none =
    9 * answer_time_max; // so that whoever asks often costs worker 0 a tenth of its time

} // namespace

node::impl::impl(node& face_of, node_options o, environment& e, wire::directory& w)
    : face(face_of), env(e), where(w), options(std::move(o)), // the order is that of the members
      count_(std::clamp(options.workers, 1u, limits::workers_max)),
      bits_(static_cast<unsigned>(std::bit_width(count_ - 1))) {}

node::impl::~impl() = default;

void node::impl::start_workers() {
    if (count_ == 1) return;
    names.share();
    home.processes.share();
    home.open();
    for (unsigned i = 1; i < count_; ++i) {
        auto loop = env.add_loop();
        auto runs = std::make_unique<worker>(*this, loop->env(), i);
        runs->processes.share();
        further_.push_back({std::move(loop), std::move(runs)});
    }
    // All are there before the first can send to another.
    for (auto& one : further_) one.runs->env.post([w = one.runs.get()] { w->open(); });
}

unsigned node::impl::choose(const worker_choice& choice) noexcept {
    const unsigned count = running_workers();
    if (choice.how == worker_choice::kind::numbered) return choice.number % count;
    const unsigned next = turn_.fetch_add(1, std::memory_order_relaxed) % count;
    if (choice.how == worker_choice::kind::in_turn) return next;
    unsigned found = next; // of several that are equally empty each has its turn
    for (unsigned i = 1; i < count; ++i) {
        const unsigned other = (next + i) % count;
        if (at(other).processes.living() < at(found).processes.living()) found = other;
    }
    return found;
}

void node::impl::stop_workers() noexcept {
    if (further_.empty() || threads_ended_) return;
    for (auto& one : further_) one.loop->stop();
    home.close();
    answers_.cancel();
    threads_ended_ = true;
    for (bool any = true; any;) {
        any = home.hand_over();
        for (auto& one : further_) any = one.runs->hand_over() || any;
    }
}

bool node::impl::ask(unsigned of, std::function<void(worker&)> job) {
    if (of == 0 || threads_ended_) return job(at(of)), true;
    auto& asked = further_[of - 1];
    if (env.now() < asked.not_asked_before) return false;
    const bool answered = asked.loop->call([job = std::move(job), w = asked.runs.get()] { job(*w); }, answer_time_max);
    if (!answered) asked.not_asked_before = env.now() + pause_after_none;
    return answered;
}

void node::impl::end_all(const term& reason) {
    for (bool any = true; any;) { // the end of a process may make one on another worker
        any = false;
        for (unsigned i = 0; i < running_workers(); ++i) any = at(i).processes.end_all(reason) || any;
    }
    names.clear();
}

/// Of a process that is on its way, or whose worker does not answer in time, only what is known here.
std::optional<process_info> node::impl::info(const pid& who, bool messages_too) {
    auto& table = home_table(who);
    if (!table.has(who)) return std::nullopt;
    auto answer = std::make_shared<std::optional<process_info>>(); // the question may be asked too late
    const bool in_time = ask(home_of(process_table::number(who)), [who, messages_too, answer](worker& there) {
        if (auto* block = there.processes.find(who)) *answer = block->info(messages_too);
    });
    if (in_time && *answer) return *answer;
    if (!table.has(who)) return std::nullopt; // it has ended meanwhile
    return least_info(who);
}

process_info node::impl::least_info(const pid& who) const {
    process_info least;
    least.self = who;
    least.label = "process";
    least.registered_name = names.name_of(process_table::number(who));
    least.waiting_at = "running";
    least.group_leader = leader();
    return least;
}

std::vector<process_info> node::impl::info_of_all() {
    std::vector<process_info> all;
    processes.inform(all);
    for (unsigned i = 1; i < running_workers(); ++i) {
        auto part = std::make_shared<std::vector<process_info>>();
        if (ask(i, [part](worker& there) { there.processes.inform(*part); })) {
            std::ranges::move(*part, std::back_inserter(all));
            continue;
        }
        std::vector<pid> there;
        at(i).processes.list(there);
        for (const auto& who : there) all.push_back(least_info(who));
    }
    return all;
}

process_totals node::impl::totals() {
    process_totals sum = processes.totals();
    sum.runnable_by_worker = {sum.runnable};
    for (unsigned i = 1; i < running_workers(); ++i) {
        auto answer = std::make_shared<process_totals>();
        const bool in_time = ask(i, [answer](worker& there) { *answer = there.processes.totals(); });
        process_totals part;
        if (in_time)
            part = *answer;
        else
            part.count = at(i).processes.living();
        sum.count += part.count;
        sum.runnable += part.runnable;
        sum.runnable_by_worker.push_back(part.runnable);
        sum.memory_bytes += part.memory_bytes;
        sum.messages_handled += part.messages_handled;
    }
    return sum;
}

/// Without those of a worker that does not answer in time.
process_load node::impl::load() {
    process_load all = processes.load();
    for (unsigned i = 1; i < running_workers(); ++i) {
        auto part = std::make_shared<process_load>();
        if (!ask(i, [part](worker& there) { *part = there.processes.load(); })) continue;
        all.processes += part->processes;
        all.messages += part->messages;
        all.messages_max = std::max(all.messages_max, part->messages_max);
    }
    return all;
}

void node::impl::node_lost(const atom& lost) {
    processes.node_lost(lost);
    if (further_.empty()) return;
    if (lost_at_.size() >= losses_remembered) // no envelope is under way for so long
        std::erase_if(lost_at_, [this](const auto& one) { return one.second + losses_remembered / 2 < losses_; });
    lost_at_[lost] = ++losses_;
    for (unsigned i = 1; i < count_; ++i)
        home.do_at(i, [lost, count = losses_](worker& there) {
            there.note_loss(count);
            there.processes.node_lost(lost);
        });
}

bool node::impl::was_lost_since(const atom& node, std::uint64_t losses) const {
    const auto position = lost_at_.find(node);
    return position != lost_at_.end() && position->second > losses;
}

void node::impl::node_changed(const signal::node_change& change) {
    processes.node_changed(change);
    for (unsigned i = 1; i < count_ && !further_.empty(); ++i)
        home.do_at(i, [change](worker& there) { there.processes.node_changed(change); });
}

void node::impl::answer_when_room(atom on, unsigned asked_by, std::shared_ptr<event> answer) {
    answers_.start(wait_for_room(std::move(on), asked_by, std::move(answer)));
}

task<> node::impl::wait_for_room(atom on, unsigned asked_by, std::shared_ptr<event> answer) {
    auto waiting = peers.room(on);
    co_await std::move(waiting);
    home.do_at(asked_by, [answer](worker&) { answer->set(); });
}

void node::impl::set_leader(const pid& p) {
    const std::lock_guard lock{leader_mutex_};
    leader_ = p;
}

pid node::impl::leader() const {
    const std::lock_guard lock{leader_mutex_};
    return leader_.value_or(no_process());
}

} // namespace sedge
