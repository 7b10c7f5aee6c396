// SPDX-License-Identifier: Apache-2.0
//
// TLS by OpenSSL, kept away from sockets: OpenSSL reads from `in_` and writes to `out_` by a BIO of ours.
//
// Who dials sends ClientHello; the answer proves the server; then the client's certificate and proof follow. With TLS
// 1.2 both know at the end that the other is content. With 1.3 the client is done when its proof is sent, and hears
// of a refusal by the first thing it reads. The dates of certificates are compared with the time of the environment.
//
// The first failure counts. A peer's certificate is judged here, inside of OpenSSL's verification, its names included,
// so that the peer is told by an alert what was wrong with it.
#include "wire/tls_engine.hpp"

#include "wire/certificate_reading.hpp"
#include "wire/tls_context.hpp"

#include <sedge/base/assert.hpp>
#include <sedge/base/limits.hpp>

#include <algorithm>
#include <cstring>
#include <ctime>

namespace sedge::wire {

namespace {

constexpr std::size_t handshake_space = 4 * 1024; // of one read; connections that have proved nothing stay small
constexpr std::size_t established_space = 32 * 1024;
constexpr std::uint8_t record_of_handshake = 22; // RFC 8446, 5.1: the first byte of a ClientHello's or answer's record
constexpr std::uint8_t record_of_alert = 21;

std::string day_of(std::chrono::system_clock::time_point at) {
    const auto seconds = std::chrono::system_clock::to_time_t(at);
    std::tm parts{};
    char text[32] = "?";
    if (gmtime_r(&seconds, &parts)) std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
    return text;
}

/// What OpenSSL found wrong with a certificate, in our words. The context is what is known of the certificate.
error complaint_about(int verdict, const certificate& shown) {
    const std::string whose = shown.subject.empty() ? "the peer's certificate" : "the certificate of " + shown.subject;
    switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return {tls_errc::expired, whose + ", " + day_of(shown.not_after)};
    case X509_V_ERR_CERT_NOT_YET_VALID: return {tls_errc::not_yet_valid, whose + ", from " + day_of(shown.not_before)};
    case X509_V_ERR_INVALID_PURPOSE: return {tls_errc::wrong_purpose, whose};
    default: break;
    }
    return {tls_errc::untrusted,
            whose + " (issued by " + shown.issuer + "; " + X509_verify_cert_error_string(verdict) + ")"};
}

} // namespace

// -- the BIO ---------------------------------------------------------------------------------------------------------

struct tls_engine::bio {
    static tls_engine& engine_of(BIO* b) { return *static_cast<tls_engine*>(BIO_get_data(b)); }

    static int read(BIO* b, char* into, int size) {
        auto& e = engine_of(b);
        BIO_clear_retry_flags(b);
        const auto count = std::min(static_cast<std::size_t>(size), e.in_end_ - e.in_at_);
        if (count == 0) {
            BIO_set_retry_read(b);
            return -1;
        }
        std::memcpy(into, e.in_.data() + e.in_at_, count);
        e.in_at_ += count;
        return static_cast<int>(count);
    }
    static int write(BIO* b, const char* bytes, int size) {
        auto& e = engine_of(b);
        BIO_clear_retry_flags(b);
        e.out_.insert(e.out_.end(), bytes, bytes + size);
        return size;
    }
    static long control(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }
    static int create(BIO* b) {
        BIO_set_init(b, 1);
        return 1;
    }

    static BIO* over(tls_engine& e) {
        static BIO_METHOD* const method = [] {
            BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sedge");
            BIO_meth_set_read(m, &bio::read);
            BIO_meth_set_write(m, &bio::write);
            BIO_meth_set_ctrl(m, &bio::control);
            BIO_meth_set_create(m, &bio::create);
            return m;
        }();
        BIO* b = BIO_new(method);
        BIO_set_data(b, &e);
        return b;
    }
};

// -- life ------------------------------------------------------------------------------------------------------------

tls_engine::tls_engine(role which, std::shared_ptr<const tls_context> context, tls_name_check check,
                       std::chrono::system_clock::time_point now)
    : context_(std::move(context)), check_(std::move(check)), in_(handshake_space),
      ssl_(SSL_new(context_->internals().context.get())) {
    SEDGE_ASSERT(ssl_);
    BIO* network = bio::over(*this);
    SSL_set_bio(ssl_.get(), network, network); // both ends are one BIO, which is the SSL's now
    SSL_set_app_data(ssl_.get(), this);
    X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl_.get()), std::chrono::system_clock::to_time_t(now));
    SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, &tls_engine::verify);
    if (which == role::dials)
        SSL_set_connect_state(ssl_.get());
    else
        SSL_set_accept_state(ssl_.get());
}

tls_engine::~tls_engine() = default;

void tls_engine::announce(const std::string& host) {
    if (!ip_address::parse(host)) SSL_set_tlsext_host_name(ssl_.get(), host.c_str()); // RFC 6066, 3: no addresses
}

// -- the peer's certificate ------------------------------------------------------------------------------------------

int tls_engine::verify(int good_so_far, X509_STORE_CTX* chain) {
    auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
    return static_cast<tls_engine*>(SSL_get_app_data(ssl))->judge(good_so_far, chain) ? 1 : 0;
}

bool tls_engine::judge(int good_so_far, X509_STORE_CTX* chain) {
    X509* current = X509_STORE_CTX_get_current_cert(chain);
    const certificate shown = current ? describe(current) : certificate{};
    if (!good_so_far) {
        fail(complaint_about(X509_STORE_CTX_get_error(chain), shown));
        return false;
    }
    if (X509_STORE_CTX_get_error_depth(chain) != 0 || !check_) return true;
    const auto wrong = check_(shown);
    if (!wrong) return true;
    fail(error{tls_errc::wrong_name, *wrong});
    X509_STORE_CTX_set_error(chain, X509_V_ERR_HOSTNAME_MISMATCH);
    return false;
}

// -- towards the network ---------------------------------------------------------------------------------------------

std::span<std::uint8_t> tls_engine::prepare() {
    if (in_at_ == in_end_) in_at_ = in_end_ = 0;
    if (in_.size() < established_space && established_) in_.resize(established_space);
    if (in_end_ == in_.size()) { // OpenSSL takes all there is before it asks for more; this is for its handshake
        std::copy(in_.begin() + static_cast<std::ptrdiff_t>(in_at_), in_.end(), in_.begin());
        in_end_ -= in_at_;
        in_at_ = 0;
    }
    return std::span{in_}.subspan(in_end_);
}

void tls_engine::commit(std::size_t count) {
    const bool first = !established_ && handshake_bytes_ == 0 && count > 0;
    if (first && in_[in_end_] != record_of_handshake && in_[in_end_] != record_of_alert) fail(error{tls_errc::not_tls});
    in_end_ += count;
    if (established_) return;
    handshake_bytes_ += count;
    if (handshake_bytes_ > limits::tls_handshake_bytes_max)
        fail(error{sedge::errc::limit_exceeded, "more bytes than a TLS handshake has"});
}

void tls_engine::consume(std::size_t count) noexcept {
    out_at_ += count;
    if (out_at_ < out_.size()) return;
    out_.clear();
    out_at_ = 0;
}

// -- towards the user ------------------------------------------------------------------------------------------------

void tls_engine::fail(error why) {
    if (!failure_) failure_ = std::move(why);
}

error tls_engine::read_failure() {
    const auto code = ERR_peek_error();
    const int reason = ERR_GET_REASON(code);
    const std::string text = take_openssl_reason();
    if (ERR_GET_LIB(code) != ERR_LIB_SSL) return {tls_errc::broken, text};
    if (reason > SSL_AD_REASON_OFFSET)
        return error{std::error_code{reason - SSL_AD_REASON_OFFSET, tls_alert_category()}};
    switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return {tls_errc::no_certificate};
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST: return {tls_errc::not_tls};
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION: return {tls_errc::incompatible, text};
    default: return {tls_errc::broken, text};
    }
}

tls_engine::progress tls_engine::shake_hands() {
    if (failure_) return progress::failed;
    ERR_clear_error();
    const int outcome = SSL_do_handshake(ssl_.get());
    if (outcome == 1) {
        established_ = true;
        return progress::done;
    }
    const int why = SSL_get_error(ssl_.get(), outcome);
    if (why == SSL_ERROR_WANT_READ && !failure_) return progress::wants;
    fail(read_failure());
    return progress::failed;
}

io_step tls_engine::read(std::span<std::uint8_t> into) {
    ERR_clear_error();
    std::size_t count = 0;
    const int outcome = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
    if (outcome == 1) return {io_step::outcome::done, count, {}};
    switch (SSL_get_error(ssl_.get(), outcome)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return {};
    case SSL_ERROR_ZERO_RETURN: return {io_step::outcome::closed, 0, {}};
    default: fail(read_failure()); return {io_step::outcome::failed, 0, failure_->code()};
    }
}

io_step tls_engine::write(byte_view bytes) {
    if (!output().empty() || bytes.empty()) return {};
    std::size_t taken = 0;
    while (taken < std::min(bytes.size(), write_bytes_max)) {
        ERR_clear_error();
        std::size_t count = 0;
        const auto rest = bytes.first(std::min(bytes.size(), write_bytes_max)).subspan(taken);
        const int outcome = SSL_write_ex(ssl_.get(), rest.data(), rest.size(), &count);
        if (outcome != 1) {
            fail(read_failure());
            return {io_step::outcome::failed, 0, failure_->code()};
        }
        taken += count;
    }
    return {io_step::outcome::done, taken, {}};
}

void tls_engine::say_goodbye() {
    ERR_clear_error();
    if (established_ && !failure_) SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

certificate tls_engine::peer() const {
    X509* shown = SSL_get0_peer_certificate(ssl_.get());
    return shown ? describe(shown) : certificate{};
}

std::string tls_engine::version() const { return SSL_get_version(ssl_.get()); }
std::string tls_engine::cipher() const { return SSL_get_cipher_name(ssl_.get()); }

} // namespace sedge::wire
