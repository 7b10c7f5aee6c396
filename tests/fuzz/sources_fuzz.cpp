// SPDX-License-Identifier: Apache-2.0
//
// What the servers that are asked for node names may answer: the first byte chooses the reader, the rest is the
// answer. HTTP is fed in pieces; whatever comes out must be the same as in one piece.
#include "cluster/http_message.hpp"
#include "cluster/strategies/etcd_api.hpp"
#include "cluster/strategies/kubernetes_api.hpp"
#include "cluster/strategies/rancher_api.hpp"
#include "cluster/url.hpp"

#include <sedge/base/assert.hpp>
#include <sedge/base/log.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

using namespace sedge;
using namespace sedge::cluster;

namespace {

/// Status and body of an answer that comes in pieces of that size; empty if it is none.
std::string read_http(byte_view bytes, std::size_t piece) {
    http_response_reader reader{64 * 1024};
    std::string body;
    for (std::size_t at = 0; at < bytes.size() && !reader.is_complete(); at += piece) {
        auto fed = reader.feed(bytes.subspan(at, std::min(piece, bytes.size() - at)));
        if (!fed) {
            SEDGE_ASSERT(!fed.error().message().empty());
            return {};
        }
        body += reader.take_body();
    }
    if (!reader.end_of_stream()) return {};
    return std::to_string(reader.head().status) + body + reader.take_body();
}

void read_kubernetes(std::string_view text, kubernetes_strategy::lookup where, kubernetes_strategy::naming how) {
    kubernetes_strategy options;
    options.node_basename = "app";
    options.selector = "app=app";
    options.service_name = "svc";
    options.ip_lookup_mode = where;
    options.mode = how;
    auto page = read_kubernetes_page(text, options);
    if (!page) return;
    for (const auto& name : page->names) SEDGE_ASSERT(name.starts_with("app@"));
    SEDGE_ASSERT(!kubernetes_target(options, "ns", page->next).empty());
    const auto said = kubernetes_refusal({500, "x", std::string{text}});
    SEDGE_ASSERT(printable(said) == said);
}

void read_etcd(std::string_view text) {
    etcd::members known{"/n/"};
    static_cast<void>(known.listed(text));
    etcd::message_splitter splitter;
    auto messages = splitter.feed(text);
    if (!messages) return;
    for (const auto& message : *messages) static_cast<void>(known.told(message));
    static_cast<void>(known.names());
    static_cast<void>(etcd::read_lease(text));
    static_cast<void>(etcd::read_token(text));
    if (auto bytes = etcd::from_base64(text)) static_cast<void>(etcd::to_base64(*bytes));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using lookup = kubernetes_strategy::lookup;
    using naming = kubernetes_strategy::naming;
    if (size == 0) return 0;
    const byte_view bytes{data + 1, size - 1};
    const auto text = as_text(bytes);
    switch (data[0]) {
    case 'h': {
        const auto whole = read_http(bytes, bytes.size() + 1);
        const auto bits = read_http(bytes, 3);
        SEDGE_ASSERT(whole.empty() || bits.empty() || whole == bits);
        break;
    }
    case 'k': read_kubernetes(text, lookup::endpoints, naming::ip); break;
    case 'n': read_kubernetes(text, lookup::endpoints, naming::hostname); break;
    case 'p': read_kubernetes(text, lookup::pods, naming::dns); break;
    case 'r':
        if (auto names = read_rancher_service(text, "app"))
            for (const auto& name : *names) SEDGE_ASSERT(name.starts_with("app@"));
        break;
    case 'e': read_etcd(text); break;
    case 'u':
        if (auto server = parse_url(text)) SEDGE_ASSERT(!server->host.empty() && server->port != 0);
        SEDGE_ASSERT(percent_encoded(text).size() >= text.size());
        break;
    default: break;
    }
    return 0;
}
