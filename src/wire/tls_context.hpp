// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/openssl.hpp"

#include <sedge/wire/tls.hpp>

namespace sedge::wire {

struct tls_context::impl {
    ssl_ctx_ptr context;
    std::optional<certificate> own;
};

} // namespace sedge::wire
