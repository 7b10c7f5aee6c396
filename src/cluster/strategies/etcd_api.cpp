// SPDX-License-Identifier: Apache-2.0
//
// etcd v3 by its JSON gateway: protocol buffers as JSON, bytes in base64, 64-bit numbers as text.
//
//   POST /v3/auth/authenticate  {name, password}                -> {token}     only where authentication is on
//   POST /v3/lease/grant        {TTL}                           -> {ID, TTL}
//   POST /v3/kv/put             {key, value, lease}             -> {header}
//   POST /v3/lease/keepalive    {ID}                            -> {result: {ID, TTL}}; no TTL: it has run out
//   POST /v3/kv/range           {key, range_end}                -> {header: {revision}, kvs: [{key, mod_revision}]}
//   POST /v3/watch              {create_request: {key, range_end, start_revision}}
//                               -> a stream of lines {result: {created | events: [{type, kv}] | canceled}}
//
// The list comes first; the watch begins at the revision behind it, so nothing falls between the two. If the server
// has forgotten that revision (compaction), it ends the watch, and both are begun anew. A key that is there with an
// older change than one already seen changes nothing, so a list that is repeated beside the watch does no harm.
#include "cluster/strategies/etcd_api.hpp"

#include "cluster/json.hpp"
#include "cluster/source_limits.hpp"

#include <sedge/base/log.hpp>

#include <boost/json/serialize.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

namespace sedge::cluster::etcd {
namespace {

constexpr std::size_t refusal_characters_max = 200;
constexpr std::size_t members_max = 4 * limits::topology_nodes_max; // above it, further ones are not remembered

http_request post(std::string target, const boost::json::value& body) {
    http_request out;
    out.method = "POST";
    out.target = std::move(target);
    out.body = boost::json::serialize(body);
    return out;
}

// The first key behind all that begin with the prefix.
std::string end_of(std::string_view prefix) {
    std::string out{prefix};
    while (!out.empty() && static_cast<unsigned char>(out.back()) == 0xff) out.pop_back();
    if (out.empty()) return std::string(1, '\0'); // all keys
    out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) + 1);
    return out;
}

std::optional<std::int64_t> number_at(const boost::json::value& from, std::initializer_list<std::string_view> path) {
    const auto* at = json_at(from, path);
    if (!at) return std::nullopt;
    if (const auto* number = at->if_int64()) return *number;
    const auto text = json_text(from, path);
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

error malformed(const std::string& what) { return {errc::malformed, "the answer of etcd " + what}; }

} // namespace

std::string to_base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const auto count =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(count));
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    if (text.empty()) return std::string{};
    const auto padding = static_cast<std::size_t>(text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0);
    if (text.find('=') < text.size() - padding) return std::nullopt;
    std::string out(text.size() / 4 * 3, '\0');
    const auto count =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (count < 0 || static_cast<std::size_t>(count) < padding) return std::nullopt;
    out.resize(static_cast<std::size_t>(count) - padding);
    return out;
}

http_request login(const std::string& user_name, const std::string& password) {
    return post("/v3/auth/authenticate", {{"name", user_name}, {"password", password}});
}
http_request grant_lease(seconds ttl) { return post("/v3/lease/grant", {{"TTL", std::to_string(ttl.count())}}); }
http_request keep_alive(const std::string& lease) { return post("/v3/lease/keepalive", {{"ID", lease}}); }
http_request put(std::string_view key, std::string_view value, const std::string& lease) {
    return post("/v3/kv/put", {{"key", to_base64(key)}, {"value", to_base64(value)}, {"lease", lease}});
}
http_request list(std::string_view prefix) {
    return post("/v3/kv/range", {{"key", to_base64(prefix)},
                                 {"range_end", to_base64(end_of(prefix))},
                                 {"keys_only", true},
                                 {"limit", std::to_string(members_max)}});
}
http_request watch(std::string_view prefix, std::int64_t revision) {
    return post("/v3/watch", {{"create_request",
                               {{"key", to_base64(prefix)},
                                {"range_end", to_base64(end_of(prefix))},
                                {"start_revision", std::to_string(revision)}}}});
}

result<std::string> read_token(std::string_view json) {
    auto root = parse_json(json);
    if (!root) return std::move(root).error();
    std::string token{json_text(*root, {"token"})};
    if (token.empty()) return malformed("has no token");
    return token;
}

result<lease> read_lease(std::string_view json) {
    auto root = parse_json(json);
    if (!root) return std::move(root).error();
    const auto* inner = json_at(*root, {"result"});
    const auto& from = inner ? *inner : *root;
    lease out;
    out.id = std::string{json_text(from, {"ID"})};
    if (out.id.empty()) return malformed("has no lease");
    out.ttl = seconds{std::clamp<std::int64_t>(number_at(from, {"TTL"}).value_or(0), 0, 1'000'000'000)};
    return out;
}

result<void> members::listed(std::string_view json) {
    auto root = parse_json(json);
    if (!root) return std::move(root).error();
    const auto revision = number_at(*root, {"header", "revision"});
    if (!revision) return malformed("has no revision");
    if (*revision<revision_&& * revision> 1) return {}; // of another member, which lags behind
    std::map<std::string, std::int64_t> names;
    for (const auto& entry : json_list(*root, {"kvs"})) {
        auto key = from_base64(json_text(entry, {"key"}));
        if (key && key->starts_with(prefix_) && names.size() < members_max)
            names.emplace(key->substr(prefix_.size()), number_at(entry, {"mod_revision"}).value_or(0));
    }
    names_ = std::move(names);
    revision_ = *revision;
    return {};
}

result<members::news> members::told(std::string_view json) {
    auto root = parse_json(json);
    if (!root) return std::move(root).error();
    if (json_at(*root, {"error"})) return news::ended;
    const auto* result = json_at(*root, {"result"});
    if (!result) return malformed("is no message of a watch");
    const auto* canceled = json_at(*result, {"canceled"});
    if ((canceled && canceled->is_bool() && canceled->get_bool()) || json_at(*result, {"compact_revision"}))
        return news::ended;
    auto what = news::none;
    for (const auto& event : json_list(*result, {"events"})) {
        auto key = from_base64(json_text(event, {"kv", "key"}));
        const auto revision = number_at(event, {"kv", "mod_revision"}).value_or(0);
        if (!key || !key->starts_with(prefix_)) continue;
        auto name = key->substr(prefix_.size());
        const auto known = names_.find(name);
        if (known != names_.end() && revision < known->second) continue;
        const bool is_gone = json_text(event, {"type"}) == "DELETE";
        if (is_gone && known != names_.end()) {
            names_.erase(known);
            what = news::changed;
        } else if (!is_gone && (known != names_.end() || names_.size() < members_max)) {
            if (known == names_.end()) what = news::changed;
            names_[std::move(name)] = revision;
        }
        revision_ = std::max(revision_, revision);
    }
    return what;
}

std::vector<std::string> members::names() const {
    std::vector<std::string> out;
    for (const auto& [name, revision] : names_) out.push_back(name);
    return out;
}

result<std::vector<std::string>> message_splitter::feed(std::string_view part) {
    std::vector<std::string> out;
    unfinished_.append(part);
    std::size_t begin = 0;
    for (auto end = unfinished_.find('\n'); end != std::string::npos; end = unfinished_.find('\n', begin)) {
        if (end > begin) out.push_back(unfinished_.substr(begin, end - begin));
        begin = end + 1;
    }
    unfinished_.erase(0, begin);
    if (unfinished_.size() > limits::http_body_bytes_max)
        return error{errc::limit_exceeded, "one message of the watch is longer than " +
                                               std::to_string(limits::http_body_bytes_max) + " bytes"};
    return out;
}

std::string refusal(const http_response& answer) {
    const auto body = parse_json(answer.body);
    std::string text{body ? json_text(*body, {"error"}) : std::string_view{}};
    if (text.empty() && body) text = json_text(*body, {"message"});
    if (text.empty()) text = answer.body;
    text.resize(std::min(text.size(), refusal_characters_max));
    return "etcd says " + std::to_string(answer.status) + " " + printable(answer.reason) + ": " + printable(text);
}

} // namespace sedge::cluster::etcd
