// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/term/atom.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <unordered_map>

namespace sedge::cluster {

/// Heartbeats that were read before, and who sent them. A core.
///
/// A node of a cluster at rest hears hundreds of heartbeats a second, byte for byte those that it heard before: so
/// they are compared, and only what is new is read. Bounded: what a flood of invented names does not fit is read each
/// time, as if there was no memory.
class heartbeat_memory {
public:
    struct speaker {
        atom node;
        bool is_self = false;
        bool is_trusted = false;
    };

    explicit heartbeat_memory(std::size_t speakers_max) noexcept : speakers_max_(speakers_max) {}

    /// Null if these bytes, after decryption, were never remembered.
    [[nodiscard]] const speaker* find(byte_view plain) const {
        const auto at = speakers_.find(as_text(plain));
        return at == speakers_.end() ? nullptr : &at->second;
    }
    /// Valid until the next call.
    const speaker& remember(byte_view plain, speaker who) {
        if (speakers_.size() >= speakers_max_) speakers_.clear(); // those that still speak are soon back
        return speakers_.insert_or_assign(std::string{as_text(plain)}, std::move(who)).first->second;
    }
    [[nodiscard]] std::size_t size() const noexcept { return speakers_.size(); }

private:
    struct text_hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    std::size_t speakers_max_;
    std::unordered_map<std::string, speaker, text_hash, std::equal_to<>> speakers_;
};

} // namespace sedge::cluster
