// SPDX-License-Identifier: Apache-2.0
#include <sedge/epmd/access.hpp>

#include <algorithm>
#include <charconv>

namespace sedge::epmd {

namespace {

constexpr int address_bits = 128;
constexpr int v4_offset_bits = 96; // IPv4 addresses are kept as ::ffff:a.b.c.d

bool same_prefix(const wire::ip_address& a, const wire::ip_address& b, int bits) noexcept {
    const auto whole = static_cast<std::size_t>(bits / 8);
    if (!std::equal(a.bytes().begin(), a.bytes().begin() + whole, b.bytes().begin())) return false;
    if (bits % 8 == 0) return true;
    const int shift = 8 - bits % 8;
    return a.bytes()[whole] >> shift == b.bytes()[whole] >> shift;
}

bool reaches(audience who, bool local, bool on_link) {
    return local || who == audience::anyone || (who == audience::on_link && on_link);
}

} // namespace

result<subnet> subnet::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    auto base = wire::ip_address::parse(text.substr(0, slash));
    if (!base) return base.error().within("subnet " + std::string{text});
    const int family_bits = base->is_v4() ? address_bits - v4_offset_bits : address_bits;
    subnet range{*base, family_bits};
    if (slash == text.npos) return range;
    auto digits = text.substr(slash + 1);
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), range.prefix_bits);
    const bool is_number = failure == std::errc{} && end == digits.data() + digits.size();
    if (!is_number || range.prefix_bits < 0 || range.prefix_bits > family_bits) {
        return error{sedge::errc::malformed,
                     "subnet " + std::string{text} + ": a prefix is 0 to " + std::to_string(family_bits)};
    }
    return range;
}

bool subnet::contains(const wire::ip_address& address) const noexcept {
    if (base.is_v4() != address.is_v4()) return false;
    return same_prefix(base, address, prefix_bits + (base.is_v4() ? v4_offset_bits : 0));
}

rights rights_of(const access_rules& rules, const wire::ip_address& remote, const wire::ip_address& local,
                 std::span<const wire::interface_address> interfaces) {
    const bool is_local = remote.is_loopback() || remote == local;
    const bool is_on_link = std::ranges::any_of(interfaces, [&](const wire::interface_address& i) {
        return i.up && subnet{i.address, i.prefix_bits}.contains(remote);
    });
    const bool is_listed =
        std::ranges::any_of(rules.look_ups_also, [&](const subnet& s) { return s.contains(remote); });
    return {is_local, is_listed || reaches(rules.look_ups, is_local, is_on_link),
            reaches(rules.names, is_local, is_on_link)};
}

} // namespace sedge::epmd
