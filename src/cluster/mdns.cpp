// SPDX-License-Identifier: Apache-2.0
//
// DNS-SD (RFC 6763) on multicast DNS (RFC 6762), as far as nodes need it to find each other, and as far as Avahi,
// Bonjour and others must be answered to see them.
//
//   _sedge._tcp.local                    PTR  NODE._sedge._tcp.local          the list of instances
//   NODE._sedge._tcp.local               SRV  0 0 4369 sedge-DIGEST.local     where its machine's port mapper is
//   NODE._sedge._tcp.local               TXT  "node=NODE"                     its name, whole
//   sedge-DIGEST.local                   A, AAAA                              the addresses of its machine
//   _services._dns-sd._udp.local         PTR  _sedge._tcp.local               that there is such a service
//
//   start      a query for the list, and an announcement (all of the above, unasked), twice, a second apart
//   query      for the list, for one of our names, or for all: answered by multicast with everything; not if the query
//              itself holds our PTR with at least half of its time left (known-answer suppression)
//   leave      the announcement with a time to live of 0
//   lost       a query or answer that is lost is made good by the next query; there is one a minute
//
// The name of an instance is the node's name, which nobody else in the cluster may have; so there is no probing. The
// host name is of our own making, so that it is never in conflict with the machine's, which Avahi may be announcing.
// Nothing here is authenticated: whether a name that was heard may be dialled is for `trust` to say.
#include <sedge/cluster/limits.hpp>
#include <sedge/cluster/mdns.hpp>
#include <sedge/dist/node_name.hpp>

#include <algorithm>
#include <map>

namespace sedge::cluster {
namespace {

using wire::dns_message;
using wire::dns_record;
using wire::dns_type;
using wire::same_dns_name;

constexpr std::string_view all_services = "_services._dns-sd._udp.local";
constexpr std::string_view node_key = "node=";
constexpr std::size_t label_bytes_max = 63;
constexpr std::size_t text_bytes_max = 255;
constexpr std::size_t digest_digits = 8;
constexpr seconds list_ttl{4500};  // RFC 6762 section 10: 75 minutes
constexpr seconds host_ttl{120};   // of records with a host name or address: 2 minutes
constexpr seconds unicast_ttl{10}; // at most, for resolvers that know nothing of multicast: section 6.7
constexpr std::size_t addresses_max = 16;

// FNV-1a: the same everywhere, and no secret.
std::string digest_of(std::string_view text) {
    std::uint32_t state = 0x811c9dc5;
    for (char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x01000193;
    std::string out;
    for (std::size_t i = 0; i < digest_digits; ++i) out += "0123456789abcdef"[state >> (28 - 4 * i) & 15];
    return out;
}

std::string host_name_of(std::string_view node) { return "sedge-" + digest_of(node) + ".local"; }

dns_record record_of(std::string name, dns_type type, seconds ttl, bool unique) {
    dns_record out;
    out.name = std::move(name);
    out.type = type;
    out.ttl = ttl;
    out.replaces = unique;
    return out;
}

dns_record pointer_to(const mdns_instance& self) {
    auto out = record_of(std::string{mdns_service_type}, dns_type::ptr, list_ttl, false);
    out.target = mdns_instance_name(self.node);
    return out;
}

// SRV, TXT and addresses: what belongs to us alone.
std::vector<dns_record> own_records(const mdns_instance& self) {
    std::vector<dns_record> out;
    auto where = record_of(mdns_instance_name(self.node), dns_type::srv, host_ttl, true);
    where.port = self.port;
    where.target = host_name_of(self.node);
    out.push_back(std::move(where));
    auto text = record_of(mdns_instance_name(self.node), dns_type::txt, list_ttl, true);
    if (node_key.size() + self.node.size() <= text_bytes_max) text.texts = {std::string{node_key} + self.node};
    out.push_back(std::move(text));
    for (std::size_t i = 0; i < std::min(self.addresses.size(), addresses_max); ++i) {
        const auto& address = self.addresses[i];
        auto host = record_of(host_name_of(self.node), address.is_v4() ? dns_type::a : dns_type::aaaa, host_ttl, true);
        host.address = address;
        out.push_back(std::move(host));
    }
    return out;
}

dns_message empty_answer() {
    dns_message out;
    out.is_response = out.is_authoritative = true;
    return out;
}

bool asks_for(const dns_message::question& q, dns_type type) {
    return q.type == static_cast<std::uint16_t>(type) || q.type == wire::dns_type_any;
}

// What our answer to a query begins with; nothing if it is not for us.
std::vector<dns_record> answers_for(const mdns_instance& self, const dns_message& query) {
    const auto pointer = pointer_to(self);
    const auto own = own_records(self);
    std::vector<dns_record> out;
    auto add = [&out](const dns_record& record) {
        if (std::ranges::find(out, record) == out.end()) out.push_back(record);
    };
    for (const auto& q : query.questions) {
        if (same_dns_name(q.name, mdns_service_type) && asks_for(q, dns_type::ptr)) {
            const bool is_known = std::ranges::any_of(query.answers, [&pointer](const auto& known) {
                return known.type == dns_type::ptr && same_dns_name(known.target, pointer.target) &&
                       known.ttl * 2 >= pointer.ttl;
            });
            if (!is_known) add(pointer);
        }
        if (same_dns_name(q.name, all_services) && asks_for(q, dns_type::ptr)) {
            auto service = record_of(std::string{all_services}, dns_type::ptr, list_ttl, false);
            service.target = mdns_service_type;
            add(service);
        }
        for (const auto& record : own)
            if (same_dns_name(q.name, record.name) && asks_for(q, record.type)) add(record);
    }
    return out;
}

std::optional<byte_buffer> answer_to(const mdns_instance& self, const dns_message& query, bool by_unicast) {
    auto message = empty_answer();
    message.answers = answers_for(self, query);
    if (message.answers.empty()) return std::nullopt;
    for (auto& record : own_records(self))
        if (std::ranges::find(message.answers, record) == message.answers.end())
            message.additional.push_back(std::move(record));
    if (by_unicast) {
        message.id = query.id;
        message.questions = query.questions;
        for (auto* list : {&message.answers, &message.additional})
            for (auto& record : *list) {
                record.ttl = std::min(record.ttl, unicast_ttl);
                record.replaces = false;
            }
    }
    return encode_dns_message(message);
}

// The node that an instance is: as its TXT record says, else as it is called.
result<node_name> node_of(const std::string& instance, const std::vector<const dns_record*>& texts) {
    for (const auto* record : texts) {
        if (!same_dns_name(record->name, instance)) continue;
        for (const auto& text : record->texts)
            if (text.starts_with(node_key)) return node_name::parse(std::string_view{text}.substr(node_key.size()));
    }
    const auto labels = wire::dns_labels(instance);
    return node_name::parse(labels.empty() ? std::string_view{} : labels.front());
}

void take_answer(const mdns_instance& self, const dns_message& answer, mdns_hearing& out) {
    std::vector<const dns_record*> texts;
    std::vector<const dns_record*> pointers;
    const auto own_name = mdns_instance_name(self.node);
    const auto own_host = host_name_of(self.node);
    for (const auto* list : {&answer.answers, &answer.additional})
        for (const auto& record : *list) {
            if (record.type == dns_type::txt) texts.push_back(&record);
            if (record.type == dns_type::ptr && same_dns_name(record.name, mdns_service_type))
                pointers.push_back(&record);
            if (record.type == dns_type::srv && same_dns_name(record.name, own_name) &&
                !same_dns_name(record.target, own_host))
                out.somebody_has_our_name = true;
        }
    for (const auto* pointer : pointers) {
        if (out.nodes.size() == limits::mdns_instances_max) return;
        auto node = node_of(pointer->target, texts);
        if (!node)
            ++out.bad_names;
        else if (node->full.text() != self.node)
            out.nodes.push_back({node->full, pointer->ttl == seconds{0}});
    }
}

} // namespace

std::string mdns_instance_name(std::string_view node) {
    std::string label{node};
    if (label.size() > label_bytes_max)
        label = label.substr(0, label_bytes_max - 1 - digest_digits) + '-' + digest_of(node);
    return wire::dns_text({label}) + '.' + std::string{mdns_service_type};
}

byte_buffer encode_mdns_announcement(const mdns_instance& self, bool leaving) {
    auto message = empty_answer();
    message.answers = own_records(self);
    message.answers.insert(message.answers.begin(), pointer_to(self));
    if (leaving)
        for (auto& record : message.answers) record.ttl = seconds{0};
    return encode_dns_message(message);
}

byte_buffer encode_mdns_query() {
    dns_message message;
    message.questions.push_back({std::string{mdns_service_type}, static_cast<std::uint16_t>(dns_type::ptr), false});
    return encode_dns_message(message);
}

result<mdns_hearing> hear_mdns(const mdns_instance& self, byte_view datagram, bool from_multicast_port) {
    if (datagram.size() > limits::mdns_packet_bytes_max)
        return error{errc::limit_exceeded, "longer than mdns_packet_bytes_max"};
    auto message = wire::decode_dns_message(datagram);
    if (!message) return std::move(message).error();
    mdns_hearing out;
    if (message->opcode != 0 || message->rcode != 0) return out; // RFC 6762 section 18: to be ignored
    if (message->is_response) {
        if (from_multicast_port) take_answer(self, *message, out); // section 11: others are forged
        return out;
    }
    out.answer_by_unicast = !from_multicast_port;
    out.answer = answer_to(self, *message, out.answer_by_unicast);
    out.asked_who_is_there =
        from_multicast_port && message->answers.empty() && std::ranges::any_of(message->questions, [](const auto& q) {
            return same_dns_name(q.name, mdns_service_type) && asks_for(q, dns_type::ptr);
        });
    return out;
}

} // namespace sedge::cluster
