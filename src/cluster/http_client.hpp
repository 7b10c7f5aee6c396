// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/http_message.hpp"
#include "cluster/url.hpp"

#include <sedge/base/clock.hpp>
#include <sedge/base/task.hpp>
#include <sedge/wire/transport.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sedge {
class environment;
}

namespace sedge::cluster {

/// Asks one HTTP server, one request at a time. The connection is kept for the next request if the server allows; if
/// it turns out to be gone by then, the request is sent once more on a new one. Redirects are not followed.
///
/// Life:    whoever awaits its tasks keeps it; a task that is destroyed half way costs the connection, nothing else.
/// Threads: only on the environment's thread.
class http_client {
public:
    /// Makes a plain stream to that host a TLS stream, the certificate verified.
    using securing = std::function<task<result<std::unique_ptr<wire::stream>>>(std::unique_ptr<wire::stream> plain,
                                                                               std::string host)>;
    /// `secure` is needed where the server's URL is https.
    http_client(environment& env, url server, securing secure = {});
    ~http_client();
    http_client(http_client&&) noexcept = default; ///< Not while one of its tasks runs.

    /// One request and its whole answer, whatever its status; bodies up to limits::http_body_bytes_max.
    /// Errors: errc::timed_out, malformed, limit_exceeded; those of resolving, connecting and of TLS.
    [[nodiscard]] task<result<http_response>> send(http_request what, time_point deadline);

    /// One request whose answer has no end: completes with its head; the body comes by `next_part`.
    [[nodiscard]] task<result<http_response>> open(http_request what, time_point deadline);
    /// What came of the body since; empty: the answer has ended.
    [[nodiscard]] task<result<std::string>> next_part();

    void close() noexcept;
    [[nodiscard]] const url& server() const noexcept { return server_; }

private:
    task<result<http_response>> whole(http_request what);
    task<result<http_response>> begin(http_request what, std::size_t body_bytes_max);
    task<result<void>> connect();
    task<result<std::unique_ptr<wire::stream>>> connect_to(wire::endpoint there);
    task<result<void>> exchange_heads(std::string request);
    task<result<void>> read_more();

    environment* env_;
    url server_;
    securing secure_;
    std::unique_ptr<wire::stream> stream_;
    std::unique_ptr<http_response_reader> answer_;
    bool idle_ = false; // the last answer was read to its end, and the server keeps the connection
};

} // namespace sedge::cluster
