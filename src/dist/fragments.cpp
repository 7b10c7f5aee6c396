// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/large_memory.hpp>
#include <sedge/dist/error.hpp>
#include <sedge/dist/fragments.hpp>

#include <algorithm>

namespace sedge::dist {

namespace {
error broken(const char* why) { return {errc::bad_packet, why}; }

/// Room for the next `part` bytes, and with foresight for the `left` parts after it: a buffer that only doubles would
/// copy a message of 200 MB while everybody waits. Address space is taken for what was announced, up to sixteen times
/// what has come; memory only follows what comes.
void make_room(byte_buffer& payload, std::size_t part, std::uint64_t left) {
    constexpr std::size_t foresight = 16;
    const std::size_t needed = payload.size() + part;
    if (needed <= payload.capacity()) return;
    const std::size_t most = needed * foresight;
    const bool fits = part == 0 || left < (most - needed) / part;
    const std::size_t announced = fits ? needed + static_cast<std::size_t>(left) * part : most;
    payload.reserve(std::max(announced, std::min(2 * payload.capacity(), most)));
    expect_large(payload.data(), payload.capacity());
}
} // namespace

result<void> reassembly::reserve(std::size_t more) const {
    if (more > bounds_.bytes_max - bytes_)
        return error{sedge::errc::limit_exceeded,
                     "more than " + std::to_string(bounds_.bytes_max) + " bytes in fragmented messages under way"};
    return {};
}

result<void> reassembly::begin(std::uint64_t sequence, std::uint64_t count, decoded_control control,
                               std::vector<atom> atoms, byte_view part, time_point now) {
    if (sequence == 0) return broken("fragment with sequence 0");
    if (count == 0) return broken("fragment with number 0");
    if (open_.count(sequence) != 0) return broken("second start of a fragmented message");
    if (open_.size() >= bounds_.sequences_max)
        return error{sedge::errc::limit_exceeded,
                     "more than " + std::to_string(bounds_.sequences_max) + " fragmented messages under way"};
    if (auto room = reserve(part.size()); !room) return room.error();
    sequence_state state;
    state.so_far = {std::move(control), std::move(atoms), byte_buffer{part.begin(), part.end()}};
    state.left = count - 1;
    state.since = now;
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
    if (auto room = reserve(part.size()); !room) return room.error();
    make_room(state.so_far.payload, part.size(), state.left - 1);
    state.so_far.payload.insert(state.so_far.payload.end(), part.begin(), part.end());
    bytes_ += part.size();
    if (--state.left > 0) return std::optional<message>{};
    bytes_ -= state.so_far.payload.size();
    std::optional<message> whole{std::move(state.so_far)};
    open_.erase(found);
    return whole;
}

result<void> reassembly::check(time_point now) const {
    for (const auto& [sequence, state] : open_)
        if (now - state.since > bounds_.time_max)
            return error{sedge::errc::limit_exceeded, "a fragmented message is under way for too long"};
    return {};
}

} // namespace sedge::dist
