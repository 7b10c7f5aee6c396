// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/node_relations.hpp"
#include "process/process_block.hpp"
#include "process/signals.hpp"

#include <sedge/process/node.hpp>
#include <sedge/process/node_counts.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sedge {

/// All processes of a worker, and what leads to them: pids, aliases, and the nodes they have relations to.
///
/// Processes are numbered in the order in which they are made; a pid is its number. The low bits of a number are its
/// worker; the rest, modulo the number of slots, is its slot, of which there is a power of two and at least twice as
/// many as processes: a number whose slot is taken is left out. So finding is one look, without hashing, and a pid is
/// never given out twice. Who spawns a process on another worker cannot see which slots are taken there: if its process
/// finds no free one, it stands apart.
///
/// Threads: only that of its worker; `make_for_later`, `expect`, `has`, `list` and `register_name` any, if there are
///          others. What they may look into is changed with a lock then; a node with one worker takes none.
class process_table {
public:
    explicit process_table(worker& owner);

    /// Others may look into it from now on; before that no lock is taken.
    void share() noexcept { shared_ = true; }
    /// A new process, which stands in the table and in the run queue.
    process::block& add(process_body&& body, spawn_options&& options);
    /// One that is in no table yet; for other workers.
    std::unique_ptr<process::block> make_for_later(process_body&& body, spawn_options&& options);
    /// It is on its way here from another worker. From now on it is alive for those who ask.
    void expect(process::block& born);
    /// Puts it into the table and lets it run.
    void adopt(std::unique_ptr<process::block> made);
    /// From here on it can be given no name; those that it has are free.
    void close_names(process::block& ending);
    /// Destroys a process that has ended.
    void bury(process::block& dead);
    /// Ends all processes with `reason`, and those that their ends start. False if there were none.
    bool end_all(const term& reason);
    /// Destroys all processes as they stand. What their frames hold (calls under way, monitors) is given back through
    /// the table and the peers, so both must be whole still.
    void drop_all();

    /// Null if no such process lives here; a pid of another incarnation of this node is nobody's.
    [[nodiscard]] process::block* find(const pid& who) const noexcept {
        auto* found = slots_[index(number(who))].get();
        if (found == nullptr) return nullptr;
        const pid& self = found->self(); // the node's name last: it is the same for all that come here
        const bool same = self.id == who.id && self.serial == who.serial && self.creation == who.creation;
        if (same && self.node == who.node) [[likely]]
            return found;
        return apart_.empty() ? nullptr : find_apart(who);
    }
    /// The same for a number of this node; 0 is nobody.
    [[nodiscard]] process::block* find_number(std::uint64_t n) const noexcept {
        auto* found = slots_[index(n)].get();
        if (found != nullptr && number(found->self()) == n) [[likely]]
            return found;
        return apart_.empty() ? nullptr : find_apart(pid_of(n));
    }
    [[nodiscard]] process::block* find_alias(const reference& ref) const;
    [[nodiscard]] bool has(const pid& who) const;
    void list(std::vector<pid>& into) const;
    /// So many live here, with those that are expected. Any thread; a moment later it may be another number.
    [[nodiscard]] std::size_t living() const noexcept { return count() + on_the_way_.load(std::memory_order_relaxed); }
    [[nodiscard]] process_load load() const;
    [[nodiscard]] process_totals totals() const;
    /// What is known of each, without messages.
    void inform(std::vector<process_info>& into) const;

    result<void> register_name(const atom& name, const pid& who);

    void add_alias(const reference& ref, const pid& who) { aliases_.insert_or_assign(ref, number(who)); }
    void forget_alias(const reference& ref) { aliases_.erase(ref); }

    /// A process that has asked for one on `node`, linked to it, has ended before the answer: what to tell that one.
    void note_orphan(const reference& request, const atom& node, const term& reason) {
        orphans_.insert_or_assign(request, orphan{node, reason});
    }
    std::optional<term> take_orphan(const reference& request);

    /// Remembers that `who` may have relations to `node`, so that it hears when the node is lost.
    void relate(const pid& who, const atom& node);
    /// Tells all that have relations to it, and all that watch nodes.
    void node_lost(const atom& node);
    void node_changed(const signal::node_change& change);
    void watch_nodes(const pid& who, bool on);

    [[nodiscard]] static std::uint64_t number(const pid& p) noexcept { return std::uint64_t{p.serial} << 28 | p.id; }
    [[nodiscard]] pid pid_of(std::uint64_t number) const;

private:
    static constexpr std::size_t first_slots = 64;
    struct orphan {
        atom node;   // which answers, or is lost
        term reason; // that its parent has ended with
    };

    [[nodiscard]] std::size_t index(std::uint64_t n) const noexcept { return (n >> bits_) & (slots_.size() - 1); }
    [[nodiscard]] process::block* find_apart(const pid& who) const noexcept;
    /// The same of those that are expected, too. With the lock.
    [[nodiscard]] process::block* find_or_expected(const pid& who) const noexcept;
    std::uint64_t take_number() noexcept {
        std::uint64_t next = last_.load(std::memory_order_relaxed) + 1;
        if (!shared_) [[likely]]
            last_.store(next, std::memory_order_relaxed);
        else
            next = last_.fetch_add(1, std::memory_order_relaxed) + 1;
        return next << bits_ | number_of_worker_;
    }
    [[nodiscard]] std::unique_lock<std::mutex> guard() const {
        return shared_ ? std::unique_lock{mutex_} : std::unique_lock<std::mutex>{};
    }
    void grow();
    [[nodiscard]] std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }
    void set_count(std::size_t n) noexcept { count_.store(n, std::memory_order_relaxed); }

    worker& owner_;
    const unsigned bits_;
    const unsigned number_of_worker_;
    std::atomic<std::uint64_t> last_{0};     // given out last, without the worker; a pid's id is the low 28 bits
    bool shared_ = false;                    // Constant once there are other threads.
    std::atomic<std::size_t> count_{0};      // written here only
    std::atomic<std::size_t> on_the_way_{0}; // of `expected_`
    mutable std::mutex mutex_;               // what is below, where there are other threads: theirs look, ours changes
    std::vector<std::unique_ptr<process::block>> slots_;
    std::unordered_map<std::uint64_t, std::unique_ptr<process::block>> apart_;
    std::unordered_map<std::uint64_t, process::block*> expected_; // their envelopes own them
    // Only on this thread:
    std::unordered_map<reference, std::uint64_t> aliases_;
    std::unordered_map<reference, orphan> orphans_; // by the request for them; each is answered
    node_relations related_;
    std::unordered_set<std::uint64_t> node_watchers_;
};

} // namespace sedge
