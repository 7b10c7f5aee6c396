// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>

namespace sedge {
class environment;
}

namespace sedge::dist {

/// The challenges of this node that wait for their answer; one per node, shared by all its handshakes.
///
/// The digest of the handshake names neither role nor node, so an attacker who is dialled by us could hand us our own
/// challenge from another connection, and pass our answer off as his own. Whoever answers a challenge asks `is_ours`
/// first. Challenges issued in either role count: an initiator's challenge can be reflected as well as an acceptor's.
class challenge_guard {
public:
    /// A challenge kept in the set as long as its handshake lives. The guard must outlive it.
    class issued {
    public:
        issued() noexcept = default;
        issued(issued&& other) noexcept : owner_(other.owner_), value_(other.value_) { other.owner_ = nullptr; }
        issued& operator=(issued&& other) noexcept;
        ~issued() { release(); }
        [[nodiscard]] std::uint32_t value() const noexcept { return value_; }

    private:
        friend class challenge_guard;
        issued(challenge_guard* owner, std::uint32_t value) noexcept : owner_(owner), value_(value) {}
        void release() noexcept;
        challenge_guard* owner_ = nullptr;
        std::uint32_t value_ = 0;
    };

    challenge_guard() = default;
    challenge_guard(const challenge_guard&) = delete;

    /// A fresh random challenge, different from all others outstanding.
    [[nodiscard]] issued issue(environment& env);
    /// The same with a given value (which must not be outstanding), for tests and replay.
    [[nodiscard]] issued issue(std::uint32_t value);
    [[nodiscard]] bool is_ours(std::uint32_t challenge) const noexcept { return outstanding_.count(challenge) != 0; }

private:
    std::set<std::uint32_t> outstanding_;
};

} // namespace sedge::dist
