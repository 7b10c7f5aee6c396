// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/openssl.hpp"

#include <sedge/wire/tls.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <span>

namespace sedge::wire {

/// One end of a TLS connection as a core: bytes of the network go in and come out, and so do those of its user. No
/// socket, no clock; the time is given once, for the dates of certificates.
class tls_engine {
public:
    enum class role { dials, accepts };
    tls_engine(role which, std::shared_ptr<const tls_context> context, tls_name_check check,
               std::chrono::system_clock::time_point now);
    ~tls_engine();
    tls_engine(const tls_engine&) = delete;
    tls_engine& operator=(const tls_engine&) = delete;

    /// Tells the server whom we want to talk to; before the handshake.
    void announce(const std::string& host);

    // -- towards the network -----------------------------------------------------------------------------------------
    /// Where bytes from the network go; at least one byte.
    [[nodiscard]] std::span<std::uint8_t> prepare();
    void commit(std::size_t count);
    /// What is to be sent; valid until the next call of a member.
    [[nodiscard]] byte_view output() const noexcept { return byte_view{out_}.subspan(out_at_); }
    void consume(std::size_t count) noexcept;

    // -- towards the user --------------------------------------------------------------------------------------------
    enum class progress {
        done,   ///< The handshake is over and the peer's certificate is good.
        wants,  ///< More bytes are needed from the network.
        failed, ///< See `failure`; `output` may hold the alert that tells the peer.
    };
    progress shake_hands();
    [[nodiscard]] error failure() const { return *failure_; }
    /// would_block: more bytes are needed from the network.
    io_step read(std::span<std::uint8_t> into);
    /// Takes at most `write_bytes_max` into `output`; would_block while the output of an earlier call is not consumed.
    io_step write(byte_view bytes);
    void say_goodbye();

    [[nodiscard]] certificate peer() const;
    [[nodiscard]] std::string version() const;
    [[nodiscard]] std::string cipher() const;

    /// Encrypted at a time: four records, so that a large message leaves in large steps.
    static constexpr std::size_t write_bytes_max = 64 * 1024;

private:
    struct bio; // OpenSSL's view of the network: src/wire/tls_engine.cpp
    static int verify(int good_so_far, X509_STORE_CTX* chain);
    bool judge(int good_so_far, X509_STORE_CTX* chain);
    void fail(error why);
    [[nodiscard]] error read_failure();

    std::shared_ptr<const tls_context> context_;
    tls_name_check check_;
    byte_buffer in_;
    std::size_t in_at_ = 0, in_end_ = 0;
    std::size_t handshake_bytes_ = 0;
    bool established_ = false;
    byte_buffer out_;
    std::size_t out_at_ = 0;
    std::optional<error> failure_; // the first one
    ssl_ptr ssl_;
};

} // namespace sedge::wire
