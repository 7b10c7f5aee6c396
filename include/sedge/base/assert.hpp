// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sedge::detail {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;
}

/// For broken code only (a precondition, an invariant), in every build. Never for data that came from outside.
#define SEDGE_ASSERT(expression) \
    ((expression) ? static_cast<void>(0) : ::sedge::detail::assertion_failed(#expression, __FILE__, __LINE__))
