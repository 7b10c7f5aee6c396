// SPDX-License-Identifier: Apache-2.0
#include <sedge/dist/error.hpp>
#include <sedge/dist/fragments.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace sedge::dist {

namespace {
error broken(std::string why) { return {errc::bad_packet, std::move(why)}; }

error broken_payload(const control_message& control, const error& why) {
    return broken("payload of " + std::string{operation_name(control)} + ": " + why.message());
}

/// About what `left` more parts like this one hold.
std::size_t to_come(std::uint64_t left, std::size_t part) {
    constexpr std::size_t most = std::size_t{1} << 31;
    return part == 0 || left < most / part ? static_cast<std::size_t>(left) * part : most;
}
} // namespace

/// Whether a message of which so many bytes are held may have more.
result<void> reassembly::reserve(std::size_t held, std::size_t more) const {
    if (more > bounds_.message_bytes_max - std::min(held, bounds_.message_bytes_max))
        return error{sedge::errc::limit_exceeded, "a message of more than " +
                                                      std::to_string(bounds_.message_bytes_max) +
                                                      " bytes; message_bytes_max says how large one may be"};
    if (more > bounds_.bytes_max - bytes_)
        return error{sedge::errc::limit_exceeded, "more than " + std::to_string(bounds_.bytes_max) +
                                                      " bytes of messages that are not whole yet; "
                                                      "unfinished_bytes_max says how many there may be"};
    return {};
}

result<void> reassembly::begin(std::uint64_t sequence, std::uint64_t count, control_message control,
                               std::vector<atom> atoms, byte_view part, time_point now) {
    if (sequence == 0) return broken("fragment with sequence 0");
    if (count == 0) return broken("fragment with number 0");
    if (open_.count(sequence) != 0) return broken("second start of a fragmented message");
    if (open_.size() >= bounds_.sequences_max)
        return error{sedge::errc::limit_exceeded,
                     "more than " + std::to_string(bounds_.sequences_max) + " fragmented messages under way"};
    if (auto room = reserve(0, part.size()); !room) return room.error();
    sequence_state state{std::move(control), incoming_term{std::move(atoms)}, count - 1, now, count - 1};
    if (auto added = state.payload.add(part, to_come(state.left, part.size())); !added)
        return broken_payload(state.control, added.error());
    bytes_ += part.size();
    open_.emplace(sequence, std::move(state));
    return {};
}

result<std::optional<reassembly::message>> reassembly::add(std::uint64_t sequence, std::uint64_t number,
                                                           byte_view part) {
    const auto found = open_.find(sequence);
    if (found == open_.end()) return broken("fragment of an unknown message");
    auto& state = found->second;
    if (number == 0 || number != state.left) return broken("fragment out of order");
    if (auto room = reserve(state.payload.bytes(), part.size()); !room) return room.error();
    --state.left;
    if (auto added = state.payload.add(part, to_come(state.left, part.size())); !added)
        return broken_payload(state.control, added.error());
    return note_part(sequence, part.size());
}

std::span<std::uint8_t> reassembly::open(std::uint64_t sequence, std::uint64_t number, std::size_t size) {
    const auto found = open_.find(sequence);
    if (found == open_.end() || number == 0 || number != found->second.left) return {};
    if (!reserve(found->second.payload.bytes(), size)) return {};
    opened_ = sequence;
    opened_size_ = size;
    return found->second.payload.open(size, to_come(number - 1, size));
}

result<std::optional<reassembly::message>> reassembly::close() {
    auto& state = open_.at(opened_);
    --state.left;
    if (auto closed = state.payload.close(); !closed) return broken_payload(state.control, closed.error());
    return note_part(opened_, opened_size_);
}

/// A part of that sequence was read.
result<std::optional<reassembly::message>> reassembly::note_part(std::uint64_t sequence, std::size_t size) {
    const auto found = open_.find(sequence);
    auto& state = found->second;
    bytes_ += size;
    if (state.left > 0) return std::optional<message>{};
    auto whole = state.payload.finish();
    if (!whole) return broken_payload(state.control, whole.error());
    bytes_ -= state.payload.bytes();
    std::optional<message> complete{message{std::move(state.control), std::move(*whole)}};
    open_.erase(found);
    return complete;
}

result<void> reassembly::check(time_point now) {
    const duration most = bounds_.time_max * static_cast<std::int64_t>(open_.size());
    for (auto& [sequence, state] : open_) {
        if (std::exchange(state.left_then, state.left) != state.left)
            state.since = now;
        else if (now - state.since > most)
            return error{sedge::errc::limit_exceeded, "no further part of a message has come for " +
                                                          std::to_string(std::chrono::floor<seconds>(most).count()) +
                                                          " s"};
    }
    return {};
}

} // namespace sedge::dist
