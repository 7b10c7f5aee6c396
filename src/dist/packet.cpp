// SPDX-License-Identifier: Apache-2.0
//
// The packets of an established connection, without their 32-bit length:
//
//   (nothing)                                          a tick
//   112  131 control  [131 payload]                    pass-through: neither cache nor fragments were chosen
//   131 68  header  control  [payload]                 else: a whole message
//   131 69  sequence:64 count:64  header  control  part of payload
//   131 70  sequence:64 number:64  part of payload     number counts down to 1
//
// The header is that of atom_cache.cpp; its atoms stand for tag 82 in control and payload, also of later parts. Which
// form is legal follows from the chosen flags; any other closes the connection, since both sides' caches would differ.
// Bytes behind the payload are ignored, as OTP does.
#include <sedge/dist/error.hpp>
#include <sedge/dist/packet.hpp>

#include <algorithm>
#include <cstring>

namespace sedge::dist {

namespace {

constexpr std::uint8_t pass_through_tag = 112;
constexpr std::uint8_t version_tag = 131;
constexpr std::uint8_t whole_tag = 68;
constexpr std::uint8_t first_part_tag = 69;
constexpr std::uint8_t next_part_tag = 70;
constexpr std::size_t open_part_bytes_max = 256 * 1024; // OTP's have 64 KiB

error broken(const std::string& why) { return {errc::bad_packet, why}; }

decode_options payload_options(std::span<const atom> atoms, bool version_byte) {
    decode_options options;
    options.version_byte = version_byte;
    options.compressed = false; // illegal inside packets
    options.header_atoms = atoms;
    return options;
}

/// The payload at the start of `bytes`, where one belongs to the control message.
result<std::optional<incoming>> complete(decoded_control control, byte_view bytes, std::span<const atom> atoms,
                                         bool version_byte) {
    std::optional<incoming> whole{incoming{std::move(control.message), std::move(control.reason)}};
    if (control.payload_follows) {
        auto payload = term::decode_prefix(bytes, payload_options(atoms, version_byte));
        if (!payload)
            return broken("payload of " + std::string{operation_name(whole->control)} + ": " +
                          payload.error().message());
        whole->payload = std::move(payload->value);
    }
    return whole;
}

result<std::optional<incoming>> as_incoming(result<std::optional<reassembly::message>> whole) {
    if (!whole) return std::move(whole).error();
    if (!whole->has_value()) return std::optional<incoming>{};
    auto& message = **whole;
    return std::optional<incoming>{incoming{std::move(message.control), std::move(message.payload)}};
}

} // namespace

result<std::optional<incoming>> packet_decoder::feed(byte_view packet, time_point now) {
    if (packet.empty()) return std::optional<incoming>{};
    const bool headers = chosen_.has(capability::dist_hdr_atom_cache) || chosen_.has(capability::fragments);
    return headers ? headed(packet, now) : pass_through(packet);
}

const control::send* packet_decoder::feed_again(byte_view packet, term& payload) {
    const std::size_t size = last_.size;
    if (size == 0 || packet.size() <= size || std::memcmp(packet.data(), last_.bytes.data(), size) != 0) return nullptr;
    auto decoded = term::decode_prefix(packet.subspan(size), payload_options(atoms_, false));
    if (!decoded) return nullptr;
    payload = std::move(decoded->value);
    return &last_.control;
}

void packet_decoder::remember(const control::send& message, byte_view beginning) {
    if (beginning.size() > last_.bytes.size()) return;
    std::copy(beginning.begin(), beginning.end(), last_.bytes.begin());
    last_.size = beginning.size();
    last_.control = message;
}

std::span<std::uint8_t> packet_decoder::open_part(byte_view beginning, std::size_t whole) {
    // A size is a claim until the bytes have come: only what every peer sends gets memory before.
    if (beginning.size() < part_head_bytes || whole > open_part_bytes_max || !chosen_.has(capability::fragments))
        return {};
    reader in{beginning};
    if (in.u8() != version_tag || in.u8() != next_part_tag) return {};
    const std::uint64_t sequence = in.u64();
    const std::uint64_t number = in.u64();
    return fragments_.open(sequence, number, whole - part_head_bytes);
}

result<std::optional<incoming>> packet_decoder::close_part() { return as_incoming(fragments_.close()); }

result<std::optional<incoming>> packet_decoder::pass_through(byte_view packet) {
    if (packet.size() < 2 || packet[0] != pass_through_tag || packet[1] != version_tag)
        return broken("not a pass-through packet");
    const byte_view terms = packet.subspan(2);
    auto control = decode_control(terms, {});
    if (!control) return std::move(control).error();
    const auto behind = terms.subspan(control->consumed);
    return complete(std::move(*control), behind, {}, true);
}

result<std::optional<incoming>> packet_decoder::headed(byte_view packet, time_point now) {
    reader in{packet};
    const bool versioned = in.u8() == version_tag;
    const std::uint8_t tag = in.u8();
    if (!versioned || !in.ok()) return broken("packet without a header");
    const bool is_part = tag == first_part_tag || tag == next_part_tag;
    if (!is_part && tag != whole_tag) return broken("packet with the unknown header " + std::to_string(tag));
    if (is_part && !chosen_.has(capability::fragments)) return broken("fragment, though fragments were not chosen");

    const std::uint64_t sequence = is_part ? in.u64() : 0;
    const std::uint64_t number = is_part ? in.u64() : 1;
    if (!in.ok()) return broken("header of a fragment is cut");
    if (tag == next_part_tag) {
        return as_incoming(fragments_.add(sequence, number, in.rest()));
    }

    auto body = in.rest();
    last_.size = 0; // it refers to the atoms of the header before this one
    const auto header = cache_.read_header(body, atoms_);
    if (!header) return header.error();
    if (!atoms_.empty() && !chosen_.has(capability::dist_hdr_atom_cache))
        return broken("header with atoms, though the atom cache was not chosen");
    body = body.subspan(*header);
    auto control = decode_control(body, atoms_);
    if (!control) return std::move(control).error();
    body = body.subspan(control->consumed);
    if (!is_part) {
        const bool brings_atoms = *header > 1 && *header > 1 + atoms_.size() / 2 + 1 + atoms_.size();
        const auto* message = std::get_if<control::send>(&control->message);
        if (message != nullptr && message->from && !brings_atoms)
            remember(*message, packet.first(packet.size() - body.size()));
        return complete(std::move(*control), body, atoms_, false);
    }

    if (sequence == 0) return broken("fragment with sequence 0");
    if (number == 1) return complete(std::move(*control), body, atoms_, false);
    if (!control->payload_follows) return broken("fragmented message without a payload");
    auto begun = fragments_.begin(sequence, number, std::move(control->message), atoms_, body, now);
    if (!begun) return begun.error();
    return std::optional<incoming>{};
}

} // namespace sedge::dist
