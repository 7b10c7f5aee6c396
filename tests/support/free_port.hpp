// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sedge::test {

/// A port of loopback at which nobody listens, TCP or UDP; another one at each call. The kernel gives it to nobody who
/// does not ask for it by number: one that it chose for us, it may choose again for the next who wants any, before the
/// program that this one is for has started. Throws if all are taken.
std::uint16_t free_port();

} // namespace sedge::test
