// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/http_client.hpp"

#include <sedge/wire/tls.hpp>

namespace sedge::cluster {

/// TLS for an HTTP client: the server must show a certificate for its host, of an authority that `context` knows.
http_client::securing verified_by(environment& env, std::shared_ptr<const wire::tls_context> context);

} // namespace sedge::cluster
