// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/cluster/diagnosis.hpp>

/// How the rules of the diagnosis write down what they find.
namespace sedge::cluster::findings {

finding fine(std::string step, std::string evidence);
finding warning(std::string step, cause why, std::string evidence);
finding problem(std::string step, cause why, std::string evidence);
finding unknown(std::string step, std::string evidence);

/// `0.4 ms`
std::string milliseconds_text(duration d);
/// `10.0.0.5, fd00::5`
std::string joined(const std::vector<wire::ip_address>& addresses);

} // namespace sedge::cluster::findings
