// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/otp/function_table.hpp>

#include <cstdint>

namespace sedge {
class node;
}

namespace sedge::cluster {

/// What `sedge why` asks a running node for: the function `sedge_doctor:examine(Name)`, a list of maps with step,
/// verdict, cause and evidence. Like `net_adm:ping` it dials the node; one examination runs at a time.
void add_doctor_functions(otp::function_table& table, node& here, std::uint16_t mapper_port);

} // namespace sedge::cluster
