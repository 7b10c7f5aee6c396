// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/cluster/application.hpp>
#ifdef SEDGE_WITH_POSTGRES
#include <sedge/postgres/postgres.hpp>
#endif

namespace sedge::cli {

/// Strategies that are components of their own, as far as this program was built with them.
inline void add_components(application& to) {
#ifdef SEDGE_WITH_POSTGRES
    to.add_strategy(postgres::definition());
#else
    static_cast<void>(to);
#endif
}

} // namespace sedge::cli
