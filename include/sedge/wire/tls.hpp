// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/wire/certificate.hpp>
#include <sedge/wire/transport.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sedge {
class environment;
}

/// TLS over any stream of an environment, one in memory included.
///
///     auto context = wire::tls_context::load({.ca_file = "ca.crt"});
///     auto secured = wire::tls_connect(env, std::move(tcp), *context, {.host = "kubernetes.default.svc"});
///     auto link = co_await std::move(secured);  // link->stream is the stream to go on with
///
/// TLS 1.3 and 1.2, in 1.2 only ECDHE with AEAD. The other side's certificate is always verified; there is no switch
/// to turn that off. No session tickets, no early data, no compression, no renegotiation.
namespace sedge::wire {

/// Why there is no TLS connection. What the peer's certificate was, or what the file is, stands in the context.
enum class tls_errc {
    not_tls = 1,    ///< What talks there does not begin as TLS does.
    untrusted,      ///< The peer's certificate is signed by nobody that is known here: another CA, or none.
    expired,        ///< The peer's certificate was valid once.
    not_yet_valid,  ///< The peer's certificate will be valid; or one of the clocks is wrong.
    wrong_name,     ///< The peer's certificate is good, and for somebody else.
    wrong_purpose,  ///< The peer's certificate may not be used for this end of a connection.
    no_certificate, ///< The peer has to show a certificate and has none.
    incompatible,   ///< No version, cipher or curve in common.
    broken,         ///< What the peer sends breaks the protocol or was changed on its way.
    closed,         ///< The peer ended the stream before TLS was up.
    unusable_file,  ///< A certificate, key or CA file cannot be used; the context says which and why.
};
const std::error_category& tls_category() noexcept;
inline std::error_code make_error_code(tls_errc code) noexcept { return {static_cast<int>(code), tls_category()}; }

/// Codes are the alerts by which a peer refuses a handshake or ends a connection (RFC 8446, 6): 48 is "unknown CA".
const std::error_category& tls_alert_category() noexcept;

enum class tls_version { v1_2, v1_3 };

struct tls_options {
    std::string
        certificate_file; ///< PEM: the own certificate, intermediate ones behind it. Empty: none (clients only).
    std::string key_file; ///< PEM, not encrypted, not readable by everybody.
    std::string ca_file;  ///< PEM: the authorities that peers' certificates may come from. Empty: the system's.
    tls_version version_min = tls_version::v1_2;         ///< OTP 25 speaks 1.2 unless told otherwise.
    std::string ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"; ///< For 1.2, in OpenSSL's notation; 1.3 has only good ones.
};

/// Certificate, key and authorities, read and checked; shared by the connections made with them. Immutable.
class tls_context {
public:
    /// Errors: tls_errc::unusable_file.
    static result<std::shared_ptr<const tls_context>> load(const tls_options& options);
    ~tls_context();

    /// The own certificate, if there is one.
    [[nodiscard]] const std::optional<certificate>& own() const noexcept;

    struct impl; // src/wire/tls_context.hpp
    [[nodiscard]] const impl& internals() const noexcept { return *impl_; }

private:
    explicit tls_context(std::unique_ptr<impl> i);
    std::unique_ptr<impl> impl_;
};

/// A context that follows its files: whoever renews a certificate replaces them, and new connections use it.
class tls_credentials {
public:
    explicit tls_credentials(tls_options options) : options_(std::move(options)) {}

    /// The context for a new connection; reads the files again if one of them has changed. If they cannot be used
    /// then, those read before go on serving, and `trouble` tells it once.
    /// Errors: tls_errc::unusable_file, as long as there has been no good set.
    result<std::shared_ptr<const tls_context>> current();
    /// Why the newest files are not in use; nothing if they are, or if it was asked for already.
    std::optional<error> trouble();

private:
    struct stamp {
        std::int64_t inode = 0, size = 0, changed_ns = 0;
        friend bool operator==(const stamp&, const stamp&) = default;
    };
    [[nodiscard]] std::vector<stamp> stamps() const;

    tls_options options_;
    std::vector<stamp> seen_;
    std::shared_ptr<const tls_context> good_;
    std::optional<error> trouble_;
};

/// Looks at the peer's certificate after its signature, dates and purpose were found good. Gives what is wrong with
/// its names, as the end of a sentence ("it is for 10.0.0.9, not for 10.0.0.5"), or nothing.
using tls_name_check = std::function<std::optional<std::string>(const certificate& shown)>;

struct tls_connect_options {
    std::string host;     ///< Who is dialled, a name or an address literal; a name is sent along (SNI).
    tls_name_check check; ///< Unset: the certificate must be for `host`, see `is_for_host`.
};

struct tls_accept_options {
    tls_name_check check;     ///< Unset: any certificate of a known authority.
    byte_buffer already_read; ///< What was read of the stream to see what it is.
};

/// A stream on which TLS is up, and who is at its other end.
struct tls_link {
    std::unique_ptr<wire::stream>
        stream; ///< Its end is errc::closed, whether the peer said goodbye (close_notify) or not.
    certificate peer;
    std::string version; ///< `TLSv1.3`
    std::string cipher;  ///< `TLS_AES_256_GCM_SHA384`
};

/// Does the TLS handshake on a connected stream. Deadlines are the caller's: `with_deadline`.
///
/// Reads at most `limits::tls_handshake_bytes_max`. `env` must outlive the task, the link's stream needs it no more.
/// With TLS 1.3 who dials is done first: if the peer refuses its certificate, that is told by the first read, as a
/// code of `tls_alert_category`.
/// Errors: tls_errc, codes of tls_alert_category, system codes.
task<result<tls_link>> tls_connect(environment& env, std::unique_ptr<stream> over,
                                   std::shared_ptr<const tls_context> context, tls_connect_options options);
/// The same for who was dialled. The peer must show a certificate.
task<result<tls_link>> tls_accept(environment& env, std::unique_ptr<stream> over,
                                  std::shared_ptr<const tls_context> context, tls_accept_options options);

} // namespace sedge::wire

template <>
struct std::is_error_code_enum<sedge::wire::tls_errc> : std::true_type {};
