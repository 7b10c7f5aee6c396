// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/limits.hpp>

/// Bounds of the sources that strategies ask by HTTP, with unit and reason as in base/limits.hpp.
namespace sedge::limits {

inline constexpr std::size_t http_body_bytes_max = 16 * mebibyte; ///< Of one answer, or of one message of a stream.
inline constexpr std::size_t http_head_bytes_max = 16 * 1024;     ///< Status and fields of one answer.
inline constexpr std::chrono::seconds http_connect_time_max{5};   ///< For one address of a host; TLS included.
inline constexpr std::size_t json_nesting_max = 32;               ///< Levels; answers of the known APIs have 10.
inline constexpr std::size_t kubernetes_pages_max = 200;          ///< Of one answer; 500 objects each.
inline constexpr std::size_t credential_bytes_max = 64 * 1024;    ///< Of a token's or a namespace's file.

} // namespace sedge::limits
