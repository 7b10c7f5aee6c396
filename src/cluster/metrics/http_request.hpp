// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/result.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sedge::cluster {

/// What one request asks for.
struct http_question {
    std::string method; ///< `GET`
    std::string target; ///< `/metrics`
    std::string host;   ///< Of the field `Host`, as it was sent; empty: there was none, or more than one.
};

/// Reads the head of one request of HTTP/1.x from the bytes of a connection (core). A request with a body is refused.
class http_request_reader {
public:
    http_request_reader();
    ~http_request_reader();
    http_request_reader(const http_request_reader&) = delete;

    /// Errors: errc::malformed, errc::limit_exceeded; nothing can be read after one.
    result<void> feed(byte_view bytes);
    [[nodiscard]] bool is_complete() const noexcept;
    /// Precondition: is_complete().
    [[nodiscard]] const http_question& question() const noexcept;

private:
    class parser; // src/cluster/metrics/http_request.cpp
    std::unique_ptr<parser> parser_;
    std::string unread_;
};

/// Whether a `Host` is one of these, whatever its port: `localhost:9568`, `[::1]:9568`, `node1.lan`. A web page that
/// made its own name lead here comes with that name, and gets nothing.
bool is_host_among(std::string_view host, const std::vector<std::string>& allowed);

/// A whole answer, after which the connection is closed. `with_body`: false for HEAD.
std::string encode_answer(int status, std::string_view content_type, std::string_view body, bool with_body);

} // namespace sedge::cluster
