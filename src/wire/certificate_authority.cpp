// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/certificate_authority.hpp>

#include "wire/openssl.hpp"

#include <openssl/pem.h>

#include <string>

namespace sedge::wire {
namespace {

using std::chrono::system_clock;

constexpr std::chrono::hours clocks_differ_by{1};
constexpr std::size_t common_name_characters_max = 64; // ub-common-name of RFC 5280
constexpr int serial_bits = 127;                       // positive, at most 16 bytes; RFC 5280 allows 20

error failed(std::string_view what) { return {errc::malformed, std::string{what} + ": " + take_openssl_reason()}; }

std::string pem_of(X509* made) {
    const bio_ptr out{BIO_new(BIO_s_mem())};
    PEM_write_bio_X509(out.get(), made);
    return text_of(out.get());
}

std::string pem_of(EVP_PKEY* key) {
    const bio_ptr out{BIO_new(BIO_s_secmem())}; // wiped when it goes
    PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(out.get());
}

bool has_random_serial(X509* made) {
    const std::unique_ptr<BIGNUM, openssl_delete<BN_free>> number{BN_new()};
    return number && BN_rand(number.get(), serial_bits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made));
}

bool has_dates(X509* made, system_clock::time_point now, std::chrono::hours valid_for) {
    const auto from = system_clock::to_time_t(now - clocks_differ_by);
    const auto until = system_clock::to_time_t(now + valid_for);
    return ASN1_TIME_adj(X509_getm_notBefore(made), from, 0, 0) && ASN1_TIME_adj(X509_getm_notAfter(made), until, 0, 0);
}

bool has_common_name(X509* made, const std::string& name) {
    const auto cut = name.substr(0, common_name_characters_max);
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(cut.data()), static_cast<int>(cut.size()),
                                      -1, 0) == 1;
}

/// Version, serial, dates, subject and key; what they have in common.
x509_ptr begin(const std::string& name, system_clock::time_point now, std::chrono::hours valid_for, EVP_PKEY* key) {
    x509_ptr made{X509_new()};
    const bool good = made && X509_set_version(made.get(), X509_VERSION_3) == 1 && has_random_serial(made.get()) &&
                      has_dates(made.get(), now, valid_for) && has_common_name(made.get(), name) &&
                      X509_set_pubkey(made.get(), key) == 1;
    return good ? std::move(made) : nullptr;
}

bool add_extension(X509* made, X509* issuer, int which, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, made, nullptr, nullptr, 0);
    const extension_ptr extension{X509V3_EXT_conf_nid(nullptr, &context, which, value)};
    return extension && X509_add_ext(made, extension.get(), -1) == 1;
}

bool add_name(GENERAL_NAMES* names, int type, const void* bytes, std::size_t size) {
    ASN1_STRING* value = ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_STRING_set(value, bytes, static_cast<int>(size));
    GENERAL_NAME_set0_value(name, type, value);
    return sk_GENERAL_NAME_push(names, name) > 0;
}

bool add_alternative_names(X509* made, const certificate_request& wanted) {
    const general_names_ptr names{sk_GENERAL_NAME_new_null()};
    bool good = names != nullptr;
    for (const auto& name : wanted.dns_names) good = good && add_name(names.get(), GEN_DNS, name.data(), name.size());
    for (const auto& address : wanted.addresses) {
        const bool v4 = address.is_v4(); // the last four bytes of the mapped form
        good = good && add_name(names.get(), GEN_IPADD, address.bytes().data() + (v4 ? 12 : 0), v4 ? 4 : 16);
    }
    for (const auto& uri : wanted.uris) good = good && add_name(names.get(), GEN_URI, uri.data(), uri.size());
    if (!good || sk_GENERAL_NAME_num(names.get()) == 0) return good;
    return X509_add1_ext_i2d(made, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

/// Ed25519 and its like have a digest of their own.
const EVP_MD* digest_for(const EVP_PKEY* key) {
    return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ? nullptr : EVP_sha256();
}

} // namespace

result<signed_key> make_authority(const authority_request& wanted) {
    ERR_clear_error();
    const key_ptr key{EVP_EC_gen("P-256")};
    const auto made = key ? begin(wanted.name, wanted.now, wanted.valid_for, key.get()) : nullptr;
    if (!made) return failed("making a CA");
    const bool good = X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) == 1 &&
                      add_extension(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                      add_extension(made.get(), made.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
                      add_extension(made.get(), made.get(), NID_subject_key_identifier, "hash") &&
                      X509_sign(made.get(), key.get(), EVP_sha256()) > 0;
    if (!good) return failed("making a CA");
    return signed_key{pem_of(made.get()), pem_of(key.get())};
}

result<signed_key> issue_certificate(const signed_key& authority, const certificate_request& wanted) {
    ERR_clear_error();
    const x509_ptr issuer{PEM_read_bio_X509(bio_of(authority.certificate).get(), nullptr, nullptr, nullptr)};
    if (!issuer) return failed("the CA's certificate");
    const key_ptr signing{PEM_read_bio_PrivateKey(bio_of(authority.key).get(), nullptr, no_password, nullptr)};
    if (!signing && authority.key.find("ENCRYPTED") != std::string::npos) {
        ERR_clear_error();
        return error{errc::invalid_argument, "the CA's key is encrypted, and there is nobody to ask for its password; "
                                             "openssl pkey -in ca.key -out NEW_FILE takes it off"};
    }
    if (!signing) return failed("the CA's key");
    if (X509_check_private_key(issuer.get(), signing.get()) != 1) {
        ERR_clear_error();
        return error{errc::invalid_argument, "the CA's key does not belong to its certificate"};
    }
    if (X509_check_ca(issuer.get()) != 1) return error{errc::invalid_argument, "that certificate is not one of a CA"};

    const key_ptr key{EVP_EC_gen("P-256")};
    const auto made = key ? begin(wanted.name, wanted.now, wanted.valid_for, key.get()) : nullptr;
    if (!made) return failed("making a certificate");
    const bool good = X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.get())) == 1 &&
                      add_extension(made.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                      add_extension(made.get(), issuer.get(), NID_key_usage, "critical,digitalSignature") &&
                      add_extension(made.get(), issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth") &&
                      add_extension(made.get(), issuer.get(), NID_subject_key_identifier, "hash") &&
                      add_extension(made.get(), issuer.get(), NID_authority_key_identifier, "keyid:always") &&
                      add_alternative_names(made.get(), wanted) &&
                      X509_sign(made.get(), signing.get(), digest_for(signing.get())) > 0;
    if (!good) return failed("making a certificate");
    return signed_key{pem_of(made.get()), pem_of(key.get())};
}

} // namespace sedge::wire
