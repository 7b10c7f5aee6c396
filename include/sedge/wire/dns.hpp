// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/clock.hpp>
#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/wire/address.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sedge {
class environment;
}

namespace sedge::limits {
inline constexpr std::size_t dns_message_bytes_max = 65'535; ///< The length field of DNS over TCP; 4,000 addresses.
} // namespace sedge::limits

namespace sedge::wire {

/// What is wrong with an answer of DNS.
enum class dns_errc {
    no_such_name = 1, ///< The server says that the name does not exist, or it cannot be one.
    no_answer,        ///< The server refuses, fails, answers nonsense, or is not reachable. Ask again later.
};
const std::error_category& dns_category() noexcept;
inline std::error_code make_error_code(dns_errc code) noexcept { return {static_cast<int>(code), dns_category()}; }

/// The kinds of records that are read; the numbers are DNS' own.
enum class dns_type : std::uint16_t { a = 1, cname = 5, ptr = 12, txt = 16, aaaa = 28, srv = 33 };
std::string_view to_string(dns_type type) noexcept; ///< `A`, `SRV`, ...

/// One record. Names are text without the final dot; a dot or backslash inside a label is written `\.`, `\\`, any
/// byte that is no printable ASCII `\DDD`.
struct dns_record {
    std::string name;
    dns_type type = dns_type::a;
    seconds ttl{0};
    bool replaces = false;          ///< Multicast DNS: what was known of this name and type before is void.
    ip_address address;             ///< A, AAAA.
    std::string target;             ///< CNAME, PTR, SRV.
    std::uint16_t priority = 0;     ///< SRV.
    std::uint16_t weight = 0;       ///< SRV.
    std::uint16_t port = 0;         ///< SRV.
    std::vector<std::string> texts; ///< TXT.

    friend bool operator==(const dns_record&, const dns_record&) = default;
};

/// What `query` asks, and whom.
struct dns_question {
    std::string name;
    dns_type type = dns_type::a;
    std::vector<endpoint> servers;  ///< Asked in this order; empty: those of /etc/resolv.conf.
    bool search = false;            ///< Try the search domains of /etc/resolv.conf, too.
    duration patience = seconds{5}; ///< For everything: all servers and tries.
};

/// Asks DNS, never /etc/hosts. A name that exists without such records gives an empty list. Records come in no order;
/// there are at most as many as fit into `limits::dns_message_bytes_max`.
///
///     auto asking = wire::query(env, {.name = "_sedge._tcp.plant.internal", .type = wire::dns_type::srv});
///     auto services = co_await std::move(asking);
///
/// Errors: dns_errc::no_such_name, dns_errc::no_answer, errc::timed_out if nothing came within `patience`.
task<result<std::vector<dns_record>>> query(environment& env, dns_question question);

/// The part of a `transport` that answers `query`: the system's and the simulation's have it.
class dns_client {
public:
    virtual ~dns_client() = default;
    virtual task<result<std::vector<dns_record>>> query(dns_question question) = 0;
};

/// The labels of a name that is written as above; empty if it is none (a label of 0 or more than 63 bytes, more than
/// 255 bytes in all, a backslash at the end).
std::vector<std::string> dns_labels(std::string_view name);
/// The other way.
std::string dns_text(const std::vector<std::string>& labels);
/// Names are compared without regard to the case of ASCII letters.
bool same_dns_name(std::string_view a, std::string_view b) noexcept;

} // namespace sedge::wire

template <>
struct std::is_error_code_enum<sedge::wire::dns_errc> : std::true_type {};
