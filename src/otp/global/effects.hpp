// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "otp/global/names.hpp"

#include <sedge/base/log.hpp>
#include <sedge/otp/gen.hpp>
#include <sedge/otp/global.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What the core of `global` wants done; server.cpp does it.
namespace sedge::otp::registry {

/// A name that two partitions hold for different processes.
struct conflict {
    named his;
    named mine;
};

namespace effect {

/// `{'$gen_cast', message}` to the global_name_server there, if it is connected.
struct cast {
    atom to;
    term message;
};
/// `message` as it is to the global_name_server there, if it is connected.
struct plain {
    atom to;
    term message;
};
struct answer {
    reply_to to;
    term value;
};
/// Our locker has a new candidate.
struct wake_locker {};
/// A `lock_set` of a peer, for our locker.
struct pass_to_locker {
    term message;
};
/// Our locker gives back the lock of that pairing, after casting `message` to `first_tell`: who hears of new nodes does
/// so before the lock is free.
struct release_lock {
    atom node;
    std::int64_t tag = 0;
    std::vector<atom> first_tell;
    term message;
};
/// Find out who keeps each name, then `conflicts_resolved`.
struct resolve {
    atom node;
    std::int64_t tag = 0;
    std::vector<conflict> conflicts;
};
/// Connect, then `introduced`.
struct introduce {
    atom node;
};
/// A moment later: look which names only one of us knows, and have them registered again.
struct compare_names {
    atom node;
};
struct disconnect {
    atom node;
};
/// A name has gone over to the process of another partition, or is nobody's.
struct settled {
    name_conflict what;
};
struct note {
    log_level level = log_level::info;
    std::string text;
};

} // namespace effect

using any_effect = std::variant<effect::cast, effect::plain, effect::answer, effect::wake_locker,
                                effect::pass_to_locker, effect::release_lock, effect::resolve, effect::introduce,
                                effect::compare_names, effect::disconnect, effect::settled, effect::note>;
using effects = std::vector<any_effect>;

} // namespace sedge::otp::registry
