// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/result.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sedge::cluster {

enum class http_errc {
    not_ok = 1, ///< The server answered, and not with what was asked for. The context is the sentence.
};
const std::error_category& http_category() noexcept;
inline std::error_code make_error_code(http_errc code) noexcept { return {static_cast<int>(code), http_category()}; }

struct http_request {
    std::string method = "GET";
    std::string target = "/"; ///< Path and query, encoded.
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
};

/// The bytes of a request of HTTP/1.1; `Host`, `Content-Length` and a few more are added.
/// Errors: errc::invalid_argument if a field or the target would break the message apart. The context does not repeat
/// it: it may be a secret.
result<std::string> encode(const http_request& what, std::string_view host);

struct http_response {
    unsigned status = 0;
    std::string reason; ///< `Not Found`
    std::string body;
};

/// Reads one response of HTTP/1.1 from the bytes of a connection (core). Bytes come in as they arrive; head and body
/// come out as soon as they are there. Chunked bodies are put together.
class http_response_reader {
public:
    /// `body_bytes_max`: of the whole body; 0: a stream without end, whose parts are taken as they come.
    explicit http_response_reader(std::size_t body_bytes_max);
    ~http_response_reader();
    http_response_reader(const http_response_reader&) = delete;

    /// Errors: errc::malformed, errc::limit_exceeded; nothing can be read after one.
    result<void> feed(byte_view bytes);
    /// The connection has ended. Errors: wire::errc::closed if the response had not.
    result<void> end_of_stream();

    [[nodiscard]] bool is_untouched() const noexcept; ///< No byte came.
    [[nodiscard]] bool has_head() const noexcept;
    [[nodiscard]] bool is_complete() const noexcept;
    /// Precondition: is_complete(). Another request may follow on the same connection.
    [[nodiscard]] bool keeps_alive() const noexcept;
    /// Status and reason, once there is a head.
    [[nodiscard]] http_response head() const;
    /// The body as far as it has come since the last call.
    [[nodiscard]] std::string take_body();

private:
    class parser; // src/cluster/http_message.cpp, the only source that knows Boost.Beast
    std::unique_ptr<parser> parser_;
    std::string unread_;
    bool untouched_ = true;
};

} // namespace sedge::cluster

template <>
struct std::is_error_code_enum<sedge::cluster::http_errc> : std::true_type {};
