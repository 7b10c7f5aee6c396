// SPDX-License-Identifier: Apache-2.0
//
// The order in which a connection writes.
//
// Signals from one process must arrive in the order sent; nothing is promised between processes. So a message of up
// to 60 KiB is encoded at the end of the ready bytes and is as good as written. A larger one, where the peer knows
// fragments, becomes a sequence: its parts are written one at a time, in turn with other sequences, whenever the ready
// bytes have run out or 60 KiB of them have gone since the last part. So nobody waits for more than 60 KiB per sender
// of large messages. What a process sends while a sequence of its own is under way waits behind that sequence; signals
// of others overtake it.
//
// Payloads are not copied: a term is a counted reference to its encoding, parts are cut from it, and the stream writes
// a part from where it is, behind the head of its packet, which stands in the ready bytes.
//
// Atoms go into the header where the peer has a cache (docs/decisions/0006-atoms-of-what-is-sent.md). A header fills
// the peer's cache, so it is made when its packet joins the ready bytes, which are written in order and never dropped;
// what waits is kept without one. Payloads in parts are cut from the term as it is and spell their atoms out: all atoms
// of a message stand in the header of its first part, and to collect them would mean a walk and a copy of the whole.
#include "dist/outgoing.hpp"

#include <sedge/base/assert.hpp>
#include <sedge/term/tags.hpp>

#include <algorithm>
#include <cstring>

namespace sedge::dist {

namespace {

constexpr std::size_t length_bytes = 4;
constexpr std::uint8_t pass_through_tag = 112;
constexpr std::uint8_t version_tag = 131;
constexpr std::uint8_t whole_tag = 68;
constexpr std::uint8_t first_part_tag = 69;
constexpr std::uint8_t next_part_tag = 70;

/// Whose signal it is, if the message says so.
std::optional<pid> sender_in(const control_message& message) {
    return std::visit(
        [](const auto& m) -> std::optional<pid> {
            using kind = std::decay_t<decltype(m)>;
            if constexpr (std::is_same_v<kind, control::monitor_p_exit>) {
                const auto* whom = std::get_if<pid>(&m.whom);
                return whom != nullptr ? std::optional{*whom} : std::nullopt;
            } else if constexpr (std::is_same_v<kind, control::spawn_reply> ||
                                 std::is_same_v<kind, control::group_leader>) {
                return std::nullopt;
            } else {
                return m.from;
            }
        },
        message);
}

/// Writes the length of a packet that began at `start` with room for it.
/// `more` bytes of it follow elsewhere.
void set_length(encode_buffer& out, std::size_t start, std::size_t more = 0) {
    etf::store32(out.data() + start, static_cast<std::uint32_t>(out.size() - start - length_bytes + more));
}

std::size_t begin_packet(encode_buffer& out) {
    std::memset(out.extend(length_bytes), 0, length_bytes);
    return out.size() - length_bytes;
}

void write_tags(encode_buffer& out, std::uint8_t first, std::uint8_t second) {
    std::uint8_t* const p = out.extend(2);
    p[0] = first;
    p[1] = second;
}

} // namespace

bool outgoing::has_headers() const noexcept {
    return chosen_.has(capability::dist_hdr_atom_cache) || chosen_.has(capability::fragments);
}

void outgoing::write_whole(byte_view control, const term* payload) {
    const std::size_t start = begin_packet(ready_);
    const auto bytes = payload != nullptr ? payload->bytes() : byte_view{};
    if (!has_headers()) {
        write_tags(ready_, pass_through_tag, version_tag);
        ready_.append(control);
        if (payload != nullptr) *ready_.extend(1) = version_tag;
        ready_.append(bytes);
    } else if (!chosen_.has(capability::dist_hdr_atom_cache)) {
        write_tags(ready_, version_tag, whole_tag);
        *ready_.extend(1) = 0;
        ready_.append(control);
        ready_.append(bytes);
    } else {
        atoms_.begin();
        atoms_.add(control);
        const bool is_small = bytes.size() <= part_bytes; // without fragments it may have any size
        if (payload != nullptr && is_small) atoms_.add(bytes);
        write_tags(ready_, version_tag, whole_tag);
        atoms_.write(ready_);
        if (!is_small) ready_.append(bytes);
    }
    set_length(ready_, start);
}

void outgoing::push_send(const pid& from, const pid& to, const term& payload) {
    constexpr std::size_t small_bytes = 16 * 1024; // larger ones may have to go in parts
    const byte_view bytes = payload.bytes();
    if (!under_way_.empty() || bytes.size() > small_bytes || !chosen_.has(capability::dist_hdr_atom_cache))
        return push(control::send{from, to}, &payload, &from);
    if (send_again(from, to, bytes)) return;
    const bool again = last_send_.to == to && last_send_.from == from; // the first time tells nothing
    control_.clear();
    const auto view = payload.view();
    encode_control(control_, control::send{from, to}, &view, chosen_);
    atoms_.begin();
    atoms_.add(control_);
    const std::size_t control_size = atoms_.terms_size();
    const std::size_t control_atoms = atoms_.count();
    atoms_.add(bytes);
    const std::size_t start = begin_packet(ready_);
    write_tags(ready_, version_tag, whole_tag);
    atoms_.write(ready_);
    set_length(ready_, start);
    last_send_.beginning.clear();
    if (!again) {
        last_send_.from = from;
        last_send_.to = to;
    } else if (auto known = atoms_.known()) {
        const auto packet = ready_.bytes().subspan(start);
        const std::size_t payload_size = atoms_.terms_size() - control_size;
        last_send_.beginning.assign(packet.begin(), packet.end() - static_cast<std::ptrdiff_t>(payload_size));
        last_send_.control_atoms = control_atoms;
        last_send_.atoms = std::move(*known);
    }
}

/// The same again, with another payload: header and control message are copied, and the payload is written behind them,
/// as long as its header would be the same and the cache has all of its atoms. False, with nothing written, if not.
bool outgoing::send_again(const pid& from, const pid& to, byte_view payload) {
    const auto& last = last_send_;
    if (last.beginning.empty() || last.atoms.changes != atoms_.changes() || last.to != to || last.from != from)
        return false;
    const std::size_t start = ready_.size();
    const std::size_t size = last.beginning.size();
    etf::copy_short(ready_.extend(size), last.beginning.data(), size);
    if (!outgoing_atoms::append_with(last.atoms, last.control_atoms, payload, ready_)) {
        ready_.drop(size);
        return false;
    }
    set_length(ready_, start);
    return true;
}

std::list<outgoing::sequence>::iterator outgoing::sequence_of(const std::optional<pid>& sender) {
    if (!sender) return under_way_.end();
    return std::find_if(under_way_.begin(), under_way_.end(), [&](const sequence& s) { return s.sender == sender; });
}

void outgoing::push(const control_message& message, const term* payload, const pid* sender) {
    SEDGE_ASSERT(has_payload(message) == (payload != nullptr));
    // What a packet holds besides the payload is less than this (names of at most 1020 bytes each, options).
    constexpr std::size_t control_bytes_usual = 8 * 1024;
    const bool may_be_large = chosen_.has(capability::fragments) && payload != nullptr &&
                              payload->bytes().size() > part_bytes - control_bytes_usual;
    control_.clear();
    const auto view = payload != nullptr ? payload->view() : term_view{};
    const bool follows = encode_control(control_, message, &view, chosen_);
    const term* const behind = follows ? payload : nullptr;
    if (!may_be_large && under_way_.empty()) return write_whole(control_, behind);

    const auto from = sender != nullptr ? std::optional{*sender} : sender_in(message);
    const auto mine = sequence_of(from);
    const bool is_large = behind != nullptr && may_be_large && control_.size() + behind->bytes().size() > part_bytes;
    if (!is_large && mine == under_way_.end()) return write_whole(control_, behind);
    waiting later{control_, behind != nullptr ? std::optional{*behind} : std::nullopt};
    parked_bytes_ += later.size();
    if (mine == under_way_.end())
        begin(std::move(later), from, {});
    else
        mine->behind.push_back(std::move(later));
}

std::size_t outgoing::largest() const noexcept {
    std::size_t most = 0;
    for (const auto& s : under_way_) most = std::max(most, s.message.size() - s.at);
    return most;
}

void outgoing::push_tick() {
    if (size() == 0) begin_packet(ready_);
}

void outgoing::begin(waiting message, std::optional<pid> sender, std::deque<waiting> behind) {
    sequence s;
    s.parts_left = (message.size() + part_bytes - 1) / part_bytes;
    s.sender = std::move(sender);
    s.message = std::move(message);
    s.id = ++last_sequence_;
    s.behind = std::move(behind);
    under_way_.push_back(std::move(s));
}

void outgoing::write_part() {
    under_way_.splice(under_way_.end(), under_way_, under_way_.begin());
    auto& s = under_way_.back();
    const byte_view payload = s.message.payload_bytes();
    const bool first = s.at == 0 && !s.message.control.empty();
    const std::size_t start = begin_packet(ready_);
    write_tags(ready_, version_tag, first ? first_part_tag : next_part_tag);
    std::uint8_t* const numbers = ready_.extend(16);
    etf::store64(numbers, s.id);
    etf::store64(numbers + 8, s.parts_left);
    std::size_t room = part_bytes;
    if (first) {
        if (chosen_.has(capability::dist_hdr_atom_cache)) {
            atoms_.begin();
            atoms_.add(s.message.control);
            atoms_.write(ready_);
        } else {
            *ready_.extend(1) = 0;
            ready_.append(s.message.control);
        }
        room -= std::min(room, s.message.control.size());
        parked_bytes_ -= s.message.control.size();
        s.message.control.clear();
    }
    const std::size_t count = std::min(room, payload.size() - s.at);
    set_length(ready_, start, count);
    part_ = {*s.message.payload, payload.subspan(s.at, count), ready_.size()};
    s.at += count;
    parked_bytes_ -= count;
    if (--s.parts_left > 0) return;
    sequence done = std::move(s);
    under_way_.pop_back();
    finish(std::move(done));
}

/// Lets go what the sender has sent since: up to its next large message.
void outgoing::finish(sequence done) {
    while (!done.behind.empty()) {
        waiting next = std::move(done.behind.front());
        done.behind.pop_front();
        if (next.payload && chosen_.has(capability::fragments) && next.size() > part_bytes)
            return begin(std::move(next), std::move(done.sender), std::move(done.behind));
        parked_bytes_ -= next.size();
        write_whole(next.control, next.payload ? &*next.payload : nullptr);
    }
}

byte_view outgoing::front() {
    const bool empty = ready_at_ == ready_.size();
    if (part_.bytes.empty() && !under_way_.empty() && (empty || since_part_ >= part_bytes)) {
        since_part_ = 0;
        write_part();
    }
    const byte_view ready = ready_.bytes();
    if (part_.bytes.empty()) return ready.subspan(ready_at_);
    return part_.at == ready_at_ ? part_.bytes : ready.subspan(ready_at_, part_.at - ready_at_);
}

byte_view outgoing::behind_front() const noexcept {
    if (part_.bytes.empty()) return {};
    return part_.at == ready_at_ ? ready_.bytes().subspan(ready_at_) : part_.bytes;
}

void outgoing::consume(std::size_t count) {
    since_part_ += count;
    if (!part_.bytes.empty()) {
        const std::size_t before = std::min(count, part_.at - ready_at_);
        ready_at_ += before;
        const std::size_t inside = std::min(count - before, part_.bytes.size());
        part_.bytes = part_.bytes.subspan(inside);
        count -= before + inside;
        if (part_.bytes.empty()) part_.whole = {};
    }
    consume_ready(count);
}

void outgoing::consume_ready(std::size_t count) {
    constexpr std::size_t kept_bytes = 256 * 1024; // memory that an idle connection may keep
    ready_at_ += count;
    SEDGE_ASSERT(ready_at_ <= ready_.size());
    if (!part_.bytes.empty()) return; // it says where it belongs
    if (ready_at_ == ready_.size()) {
        if (ready_.size() > kept_bytes)
            ready_ = {};
        else
            ready_.clear();
        ready_at_ = 0;
    } else if (ready_at_ > kept_bytes && ready_at_ > ready_.size() / 2) {
        auto& all = ready_.whole();
        all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(ready_at_));
        ready_at_ = 0;
    }
}

} // namespace sedge::dist
