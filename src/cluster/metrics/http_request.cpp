// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 as a server speaks it that answers one question for each connection, sans-IO: Boost.Beast's parser is fed
// with what arrives.
#include "cluster/metrics/http_request.hpp"

#include "cluster/metrics/metrics_limits.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cctype>

namespace sedge::cluster {

namespace http = boost::beast::http;
namespace beast = boost::beast;

namespace {

error too_long() {
    return {errc::limit_exceeded,
            "the request is longer than " + std::to_string(limits::metric_head_bytes_max) + " bytes"};
}

bool same_text(std::string_view a, std::string_view b) {
    const auto low = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return std::ranges::equal(a, b, {}, low, low);
}

std::string_view phrase_of(int status) {
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 421: return "Misdirected Request";
    default: return "";
    }
}

} // namespace

class http_request_reader::parser final : public http::basic_parser<true> {
public:
    http_question question;

private:
    using text = beast::string_view;
    void on_request_impl(http::verb, text method, text target, int, beast::error_code&) override {
        question.method.assign(method.data(), method.size());
        question.target.assign(target.data(), target.size());
    }
    void on_response_impl(int, text, int, beast::error_code&) override {}
    void on_field_impl(http::field name, text, text value, beast::error_code& ec) override {
        if (name != http::field::host) return;
        if (++hosts_ > 1) ec = http::error::bad_field;
        question.host.assign(value.data(), value.size());
    }
    void on_header_impl(beast::error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code& ec) override {
        ec = http::error::body_limit;
    }
    std::size_t on_body_impl(text, beast::error_code& ec) override {
        ec = http::error::body_limit;
        return 0;
    }
    void on_chunk_header_impl(std::uint64_t, text, beast::error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, text, beast::error_code& ec) override {
        ec = http::error::body_limit;
        return 0;
    }
    void on_finish_impl(beast::error_code&) override {}

    int hosts_ = 0;
};

http_request_reader::http_request_reader() : parser_(std::make_unique<parser>()) {
    parser_->header_limit(limits::metric_head_bytes_max);
    parser_->body_limit(0);
}
http_request_reader::~http_request_reader() = default;

result<void> http_request_reader::feed(byte_view bytes) {
    unread_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (unread_.size() > limits::metric_head_bytes_max) return too_long();
    while (!unread_.empty() && !parser_->is_header_done()) {
        beast::error_code code;
        const auto count = parser_->put(boost::asio::const_buffer{unread_.data(), unread_.size()}, code);
        unread_.erase(0, count);
        if (code == http::error::need_more) break;
        if (code == http::error::header_limit) return too_long();
        if (code) return error{errc::malformed, "that is no request of HTTP: " + code.message()};
        if (count == 0) break;
    }
    if (parser_->is_header_done() && !parser_->is_done())
        return error{errc::malformed, "a request with a body is not answered"};
    return {};
}

bool http_request_reader::is_complete() const noexcept { return parser_->is_done(); }
const http_question& http_request_reader::question() const noexcept { return parser_->question; }

bool is_host_among(std::string_view host, const std::vector<std::string>& allowed) {
    // `[::1]:80`, `::1` (not quite right, and common), `name:80`
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        if (end == std::string_view::npos) return false;
        host = host.substr(1, end - 1);
    } else if (const auto colon = host.find(':'); colon != std::string_view::npos && host.rfind(':') == colon) {
        host = host.substr(0, colon);
    }
    return !host.empty() && std::ranges::any_of(allowed, [host](const auto& each) { return same_text(host, each); });
}

std::string encode_answer(int status, std::string_view content_type, std::string_view body, bool with_body) {
    std::string out = "HTTP/1.1 " + std::to_string(status) + ' ';
    out.append(phrase_of(status)).append("\r\nContent-Type: ").append(content_type);
    out += "\r\nContent-Length: " + std::to_string(body.size());
    out += "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";
    if (with_body) out.append(body);
    return out;
}

} // namespace sedge::cluster
