// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/openssl.hpp"

#include <sedge/wire/certificate.hpp>

namespace sedge::wire {

certificate describe(X509* shown);

} // namespace sedge::wire
