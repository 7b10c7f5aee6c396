// SPDX-License-Identifier: Apache-2.0
#pragma once

// OpenSSL's objects, owned.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

namespace sedge::wire {

template <auto free_it>
struct openssl_delete {
    template <class T>
    void operator()(T* p) const noexcept {
        free_it(p);
    }
};

using bio_ptr = std::unique_ptr<BIO, openssl_delete<BIO_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, openssl_delete<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, openssl_delete<X509_free>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, openssl_delete<X509_EXTENSION_free>>;
using general_names_ptr = std::unique_ptr<GENERAL_NAMES, openssl_delete<GENERAL_NAMES_free>>;
using ssl_ptr = std::unique_ptr<SSL, openssl_delete<SSL_free>>;
using ssl_ctx_ptr = std::unique_ptr<SSL_CTX, openssl_delete<SSL_CTX_free>>;

/// A text that OpenSSL reads in place.
inline bio_ptr bio_of(std::string_view text) {
    return bio_ptr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// What was written into a memory BIO.
inline std::string text_of(BIO* memory) {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

/// In place of asking at the terminal for the password of an encrypted key.
inline int no_password(char*, int, int, void*) { return -1; }

/// The reason of the oldest error in OpenSSL's queue, which is empty then.
inline std::string take_openssl_reason() {
    const auto code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code ? ERR_reason_error_string(code) : nullptr;
    return reason ? reason : "error " + std::to_string(code);
}

} // namespace sedge::wire
