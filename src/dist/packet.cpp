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

namespace sedge::dist {

namespace {

constexpr std::uint8_t pass_through_tag = 112;
constexpr std::uint8_t version_tag = 131;
constexpr std::uint8_t whole_tag = 68;
constexpr std::uint8_t first_part_tag = 69;
constexpr std::uint8_t next_part_tag = 70;

error broken(const std::string& why) { return {errc::bad_packet, why}; }

/// The payload at the start of `bytes`, where one belongs to the control message.
result<std::optional<incoming>> complete(decoded_control control, byte_view bytes, std::span<const atom> atoms,
                                         bool version_byte) {
    std::optional<incoming> whole{incoming{std::move(control.message), std::move(control.reason)}};
    if (control.payload_follows) {
        decode_options options;
        options.version_byte = version_byte;
        options.compressed = false; // illegal inside packets
        options.header_atoms = atoms;
        auto payload = term::decode_prefix(bytes, options);
        if (!payload)
            return broken("payload of " + std::string{operation_name(whole->control)} + ": " +
                          payload.error().message());
        whole->payload = std::move(payload->value);
    }
    return whole;
}

} // namespace

result<std::optional<incoming>> packet_decoder::feed(byte_view packet, time_point now) {
    if (packet.empty()) return std::optional<incoming>{};
    const bool headers = chosen_.has(capability::dist_hdr_atom_cache) || chosen_.has(capability::fragments);
    return headers ? headed(packet, now) : pass_through(packet);
}

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
        auto whole = fragments_.add(sequence, number, in.rest());
        if (!whole) return std::move(whole).error();
        if (!whole->has_value()) return std::optional<incoming>{};
        auto& message = **whole;
        return std::optional<incoming>{incoming{std::move(message.control), std::move(message.payload)}};
    }

    auto body = in.rest();
    const auto header = cache_.read_header(body, atoms_);
    if (!header) return header.error();
    if (!atoms_.empty() && !chosen_.has(capability::dist_hdr_atom_cache))
        return broken("header with atoms, though the atom cache was not chosen");
    body = body.subspan(*header);
    auto control = decode_control(body, atoms_);
    if (!control) return std::move(control).error();
    body = body.subspan(control->consumed);
    if (!is_part) return complete(std::move(*control), body, atoms_, false);

    if (sequence == 0) return broken("fragment with sequence 0");
    if (number == 1) return complete(std::move(*control), body, atoms_, false);
    if (!control->payload_follows) return broken("fragmented message without a payload");
    auto begun = fragments_.begin(sequence, number, std::move(control->message), atoms_, body, now);
    if (!begun) return begun.error();
    return std::optional<incoming>{};
}

} // namespace sedge::dist
