// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/limits.hpp>

/// Bounds of the timeline, with unit and reason as in base/limits.hpp.
namespace sedge::limits {

inline constexpr std::size_t timeline_memory_max = 1000;       ///< Entries for `sedge events`; some 300 KiB.
inline constexpr std::size_t timeline_file_lines_max = 10'000; ///< Then a new file begins; the one before is kept.
inline constexpr std::size_t timeline_text_bytes_max = 512;    ///< Of one field; node names and sentences are shorter.
/// Of one line: all fields, each byte escaped as six. A file full of these is 100 MiB, a usual one 2 MiB.
inline constexpr std::size_t timeline_line_bytes_max = 10 * 1024;
inline constexpr std::size_t timeline_waiting_max = 1000;  ///< Lines that a full or slow disk has not taken yet.
inline constexpr std::size_t timeline_names_max = 64;      ///< Events of the program's own.
inline constexpr std::size_t timeline_absences_max = 4096; ///< Nodes whose failure is remembered, in all topologies.
inline constexpr std::size_t timeline_answer_max = 500;    ///< Entries in the answer to one question.

} // namespace sedge::limits
