// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/limits.hpp>

/// Bounds of the metrics and of who may ask for them, with unit and reason as in base/limits.hpp.
namespace sedge::limits {

inline constexpr std::size_t metric_peers_max = 128;      ///< With series of their own: each is five, kept for weeks.
inline constexpr std::size_t metric_counters_max = 64;    ///< Of one topology's strategy.
inline constexpr std::size_t metric_connections_max = 16; ///< To the endpoint; a scraper needs one.
inline constexpr std::size_t metric_head_bytes_max = 16 * 1024;   ///< Of one request; bodies are refused.
inline constexpr std::chrono::seconds metric_request_time_max{5}; ///< From accept to the whole request.
inline constexpr std::chrono::seconds metric_answer_time_max{10}; ///< For a client to take the answer.

} // namespace sedge::limits
