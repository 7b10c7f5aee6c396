// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/certificate.hpp>

#include "wire/certificate_reading.hpp"

#include <sedge/base/bytes.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

namespace sedge::wire {
namespace {

std::string text_of(X509_NAME* name) {
    const bio_ptr out{BIO_new(BIO_s_mem())};
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
    return wire::text_of(out.get());
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* at) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(at, &parts) != 1) return {};
    return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string text_of(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::optional<ip_address> address_of(const ASN1_OCTET_STRING* raw) {
    const auto* bytes = ASN1_STRING_get0_data(raw);
    if (ASN1_STRING_length(raw) == 4) return ip_address::v4(bytes[0], bytes[1], bytes[2], bytes[3]);
    std::array<std::uint8_t, 16> all{};
    if (ASN1_STRING_length(raw) != 16) return std::nullopt;
    std::copy_n(bytes, all.size(), all.begin());
    return ip_address::v6(all);
}

void read_alternative_names(X509* shown, certificate& into) {
    const general_names_ptr names{
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(shown, NID_subject_alt_name, nullptr, nullptr))};
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_DNS) into.dns_names.push_back(text_of(name->d.dNSName));
        if (name->type == GEN_URI) into.uris.push_back(text_of(name->d.uniformResourceIdentifier));
        if (name->type != GEN_IPADD) continue;
        if (auto address = address_of(name->d.iPAddress)) into.addresses.push_back(*address);
    }
}

bool is_same_name(std::string_view a, std::string_view b) {
    const auto same = [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

} // namespace

certificate describe(X509* shown) {
    certificate out;
    out.subject = text_of(X509_get_subject_name(shown));
    out.issuer = text_of(X509_get_issuer_name(shown));
    out.not_before = time_of(X509_get0_notBefore(shown));
    out.not_after = time_of(X509_get0_notAfter(shown));
    read_alternative_names(shown, out);
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (X509_digest(shown, EVP_sha256(), digest.data(), &size) == 1) out.fingerprint = to_hex({digest.data(), size});
    out.is_authority = X509_check_ca(shown) == 1;
    out.is_for_servers = X509_check_purpose(shown, X509_PURPOSE_SSL_SERVER, 0) == 1;
    out.is_for_clients = X509_check_purpose(shown, X509_PURPOSE_SSL_CLIENT, 0) == 1;
    ERR_clear_error();
    return out;
}

result<std::vector<certificate>> read_certificates(std::string_view pem) {
    const auto text = bio_of(pem);
    std::vector<certificate> out;
    ERR_clear_error();
    while (const x509_ptr one{PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)})
        out.push_back(describe(one.get()));
    const auto last = ERR_peek_last_error();
    ERR_clear_error();
    if (ERR_GET_REASON(last) != PEM_R_NO_START_LINE) return error{errc::malformed, "a certificate cannot be read"};
    if (out.empty()) return error{errc::malformed, "there is no certificate in it"};
    return out;
}

bool is_for_host(const certificate& shown, std::string_view host) {
    const auto address = ip_address::parse(host);
    if (address && std::ranges::find(shown.addresses, *address) != shown.addresses.end()) return true;
    // An address may stand there as a DNS name, too: OTP's client looks for no other form.
    return std::ranges::any_of(shown.dns_names, [host](const auto& name) { return is_same_name(name, host); });
}

std::string names_of(const certificate& shown) {
    std::string out;
    auto add = [&out](const std::string& name) { out += (out.empty() ? "" : ", ") + name; };
    for (const auto& address : shown.addresses) add(to_string(address));
    for (const auto& name : shown.dns_names) {
        const auto address = ip_address::parse(name);
        if (!address || std::ranges::find(shown.addresses, *address) == shown.addresses.end()) add(name);
    }
    for (const auto& uri : shown.uris) add(uri);
    return out.empty() ? "nobody" : out;
}

} // namespace sedge::wire
