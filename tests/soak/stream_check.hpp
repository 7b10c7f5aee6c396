// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sedge::soak {

/// Holds the numbered messages of one peer against the promise of a connection: all of them, once, in order.
///
/// A peer opens a stream in each life of its connection and numbers its messages from 1. From `open` to `broken`
/// every number must come. After `broken` numbers may be missing: the sender may not know of the loss yet, and what
/// it sends then goes into the next connection. They still rise.
class stream_check {
public:
    enum class finding { good, stray, lost, again };
    struct outcome {
        finding what = finding::good;
        std::uint64_t count = 0; ///< Of lost messages.
        std::string sentence;    ///< For lost and again.
    };

    /// Asking again for the stream that is open changes nothing: our answer was on its way.
    void open(std::int64_t stream);
    /// The connection to the peer was lost.
    void broken() { live_ = false; }
    outcome take(std::int64_t stream, std::uint64_t number);

    struct place {
        std::int64_t stream = 0;
        std::uint64_t last = 0;
    };
    /// Where the open stream is; nothing if none is.
    [[nodiscard]] std::optional<place> now() const;

private:
    std::int64_t stream_ = 0;
    std::uint64_t last_ = 0;
    bool live_ = false;
};

} // namespace sedge::soak
