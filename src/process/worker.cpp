// SPDX-License-Identifier: Apache-2.0
//
// What passes between the workers of a node.
//
//   message, signal   to the home of the process that it is for; there as if it had been sent there
//   newborn           a process for another worker: made where it is spawned, with its link and monitor, so that its
//                     pid is known at once and nothing can come between; it stands in the table from its arrival on
//   job               everything else: what is for another node goes to worker 0 that way
//
// Order. All that one worker sends to another passes through one outbox and one inbox, so signals between two processes
// stay in order, also those by way of worker 0 to another node. A newborn is added at once, and with it all that waits
// before it: whoever hears of the pid, from whomever, can only send to it behind it.
//
// A lost node is told to each worker by a job. A link or monitor to that node that was under way to worker 0 meanwhile
// has had its `noconnection` by then, and must not be set up on the next connection: it carries how many losses its
// worker knew of, and worker 0 drops what is older than the last loss of that node.
#include "process/worker.hpp"

#include "process/node_impl.hpp"

namespace sedge {

namespace {

struct signal_to final : envelope {
    signal_to(std::uint64_t n, any_signal&& s) noexcept : number(n), what(std::move(s)) {}
    void arrive(worker& at) override { at.deliver_local(at.processes.pid_of(number), std::move(what)); }
    std::uint64_t number;
    any_signal what;
};

struct newborn final : envelope {
    explicit newborn(std::unique_ptr<process::block> p) noexcept : born(std::move(p)) {}
    void arrive(worker& at) override { at.processes.adopt(std::move(born)); }
    std::unique_ptr<process::block> born;
};

struct job_at final : envelope {
    explicit job_at(std::function<void(worker&)> j) noexcept : job(std::move(j)) {}
    void arrive(worker& at) override { job(at); }
    std::function<void(worker&)> job;
};

} // namespace

/// Messages that one worker sends to another in a row. They lie side by side: one piece of memory for many, and the
/// receiving thread, which has none of it in its cache, need not follow a pointer from each to the next.
class message_batch final : public envelope {
public:
    message_batch() = default;
    ~message_batch() override {
        for (std::size_t i = 0; i < count_; ++i) std::destroy_at(&at(i));
    }
    [[nodiscard]] bool is_full() const noexcept { return count_ == capacity; }
    void push(std::uint64_t process, term&& message) noexcept {
        std::construct_at(&at(count_++), process, std::move(message));
    }
    void arrive(worker& here) override {
        for (std::size_t i = 0; i < count_; ++i) {
            auto* target = here.processes.find_number(at(i).process);
            if (target == nullptr) continue;
            target->deliver_message(std::move(at(i).message));
            target->note_crowd();
        }
    }

private:
    struct one {
        std::uint64_t process;
        term message;
    };
    static constexpr std::size_t capacity = (small_bytes_max - sizeof(envelope) - sizeof(std::size_t)) / sizeof(one);

    one& at(std::size_t i) noexcept { return *std::launder(reinterpret_cast<one*>(memory_) + i); }

    std::size_t count_ = 0;
    alignas(one) std::byte memory_[capacity * sizeof(one)];
};
static_assert(sizeof(message_batch) <= small_bytes_max);

worker::worker(node::impl& o, environment& e, unsigned n)
    : owner(o), env(e), number(n), processes(*this), outboxes_(o.worker_count()) {}

bool worker::keeps(const worker_choice& choice) const noexcept {
    if (choice.how == worker_choice::kind::numbered) return choice.number % owner.running_workers() == number;
    return choice.how == worker_choice::kind::here || owner.running_workers() == 1; // else it is not known yet
}

pid worker::spawn_specially(process_body&& body, spawn_options&& options, const birth& how) {
    if (options.worker.how != worker_choice::kind::here) {
        const unsigned to = owner.choose(options.worker);
        if (to != number) return spawn_elsewhere(to, std::move(body), std::move(options), how);
    }
    auto& block = processes.add(std::move(body), std::move(options)); // which leaves the name
    prepare(block, options.name, how);
    return block.self();
}

pid worker::spawn_elsewhere(unsigned to, process_body&& body, spawn_options&& options, const birth& how) {
    auto& home = owner.at(to);
    auto made = home.processes.make_for_later(std::move(body), std::move(options)); // which leaves the name
    prepare(*made, {}, how);
    const pid self = made->self();
    home.processes.expect(*made);
    const auto send_off = [&](bool has_name) {
        if (has_name) made->note_name();
        post(to, new newborn{std::move(made)});
        flush(to);
    };
    if (options.name.empty())
        send_off(false);
    else // who finds the name can only send to it behind it
        owner.names.claim(options.name, process_table::number(self), send_off);
    return self;
}

void worker::prepare(process::block& fresh, const atom& name, const birth& how) {
    if (how.parent != nullptr) fresh.born_of(*how.parent, how.leader);
    if (how.linked) fresh.related().born_linked(*how.parent);
    if (how.monitored != nullptr) fresh.related().born_monitored(*how.parent, *how.monitored);
    if (!name.empty() && owner.names.claim(name, process_table::number(fresh.self()))) fresh.note_name();
}

// -- sending
// -----------------------------------------------------------------------------------------------------------------

void worker::post(unsigned to, envelope* e) {
    if (owner.has_ended_threads()) { // the one thread that is left does everything
        const std::unique_ptr<envelope> one{e};
        return one->arrive(owner.at(to));
    }
    outboxes_[to].all.push(e);
    outboxes_[to].open = nullptr;
    flush_if_due(to);
}

void worker::flush_if_due(unsigned to) {
    holds_some_ = true;
    if (!batches_ || outboxes_[to].all.size() >= batch_max) flush(to);
}

void worker::flush(unsigned to) {
    outboxes_[to].open = nullptr;
    if (outboxes_[to].all.empty()) return;
    auto& other = owner.at(to);
    if (other.inbox_.add(outboxes_[to].all)) other.env.wake();
}

void worker::flush_all() {
    if (!std::exchange(holds_some_, false)) return;
    for (unsigned to = 0; to < outboxes_.size(); ++to) flush(to);
}

void worker::do_at(unsigned to, std::function<void(worker&)> job) { post(to, new job_at{std::move(job)}); }

/// A process that sends without waiting fills an inbox as it fills a mailbox: the same bound holds.
bool worker::is_flooded(unsigned to) const noexcept {
    return owner.at(to).inbox_.waiting() >= limits::mailbox_messages_max;
}

std::uint64_t worker::find_elsewhere(const destination& to) const {
    std::uint64_t found = 0;
    if (auto* p = std::get_if<pid>(&to)) {
        if (p->creation == owner.creation && p->node == owner.name) found = process_table::number(*p);
    } else {
        found = owner.names.find(std::holds_alternative<atom>(to) ? std::get<atom>(to) : std::get<registered>(to).name);
    }
    const unsigned home = owner.home_of(found);
    return found != 0 && home != number && home < owner.running_workers() ? found : 0;
}

void worker::deliver_message(const pid& to, term&& message) {
    if (auto* target = processes.find(to)) return target->deliver_message(std::move(message));
    if (const auto other = elsewhere(to)) pass_on(other, std::move(message));
}

void worker::pass_on(std::uint64_t process, term&& message) {
    const unsigned home = owner.home_of(process);
    auto& out = outboxes_[home];
    if (out.open != nullptr && !out.open->is_full()) {
        out.open->push(process, std::move(message));
        out.all.note_one_more();
        return flush_if_due(home);
    }
    if (is_flooded(home)) return;
    auto* batch = new message_batch;
    batch->push(process, std::move(message));
    post(home, batch);
    if (!out.all.empty()) out.open = batch;
}

void worker::deliver_local(const destination& to, any_signal s) {
    process::block* target = local_target(to);
    if (!target) {
        if (const auto other = elsewhere(to)) return post(owner.home_of(other), new signal_to{other, std::move(s)});
        return bounce(to, std::move(s), atom{"noproc"});
    }
    if (auto* l = std::get_if<signal::link>(&s); l && l->from.node != owner.name)
        processes.relate(target->self(), l->from.node);
    if (auto* m = std::get_if<signal::monitor>(&s); m && m->from.node != owner.name)
        processes.relate(target->self(), m->from.node);
    target->deliver(std::move(s));
}

void worker::deliver_to_alias(const reference& alias, term&& message) {
    const unsigned home = owner.home_of(alias.words[0]);
    if (home == number || home >= owner.running_workers()) {
        if (auto* target = processes.find_alias(alias)) target->deliver_message(std::move(message));
    } else if (!is_flooded(home)) {
        do_at(home, [alias, message](worker& there) { there.deliver_to_alias(alias, term{message}); });
    }
}

// -- receiving
// ---------------------------------------------------------------------------------------------------------------

void worker::open() {
    has_others_ = true;
    batches_ = env.invite(*this);
    // In a simulation whoever adds has it woken, and the seed says when. Something may have come already.
    if (!batches_ && !inbox_.sleep()) env.wake();
}

void worker::take_turn() {
    flush_all();
    receive_all();
}

void worker::receive_all() {
    auto all = inbox_.take();
    while (auto* e = all.pop()) {
        const std::unique_ptr<envelope> one{e};
        one->arrive(*this);
    }
}

bool worker::may_sleep() {
    flush_all();
    return inbox_.sleep();
}

bool worker::hand_over() {
    bool any = false;
    for (unsigned to = 0; to < outboxes_.size(); ++to) {
        outboxes_[to].open = nullptr;
        while (auto* e = outboxes_[to].all.pop()) {
            const std::unique_ptr<envelope> one{e};
            one->arrive(owner.at(to));
            any = true;
        }
    }
    any = any || inbox_.waiting() > 0;
    receive_all();
    return any;
}

// -- waiting for room
// --------------------------------------------------------------------------------------------------------

void worker::note_crowded(std::uint64_t process) noexcept {
    auto& mark = crowded_[mark_of(process)]; // only this thread writes it
    mark.store(static_cast<std::uint16_t>(mark.load(std::memory_order_relaxed) + 1), std::memory_order_relaxed);
}

void worker::note_room(std::uint64_t process) {
    auto& mark = crowded_[mark_of(process)];
    mark.store(static_cast<std::uint16_t>(mark.load(std::memory_order_relaxed) - 1), std::memory_order_relaxed);
    const auto position = askers_.find(process);
    if (position == askers_.end()) return;
    const auto workers = position->second;
    askers_.erase(position);
    for (unsigned to = 0; to < owner.worker_count(); ++to) {
        if ((workers >> to & 1) == 0) continue;
        do_at(to, [process](worker& there) { there.go_on_sending(process); });
        flush(to);
    }
}

std::size_t worker::mark_of(std::uint64_t process) const noexcept {
    return (process >> owner.worker_bits()) % mark_count;
}

bool worker::is_crowded_there(std::uint64_t process) const noexcept {
    const auto& home = owner.at(owner.home_of(process));
    return home.inbox_.waiting() > limits::inbox_crowded_messages ||
           home.crowded_[mark_of(process)].load(std::memory_order_relaxed) != 0;
}

/// Asks the home of the process, which answers when all has arrived that was sent there before, and the process has
/// caught up. All of this worker that wait for the same process share a question.
task<> worker::room_there(std::uint64_t process) {
    auto answer = asked_[process];
    if (!answer) {
        answer = asked_[process] = std::make_shared<event>(env); // the second owners are those who wait
        do_at(owner.home_of(process), [process, me = number](worker& home) { home.answer_when_room(process, me); });
    }
    auto waiting = answer->wait();
    co_await std::move(waiting);
}

void worker::answer_when_room(std::uint64_t process, unsigned asked_by) {
    auto* target = processes.find_number(process);
    if (target != nullptr && target->is_known_as_crowded())
        askers_[process] |= std::uint64_t{1} << asked_by;
    else
        do_at(asked_by, [process](worker& there) { there.go_on_sending(process); });
}

void worker::go_on_sending(std::uint64_t process) {
    const auto position = asked_.find(process);
    if (position == asked_.end()) return;
    const auto answer = std::move(position->second);
    asked_.erase(position);
    answer->set();
}

bool worker::send_if_wanted(const pid& from, const destination& to, term& message) {
    if (auto* target = local_target(to)) {
        if (target->is_crowded()) return false;
        target->deliver_message(std::move(message));
        return true;
    }
    if (const auto other = elsewhere(to)) {
        if (is_crowded_there(other)) return false;
        pass_on(other, std::move(message));
        return true;
    }
    const atom& on = node_of(to, owner.name);
    if (on == owner.name) return true; // nobody
    if (!(number == 0 ? owner.peers.has_room(on) : sent_unasked_ < batch_max)) return false;
    const pid* who = std::get_if<pid>(&to);
    if (number != 0 || who == nullptr || !owner.peers.send_message(from, *who, message))
        send_signal(from, to, signal::message{std::move(message)});
    return true;
}

task<> worker::room(destination to) {
    const atom on = node_of(to, owner.name);
    if (on != owner.name) {
        auto waiting = number == 0 ? owner.peers.room(on) : remote_room(on);
        co_await std::move(waiting);
    }
    // Towards a node that is gone there is nothing to wait for: who sends again and again must not keep others waiting.
    auto turn = yield(env);
    co_await std::move(turn);
    if (on != owner.name) co_return;
    if (const auto other = elsewhere(to)) {
        if (!is_crowded_there(other)) co_return;
        auto waiting = room_there(other);
        co_await std::move(waiting);
    }
    for (;;) {
        const auto* target = local_target(to);
        if (target == nullptr || !target->is_crowded()) co_return;
        auto pause = yield(env);
        co_await std::move(pause);
    }
}

/// Asks worker 0, which has the connections, to answer when there is room. It waits there in order behind all that has
/// been sent from here.
task<> worker::remote_room(atom on) {
    auto answer = std::make_shared<event>(env); // the second owner is the question, which may outlive this process
    do_at(0, [on, answer, me = number](worker& first) { first.owner.answer_when_room(on, me, answer); });
    auto waiting = answer->wait();
    co_await std::move(waiting);
    sent_unasked_ = 0;
}

} // namespace sedge
