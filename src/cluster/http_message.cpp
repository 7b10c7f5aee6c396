// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 as a client speaks it, sans-IO: Boost.Beast's parser is fed with what arrives. Redirects are answers like
// any other and are not followed, so that no bearer token goes where it was not meant for. Answers of 1xx, which
// nobody asks for here, are refused.
#include "cluster/http_message.hpp"

#include "cluster/source_limits.hpp"

#include <sedge/wire/transport.hpp>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace sedge::cluster {

namespace http = boost::beast::http;
namespace beast = boost::beast;

namespace {

class http_category_type final : public std::error_category {
    const char* name() const noexcept override { return "sedge.http"; }
    std::string message(int) const override { return {}; } // the context is the sentence, always
};

bool is_field_text(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f; });
}
bool is_target(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

error translated(const beast::error_code& code) {
    if (code == http::error::body_limit)
        return {errc::limit_exceeded,
                "the answer is longer than " + std::to_string(limits::http_body_bytes_max) + " bytes"};
    if (code == http::error::header_limit)
        return {errc::limit_exceeded,
                "the head of the answer is longer than " + std::to_string(limits::http_head_bytes_max) + " bytes"};
    return {errc::malformed, "what answers does not speak HTTP: " + code.message()};
}

} // namespace

const std::error_category& http_category() noexcept {
    static const http_category_type category;
    return category;
}

result<std::string> encode(const http_request& what, std::string_view host) {
    if (!is_target(what.target))
        return error{errc::invalid_argument, "the target of the request holds blanks or control characters"};
    std::string out = what.method + " " + what.target + " HTTP/1.1\r\nHost: ";
    out.append(host).append("\r\nUser-Agent: sedge\r\nAccept: application/json\r\n");
    for (const auto& [name, value] : what.fields) {
        if (!is_field_text(name) || !is_field_text(value))
            return error{errc::invalid_argument, "the field " + name + " of the request holds control characters"};
        out.append(name).append(": ").append(value).append("\r\n");
    }
    if (what.method != "GET")
        out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(what.body.size()) + "\r\n";
    return out + "\r\n" + what.body;
}

class http_response_reader::parser final : public http::basic_parser<false> {
public:
    http_response head;
    std::string body;

private:
    using text = beast::string_view;
    void on_request_impl(http::verb, text, text, int, beast::error_code&) override {}
    void on_response_impl(int code, text reason, int, beast::error_code& ec) override {
        head.status = static_cast<unsigned>(code);
        head.reason.assign(reason.data(), reason.size());
        if (code < 200) ec = http::error::bad_status;
    }
    void on_field_impl(http::field, text, text, beast::error_code&) override {}
    void on_header_impl(beast::error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
    std::size_t on_body_impl(text part, beast::error_code&) override {
        body.append(part.data(), part.size());
        return part.size();
    }
    void on_chunk_header_impl(std::uint64_t, text, beast::error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, text part, beast::error_code&) override {
        body.append(part.data(), part.size());
        return part.size();
    }
    void on_finish_impl(beast::error_code&) override {}
};

http_response_reader::http_response_reader(std::size_t body_bytes_max) : parser_(std::make_unique<parser>()) {
    parser_->eager(true);
    parser_->header_limit(limits::http_head_bytes_max);
    if (body_bytes_max == 0)
        parser_->body_limit(boost::none);
    else
        parser_->body_limit(body_bytes_max);
}
http_response_reader::~http_response_reader() = default;

result<void> http_response_reader::feed(byte_view bytes) {
    if (bytes.empty()) return {};
    untouched_ = false;
    if (parser_->is_done()) return error{errc::malformed, "more was sent than the answer"};
    unread_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    while (!unread_.empty() && !parser_->is_done()) {
        beast::error_code code;
        const auto count = parser_->put(boost::asio::const_buffer{unread_.data(), unread_.size()}, code);
        unread_.erase(0, count);
        if (code == http::error::need_more) break;
        if (code) return translated(code);
        if (count == 0) break;
    }
    // What a chunk's own head may take; the body itself never stays here.
    if (unread_.size() > limits::http_head_bytes_max) return translated(http::error::header_limit);
    return {};
}

result<void> http_response_reader::end_of_stream() {
    if (parser_->is_done()) return {};
    beast::error_code code;
    if (parser_->is_header_done()) parser_->put_eof(code);
    if (!parser_->is_done() || code) return error{wire::errc::closed, "the answer broke off"};
    return {};
}

bool http_response_reader::is_untouched() const noexcept { return untouched_; }
bool http_response_reader::has_head() const noexcept { return parser_->is_header_done(); }
bool http_response_reader::is_complete() const noexcept { return parser_->is_done(); }
bool http_response_reader::keeps_alive() const noexcept { return parser_->keep_alive() && unread_.empty(); }
http_response http_response_reader::head() const { return parser_->head; }
std::string http_response_reader::take_body() { return std::exchange(parser_->body, {}); }

} // namespace sedge::cluster
