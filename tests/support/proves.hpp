// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace sedge::test {

/// Which side begins: `to_us` is OTP towards sedge, `from_us` sedge towards OTP.
enum class direction { to_us, from_us, both };

/// Says in a test against a real counterpart what it proves: one row of docs/protocol/interop.md, which is generated
/// from the results of the tests. `area` groups rows; `feature` is a short phrase in the words of the field, without a
/// period: `proves("Links", "a process of the other side ends with `killed`", direction::both)`.
void proves(std::string_view area, std::string_view feature, direction which);

} // namespace sedge::test
