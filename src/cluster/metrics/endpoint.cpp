// SPDX-License-Identifier: Apache-2.0
#include "cluster/metrics/endpoint.hpp"

#include "cluster/metrics/http_request.hpp"
#include "cluster/metrics/metrics_limits.hpp"

#include <sedge/wire/environment.hpp>

#include <array>

namespace sedge::cluster {
namespace {

constexpr std::string_view plain_text = "text/plain; charset=utf-8";
constexpr std::string_view prometheus_text = "text/plain; version=0.0.4; charset=utf-8";

task<result<void>> read_question(wire::stream* from, http_request_reader* into) {
    std::array<std::uint8_t, 4096> buffer;
    while (!into->is_complete()) {
        auto reading = wire::read_some(*from, buffer);
        const auto count = co_await std::move(reading);
        if (!count) co_return count.error();
        auto fed = into->feed(byte_view{buffer}.first(*count));
        if (!fed) co_return fed;
    }
    co_return result<void>{};
}

} // namespace

metrics_endpoint::metrics_endpoint(environment& env, const metrics& what, metrics_endpoint_options options)
    : env_(env), metrics_(what), options_(std::move(options)) {}

result<void> metrics_endpoint::listen() {
    auto made = env_.net().listen(options_.at);
    if (!made) return std::move(made).error().within("metrics at " + to_string(options_.at));
    listener_ = std::move(*made);
    acceptor_.start(accept());
    return {};
}

wire::endpoint metrics_endpoint::listening_at() const { return listener_ ? listener_->local() : wire::endpoint{}; }

task<> metrics_endpoint::accept() {
    for (;;) {
        auto accepting = listener_->accept();
        auto client = co_await std::move(accepting);
        if (!client && client.error() == make_error_code(wire::errc::closed)) co_return;
        if (!client) {
            auto pause = sleep_for(env_, milliseconds{100});
            co_await std::move(pause);
        } else if (clients_.size() < limits::metric_connections_max) { // else it is closed, and none is delayed
            clients_.start(serve(std::move(*client)));
        }
    }
}

task<> metrics_endpoint::serve(std::unique_ptr<wire::stream> client) {
    http_request_reader reader;
    auto reading =
        with_deadline(env_, env_.now() + limits::metric_request_time_max, read_question(client.get(), &reader));
    const auto read = co_await std::move(reading);
    std::string text;
    if (read)
        text = answer(reader.question(), client->local());
    else if (read.error() == make_error_code(errc::malformed) || read.error() == make_error_code(errc::limit_exceeded))
        text = encode_answer(400, plain_text, read.error().context() + "\n", true);
    else
        co_return; // gone, or too slow
    auto writing = wire::write_all(*client, as_bytes(text));
    auto bounded = with_deadline(env_, env_.now() + limits::metric_answer_time_max, std::move(writing));
    (void)co_await std::move(bounded);
}

std::string metrics_endpoint::answer(const http_question& asked, const wire::endpoint& local) const {
    auto hosts = options_.hosts;
    hosts.emplace_back("localhost");
    hosts.push_back(to_string(options_.at.address));
    hosts.push_back(to_string(local.address));
    const bool with_body = asked.method != "HEAD";
    if (!is_host_among(asked.host, hosts))
        return encode_answer(421, plain_text, "Not asked by a name of this endpoint: see hosts in [metrics].\n",
                             with_body);
    if (asked.method != "GET" && asked.method != "HEAD")
        return encode_answer(405, plain_text, "Only GET and HEAD.\n", true);
    if (asked.target.substr(0, asked.target.find('?')) != "/metrics")
        return encode_answer(404, plain_text, "The metrics are at /metrics.\n", with_body);
    return encode_answer(200, prometheus_text, to_prometheus(metrics_.collect()), with_body);
}

} // namespace sedge::cluster
