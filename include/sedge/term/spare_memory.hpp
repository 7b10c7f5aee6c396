// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sedge {

/// A thread keeps the memory of the last large term it has freed, up to 256 MiB, for a message that has about that
/// size: pages that a program gets anew are cleared first, and on a virtual machine perhaps fetched from the host, at
/// 5 ms for 2 MiB. The second call without such a message in between frees it. A connection calls it at each tick and
/// at its end.
///
/// Thread: affects the calling one.
void release_spare_memory() noexcept;

} // namespace sedge
