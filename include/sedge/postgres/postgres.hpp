// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/cluster/strategies.hpp>
#include <sedge/cluster/strategies/postgres.hpp>

#include <memory>

/// The strategy `postgres`, on libpq: `find_package(sedge COMPONENTS postgres)`, target `sedge::postgres`.
///
///     app.add_strategy(sedge::postgres::definition());                              // named in the configuration
///     app.topology("plant", sedge::postgres::make({.hostname = "db", .database = "plant"}));
namespace sedge::postgres {

/// Needs `wire::system_environment`: libpq has sockets of its own.
std::unique_ptr<cluster::strategy> make(cluster::postgres_strategy options);

/// Takes the place of the built-in definition, which cannot be used.
cluster::strategy_definition definition();

} // namespace sedge::postgres
