// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/encoder.hpp>
#include <sedge/term/term.hpp>

namespace sedge {

struct term::block::large : block {
    byte_buffer owned;
};

} // namespace sedge
