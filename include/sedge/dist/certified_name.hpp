// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/result.hpp>
#include <sedge/dist/node_name.hpp>
#include <sedge/wire/certificate.hpp>

#include <string>
#include <string_view>

namespace sedge::dist {

/// Before a node name in a certificate's URI, as in `erlang://node1@10.0.0.5`.
inline constexpr std::string_view node_uri_scheme = "erlang://";

/// What a certificate proves about the node that calls itself `claimed`.
///
/// A certificate with node names in it (URIs, with or without `erlang://`) is for these nodes alone, and proves the
/// full name. Any other one is for a machine: it proves the part behind the `@`, by a DNS name or an address, and
/// every node of that machine may use it. Why so: docs/decisions/0013-certificates-of-machines.md.
///
/// Gives what is proved, `node1@10.0.0.5` or `10.0.0.5`.
/// Errors: wire::tls_errc::wrong_name; the context ends a sentence: "is for 10.0.0.9, not for node1@10.0.0.5".
result<std::string> certified_name(const wire::certificate& shown, const node_name& claimed);

} // namespace sedge::dist
