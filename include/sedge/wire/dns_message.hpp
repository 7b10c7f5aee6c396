// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/result.hpp>
#include <sedge/wire/dns.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sedge::wire {

/// A DNS message, of unicast or multicast DNS (core). Spec: RFC 1035 section 4, RFC 2782, RFC 3596, RFC 6762
/// section 18.
struct dns_message {
    struct question {
        std::string name;
        std::uint16_t type = 0;      ///< `dns_type`, or any other; 255: all.
        bool unicast_answer = false; ///< Multicast DNS: answer to the asker alone.
        friend bool operator==(const question&, const question&) = default;
    };
    std::uint16_t id = 0;
    bool is_response = false;
    bool is_authoritative = false;
    bool is_truncated = false;
    std::uint8_t opcode = 0;
    std::uint8_t rcode = 0;
    std::vector<question> questions;
    std::vector<dns_record> answers;
    std::vector<dns_record> authorities;
    std::vector<dns_record> additional;

    friend bool operator==(const dns_message&, const dns_message&) = default;
};

inline constexpr std::uint16_t dns_type_any = 255;

/// Reads a message from outside. Records of other types and classes are skipped. Errors: errc::malformed,
/// errc::limit_exceeded.
result<dns_message> decode_dns_message(byte_view bytes);

/// Names are not compressed. Precondition: all names have labels (`dns_labels`), each text has at most 255 bytes.
byte_buffer encode_dns_message(const dns_message& message);

/// The records of `type` that a response gives to its own question, aliases followed; others that it holds are left
/// out. An existing name without such records gives none. Errors: dns_errc::no_such_name for a name that does not
/// exist, dns_errc::no_answer for a server that refuses or fails, as decode_dns_message.
result<std::vector<dns_record>> dns_answers(byte_view response, dns_type type);

} // namespace sedge::wire
