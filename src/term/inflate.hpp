// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>

namespace sedge::etf {

struct inflated {
    byte_buffer bytes;
    std::size_t consumed = 0; ///< Of the input: tag, size and stream.
};

/// `80 size:32 zlib-stream` at the start of `bytes`. The stream must give exactly the announced size, which is
/// checked against `bytes_max` and against what so many deflated bytes can honestly hold before anything is
/// allocated. Errors: term_errc::malformed, term_errc::too_large.
result<inflated> inflate(byte_view bytes, std::size_t bytes_max);

} // namespace sedge::etf
