// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <string>

namespace sedge::otp {

/// How a function ended, in Erlang's four ways.
struct outcome {
    enum class kind { value, thrown, exited, failed };

    kind what = kind::value;
    term body;  ///< The value, the term thrown, the exit reason or the error reason.
    term stack; ///< Of `failed`: a list of `{Module, Function, ArityOrArguments, Info}`.

    static outcome value(term body) { return {kind::value, std::move(body), {}}; }
    static outcome thrown(term body) { return {kind::thrown, std::move(body), {}}; }
    static outcome exited(term reason) { return {kind::exited, std::move(reason), {}}; }
    /// `stack` empty: the caller of the function fills in where it happened.
    static outcome failed(term reason, term stack = {}) { return {kind::failed, std::move(reason), std::move(stack)}; }

    friend bool operator==(const outcome&, const outcome&) = default;
};

/// Thrown by a handler whose return type has no room for an Erlang error: `throw raised{outcome::failed(...)}`.
struct raised {
    outcome what;
};

} // namespace sedge::otp
