// SPDX-License-Identifier: Apache-2.0
//
// Two nodes may dial each other at once, dial again before the old link is known to be dead, or be impersonated while
// they do so. For each name at most one link comes out of it, and both sides must pick the same.
//
// OTP reserves the name as soon as it is claimed: it drops its own dial for a claim (`ok_simultaneous`), and holds the
// place until the claim's timer runs out. So anybody can keep two nodes apart. Here a claim changes nothing; only a
// proof does. What a claim is told depends on the state alone:
//
//   nothing, or our dial is not connected yet   ok                 the peer has not heard our name
//   our dial has sent our name, peer > self     ok_simultaneous    but our dial goes on until the proof
//   our dial has sent our name, peer < self     nok                the peer says ok_simultaneous to our dial
//   link                                        alive
//   link, and a proved attempt waits for it     drop
//
// What happens at the proof, when other things may have happened since the claim:
//
//   nothing                                     accept
//   our dial is not connected, or peer > self   accept; our dial loses. The peer answers it `nok`, or never heard it
//   our dial has sent our name, peer < self     wait. The claim was told ok before our name went out. The peer will see
//       our name, say ok_simultaneous and close its own attempt: OTP does so at once, another sedge when our dial has
//       proved itself. If our dial fails instead (it reached somebody else), the claim is accepted
//   link of a younger attempt                   refuse. The peer gave this attempt up and made another one
//   link of an older attempt                    replace: the peer would not dial if it still had that link
//   link, and another attempt waits for it      refuse
//
// "The name of the greater node wins" is by code points. A dial that is told `alive` insists only if nothing was
// accepted meanwhile; a needless `true` would make the peer drop the link that has just come up. A dial that proves
// itself while there is a link has lost.
#include <sedge/dist/name_arbiter.hpp>

namespace sedge::dist {

std::optional<name_arbiter::attempt> name_arbiter::begin_dial(const atom& peer) {
    auto& e = entries_[peer];
    if (!e.empty()) return std::nullopt;
    e.dial = ++last_;
    e.named = 0;
    return e.dial;
}

bool name_arbiter::dial_connected(const atom& peer, attempt a) {
    const auto found = entries_.find(peer);
    if (found == entries_.end() || found->second.dial != a || found->second.link != 0) return false;
    found->second.named = ++last_;
    return true;
}

bool name_arbiter::dial_still_wanted(const atom& peer, attempt a) const {
    const auto found = entries_.find(peer);
    return found != entries_.end() && found->second.dial == a && found->second.link == 0;
}

bool name_arbiter::dial_won(const atom& peer, attempt a) {
    const auto found = entries_.find(peer);
    if (found == entries_.end() || found->second.dial != a) return false;
    found->second.dial = 0;
    if (found->second.link != 0) return false;
    found->second.link = a;
    found->second.link_order = found->second.named;
    return true;
}

void name_arbiter::dial_ended(const atom& peer, attempt a) {
    const auto found = entries_.find(peer);
    if (found == entries_.end() || found->second.dial != a) return;
    found->second.dial = 0;
    if (found->second.empty()) entries_.erase(found);
}

name_arbiter::answer name_arbiter::status_for(const atom& peer) {
    const answer told{accept_status::ok, ++last_};
    const auto found = entries_.find(peer);
    if (found == entries_.end()) return told;
    const auto& e = found->second;
    if (e.replacement != 0) return {accept_status::drop, told.number};
    if (e.link != 0) return {accept_status::alive, told.number};
    if (e.dial != 0 && e.named != 0)
        return {peer > self_ ? accept_status::ok_simultaneous : accept_status::nok, told.number};
    return told;
}

name_arbiter::verdict name_arbiter::claim(const atom& peer, attempt a) {
    auto& e = entries_[peer];
    if (e.replacement != 0) return verdict::refuse;
    if (e.link != 0) {
        if (e.link_order > a) return verdict::refuse;
        e.replacement = a;
        return verdict::replace;
    }
    if (e.dial != 0 && e.named != 0 && !(peer > self_)) return verdict::wait;
    e.link = e.link_order = a;
    e.dial = 0;
    return verdict::accept;
}

void name_arbiter::link_down(const atom& peer, attempt a) {
    const auto found = entries_.find(peer);
    if (found == entries_.end()) return;
    auto& e = found->second;
    if (e.replacement == a) {
        e.replacement = 0;
    } else if (e.link == a) {
        e.link = e.link_order = e.replacement;
        e.replacement = 0;
    }
    if (e.empty()) entries_.erase(found);
}

bool name_arbiter::is_up(const atom& peer) const {
    const auto found = entries_.find(peer);
    return found != entries_.end() && found->second.link != 0;
}

bool name_arbiter::is_dialling(const atom& peer) const {
    const auto found = entries_.find(peer);
    return found != entries_.end() && found->second.dial != 0;
}

} // namespace sedge::dist
