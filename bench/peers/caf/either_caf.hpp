// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#if CAF_VERSION >= 1800
CAF_BEGIN_TYPE_ID_BLOCK(bench_caf, first_custom_type_id)
CAF_ADD_ATOM(bench_caf, b_ping)
CAF_ADD_ATOM(bench_caf, b_pong)
CAF_ADD_ATOM(bench_caf, b_count)
CAF_ADD_ATOM(bench_caf, b_ready)
CAF_ADD_ATOM(bench_caf, b_message)
CAF_ADD_ATOM(bench_caf, b_done)
CAF_ADD_ATOM(bench_caf, b_go)
CAF_END_TYPE_ID_BLOCK(bench_caf)
#else
#define EITHER_CAF_ATOM(name)                                                                                          \
    using name = caf::atom_constant<caf::atom(#name)>;                                                                 \
    constexpr name name##_v {}
EITHER_CAF_ATOM(b_ping);
EITHER_CAF_ATOM(b_pong);
EITHER_CAF_ATOM(b_count);
EITHER_CAF_ATOM(b_ready);
EITHER_CAF_ATOM(b_message);
EITHER_CAF_ATOM(b_done);
EITHER_CAF_ATOM(b_go);
#undef EITHER_CAF_ATOM
#endif

/// What CAF 0.17, which Debian has, and CAF 1.x call by different names. The actors of caf.cpp are the same for both.
namespace either_caf {

using namespace caf;

/// Before anything else of CAF.
inline void init() {
#if CAF_VERSION >= 1800
    init_global_meta_objects<id_block::bench_caf>();
    io::middleman::init_global_meta_objects();
    core::init_global_meta_objects();
#endif
}

inline void set_threads(actor_system_config& config, const char* number) {
    const auto wanted = static_cast<std::size_t>(std::atoi(number));
#if CAF_VERSION >= 1800
    config.set("caf.scheduler.max-threads", wanted);
#else
    config.set("scheduler.max-threads", wanted);
#endif
}

template <class... T>
void send(event_based_actor* self, const actor& to, const T&... what) {
#if CAF_VERSION >= 10000
    self->mail(what...).send(to);
#else
    self->send(to, what...);
#endif
}

template <class... T>
void send_from_outside(const actor& to, const T&... what) {
#if CAF_VERSION >= 10000
    anon_mail(what...).send(to);
#else
    anon_send(to, what...);
#endif
}

/// An actor whose variables are a `State`, which makes its behaviour.
template <class State, class... T>
actor spawn(actor_system& system, T... arguments) {
#if CAF_VERSION >= 10000
    return system.spawn(actor_from_state<State>, std::move(arguments)...);
#else
    return system.spawn([arguments...](event_based_actor* self) -> behavior {
        auto state = std::make_shared<State>(self, arguments...);
        self->attach_functor([state](const error&) {}); // it lives as long as the actor
        return state->make_behavior();
    });
#endif
}

inline std::string text_of([[maybe_unused]] actor_system& system, const error& e) {
#if CAF_VERSION >= 1800
    return to_string(e);
#else
    return system.render(e);
#endif
}

/// `0.17.6`.
inline std::string version() {
    return std::to_string(CAF_MAJOR_VERSION) + "." + std::to_string(CAF_MINOR_VERSION) + "." +
           std::to_string(CAF_PATCH_VERSION);
}

} // namespace either_caf
