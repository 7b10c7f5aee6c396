// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/http_message.hpp"

#include <sedge/base/clock.hpp>
#include <sedge/base/result.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The part of etcd's JSON gateway that the strategy uses (core). See etcd_api.cpp for the exchange.
namespace sedge::cluster::etcd {

std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

http_request login(const std::string& user_name, const std::string& password);
http_request grant_lease(seconds ttl);
http_request keep_alive(const std::string& lease);
http_request put(std::string_view key, std::string_view value, const std::string& lease);
http_request list(std::string_view prefix);
/// `revision`: the first one to tell of.
http_request watch(std::string_view prefix, std::int64_t revision);

/// The token of an answer to `login`. Errors: errc::malformed.
result<std::string> read_token(std::string_view json);

/// Of `grant_lease` or `keep_alive`. A lease that has run out has the time 0. Errors: errc::malformed.
struct lease {
    std::string id;
    seconds ttl{0};
};
result<lease> read_lease(std::string_view json);

/// The keys below the prefix, as lists and watches tell of them.
class members {
public:
    explicit members(std::string prefix) : prefix_(std::move(prefix)) {}

    /// Takes the answer to `list` for the truth. Errors: errc::malformed.
    result<void> listed(std::string_view json);

    enum class news { none, changed, ended };
    /// Takes one message of a watch. `ended`: the server ended the watch (its revisions were compacted, say); list and
    /// watch anew. Errors: errc::malformed.
    result<news> told(std::string_view json);

    [[nodiscard]] std::vector<std::string> names() const; ///< What stands behind the prefix.
    [[nodiscard]] bool contains(const std::string& name) const { return names_.contains(name); }
    [[nodiscard]] std::int64_t revision() const noexcept { return revision_; } ///< The newest that is known.

private:
    std::string prefix_;
    std::map<std::string, std::int64_t> names_; // with the revision of their last change
    std::int64_t revision_ = 0;
};

/// Cuts the stream of a watch into its messages, which end with a newline.
class message_splitter {
public:
    /// Messages that are complete. Errors: errc::limit_exceeded for one above limits::http_body_bytes_max.
    result<std::vector<std::string>> feed(std::string_view part);

private:
    std::string unfinished_;
};

/// What is wrong with an answer, as a sentence: `etcd says 401 Unauthorized: ...`.
std::string refusal(const http_response& answer);

} // namespace sedge::cluster::etcd
