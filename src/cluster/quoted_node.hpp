// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/term/encoder.hpp>
#include <sedge/term/text.hpp>

namespace sedge::cluster {

/// `:"node1@10.0.0.1"`, as Elixir prints it and people search for it in logs.
inline std::string quoted(const atom& node) {
    byte_buffer bytes;
    encoder{bytes}.atom(node.text());
    return to_elixir(term_view::over(bytes));
}

} // namespace sedge::cluster
