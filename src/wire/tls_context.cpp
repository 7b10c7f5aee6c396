// SPDX-License-Identifier: Apache-2.0
#include "wire/tls_context.hpp"

#include "wire/certificate_reading.hpp"

#include <sedge/base/limits.hpp>

#include <cerrno>
#include <fcntl.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sedge::wire {
namespace {

error unusable(const std::string& path, const std::string& why) {
    return {tls_errc::unusable_file, path.empty() ? why : path + ": " + why};
}

struct open_file {
    explicit open_file(const std::string& path) : fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {}
    open_file(const open_file&) = delete;
    ~open_file() {
        if (fd >= 0) ::close(fd);
    }
    int fd;
};

/// A PEM file. Symbolic links are followed: Kubernetes replaces mounted certificates by moving one.
result<std::string> read_file(const std::string& path, bool is_secret) {
    const open_file file{path};
    struct stat info {};
    if (file.fd < 0 || ::fstat(file.fd, &info) != 0) return unusable(path, std::generic_category().message(errno));
    if (!S_ISREG(info.st_mode)) return unusable(path, "is not a file");
    if (is_secret && (info.st_mode & S_IRWXO) != 0)
        return unusable(path, "this private key is open to everybody on this machine; do: chmod 600 " + path);
    if (static_cast<std::size_t>(info.st_size) > limits::tls_file_bytes_max)
        return unusable(path, "is longer than " + std::to_string(limits::tls_file_bytes_max) + " bytes");
    std::string text(static_cast<std::size_t>(info.st_size), '\0');
    std::size_t at = 0;
    while (at < text.size()) {
        const auto count = ::read(file.fd, text.data() + at, text.size() - at);
        if (count < 0) return unusable(path, std::generic_category().message(errno));
        if (count == 0) break;
        at += static_cast<std::size_t>(count);
    }
    text.resize(at);
    return text;
}

result<void> use_certificate(SSL_CTX* context, const std::string& path, std::optional<certificate>& own) {
    auto text = read_file(path, false);
    if (!text) return std::move(text).error();
    const auto pem = bio_of(*text);
    const x509_ptr first{PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr)};
    if (!first) return unusable(path, "there is no certificate in it (" + take_openssl_reason() + ")");
    if (SSL_CTX_use_certificate(context, first.get()) != 1) return unusable(path, take_openssl_reason());
    while (x509_ptr next{PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr)}) {
        if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) return unusable(path, take_openssl_reason());
        static_cast<void>(next.release()); // the context's now
    }
    ERR_clear_error();
    own = describe(first.get());
    return {};
}

result<void> use_key(SSL_CTX* context, const std::string& path, const std::string& certificate_path) {
    auto text = read_file(path, true);
    if (!text) return std::move(text).error();
    const key_ptr key{PEM_read_bio_PrivateKey(bio_of(*text).get(), nullptr, no_password, nullptr)};
    const bool encrypted = text->find("ENCRYPTED") != std::string::npos;
    OPENSSL_cleanse(text->data(), text->size());
    ERR_clear_error();
    if (!key && encrypted)
        return unusable(path, "this private key is encrypted, and there is nobody to ask for its password; do: openssl "
                              "pkey -in " +
                                  path + " -out NEW_FILE");
    if (!key) return unusable(path, "there is no private key in it");
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
        ERR_clear_error();
        return unusable(path, "does not belong to the certificate in " + certificate_path);
    }
    return {};
}

result<void> trust(SSL_CTX* context, const std::string& path) {
    if (path.empty()) {
        if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
        return unusable({}, "the system's certificate authorities: " + take_openssl_reason());
    }
    auto text = read_file(path, false);
    if (!text) return std::move(text).error();
    const auto pem = bio_of(*text);
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    std::size_t count = 0;
    while (const x509_ptr next{PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr)}) {
        if (X509_STORE_add_cert(store, next.get()) != 1) return unusable(path, take_openssl_reason());
        ++count;
    }
    ERR_clear_error();
    if (count == 0) return unusable(path, "there is no certificate in it");
    return {};
}

bool configure(SSL_CTX* context, const tls_options& options) {
    // Peers of one cluster connect rarely and stay connected: resumption would only add keys that outlive sessions.
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
    SSL_CTX_set_max_cert_list(context, static_cast<long>(limits::tls_handshake_bytes_max / 2));
    SSL_CTX_set_read_ahead(context, 1); // the engine's input is in memory already
    const int least = options.version_min == tls_version::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
    return SSL_CTX_set_num_tickets(context, 0) == 1 && SSL_CTX_set_min_proto_version(context, least) == 1 &&
           SSL_CTX_set_cipher_list(context, options.ciphers.c_str()) == 1;
}

} // namespace

tls_context::tls_context(std::unique_ptr<impl> i) : impl_(std::move(i)) {}
tls_context::~tls_context() = default;

const std::optional<certificate>& tls_context::own() const noexcept { return impl_->own; }

result<std::shared_ptr<const tls_context>> tls_context::load(const tls_options& options) {
    ERR_clear_error();
    auto made = std::make_unique<impl>();
    made->context.reset(SSL_CTX_new(TLS_method()));
    SSL_CTX* context = made->context.get();
    if (!context || !configure(context, options))
        return unusable({}, "these TLS ciphers or versions cannot be had: " + take_openssl_reason());
    if (options.certificate_file.empty() != options.key_file.empty())
        return unusable({}, options.key_file.empty() ? "a certificate needs its key" : "a key needs its certificate");
    if (!options.certificate_file.empty()) {
        auto used = use_certificate(context, options.certificate_file, made->own);
        if (used) used = use_key(context, options.key_file, options.certificate_file);
        if (!used) return std::move(used).error();
    }
    auto trusted = trust(context, options.ca_file);
    if (!trusted) return std::move(trusted).error();
    return std::shared_ptr<const tls_context>{new tls_context{std::move(made)}};
}

// -- following files -------------------------------------------------------------------------------------------------

std::vector<tls_credentials::stamp> tls_credentials::stamps() const {
    std::vector<stamp> out;
    for (const auto* path : {&options_.certificate_file, &options_.key_file, &options_.ca_file}) {
        struct stat info {};
        stamp& one = out.emplace_back();
        if (path->empty() || ::stat(path->c_str(), &info) != 0) continue;
        one = {static_cast<std::int64_t>(info.st_ino), info.st_size,
               info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec};
    }
    return out;
}

result<std::shared_ptr<const tls_context>> tls_credentials::current() {
    auto now = stamps();
    if (good_ && now == seen_) return good_;
    seen_ = std::move(now);
    auto loaded = tls_context::load(options_);
    if (loaded) {
        good_ = std::move(*loaded);
        trouble_.reset();
        return good_;
    }
    // A certificate and its key are two files: whoever replaces them leaves a moment in which they do not fit.
    if (!good_) return std::move(loaded).error();
    trouble_ = std::move(loaded).error();
    return good_;
}

std::optional<error> tls_credentials::trouble() { return std::exchange(trouble_, std::nullopt); }

} // namespace sedge::wire
