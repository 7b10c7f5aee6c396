// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/dist/node_name.hpp>
#include <sedge/wire/tls.hpp>

#include <memory>

namespace sedge::dist {

// TLS as distribution uses it: in front of its handshake, with sentences about nodes.

/// The side that dials `peer`. The context of errors begins with the peer's name.
task<result<wire::tls_link>> secure_dialled(environment& env, std::unique_ptr<wire::stream> over, node_name peer,
                                            std::shared_ptr<const wire::tls_context> context);
/// The side that was dialled; it does not know by whom yet.
task<result<wire::tls_link>> secure_accepted(environment& env, std::unique_ptr<wire::stream> over,
                                             std::shared_ptr<const wire::tls_context> context);

/// How a deadline that passed meanwhile is told.
std::string waiting_for_tls(const std::string& peer);

} // namespace sedge::dist
