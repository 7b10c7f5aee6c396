// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/dist/handshake.hpp>
#include <sedge/term/atom.hpp>

#include <cstdint>
#include <unordered_map>

namespace sedge::dist {

/// Decides, for each peer's name, which of several connection attempts becomes the link. A core; one per node.
///
/// Attempts have numbers that grow in the order in which names were sent. An accepted attempt is only a number in the
/// hands of its driver until it has proved itself: claims leave no trace here, so that nobody can block a name
/// without knowing the cookie. src/dist/name_arbiter.cpp tells which races there are and how each ends.
class name_arbiter {
public:
    using attempt = std::uint64_t;

    explicit name_arbiter(atom self) : self_(std::move(self)) {}

    // -- dialling --------------------------------------------------------------------------------------------------

    /// A new attempt of ours, or nothing if one is under way or there is a link.
    [[nodiscard]] std::optional<attempt> begin_dial(const atom& peer);
    /// The stream is connected; whether our name may go out (`dial_decisions::may_send_name`).
    [[nodiscard]] bool dial_connected(const atom& peer, attempt a);
    /// The peer answered `alive`: whether to insist (`dial_decisions::is_still_wanted`).
    [[nodiscard]] bool dial_still_wanted(const atom& peer, attempt a) const;
    /// The peer has proved itself. True: the link is up. False: another one has won, close this.
    [[nodiscard]] bool dial_won(const atom& peer, attempt a);
    /// The attempt is over in any other way: failed, or cancelled. Harmless if it is over already.
    void dial_ended(const atom& peer, attempt a);

    // -- accepting -------------------------------------------------------------------------------------------------

    struct answer {
        accept_status status = accept_status::drop;
        attempt number = 0; ///< To be given to `claim`.
    };
    /// The status for somebody who claims to be `peer`. Stores nothing.
    [[nodiscard]] answer status_for(const atom& peer);

    enum class verdict {
        accept,  ///< The link is up. A dial of ours to that peer that is under way has lost: cancel it.
        replace, ///< There is an older link: take it down (`link_down`), then this one is up.
        wait,    ///< Our own dial decides: ask again when it has ended.
        refuse,  ///< A younger attempt, or another one waiting to replace the link, has won.
    };
    /// That attempt has proved that it is `peer`.
    [[nodiscard]] verdict claim(const atom& peer, attempt a);

    // -- links -----------------------------------------------------------------------------------------------------

    /// The link made by that attempt is down, or a replacement gave up before it was up. Harmless if unknown.
    void link_down(const atom& peer, attempt a);
    [[nodiscard]] bool is_up(const atom& peer) const;
    [[nodiscard]] bool is_dialling(const atom& peer) const;

private:
    struct entry {
        attempt dial = 0;        // ours, under way; 0: none
        attempt named = 0;       // its place in the order of attempts, taken when our name went out; 0: not yet
        attempt link = 0;        // what is up; 0: none
        attempt link_order = 0;  // its place: the number of an accepted one, `named` of a dialled one
        attempt replacement = 0; // proved, waits for the link to be taken down; 0: none
        [[nodiscard]] bool empty() const noexcept { return dial == 0 && link == 0 && replacement == 0; }
    };

    atom self_;
    attempt last_ = 0;
    std::unordered_map<atom, entry> entries_; // bounded by links and own dials
};

} // namespace sedge::dist
