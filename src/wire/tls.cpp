// SPDX-License-Identifier: Apache-2.0
#include "wire/tls_engine.hpp"

#include <sedge/wire/delivery.hpp>
#include <sedge/wire/environment.hpp>
#include <sedge/wire/patience.hpp>

#include <array>

namespace sedge::wire {

namespace {

class category final : public std::error_category {
    const char* name() const noexcept override { return "sedge.tls"; }
    std::string message(int code) const override {
        switch (static_cast<tls_errc>(code)) {
        case tls_errc::not_tls: return "what talks there does not speak TLS";
        case tls_errc::untrusted: return "it is signed by no authority that is known here";
        case tls_errc::expired: return "it has expired";
        case tls_errc::not_yet_valid: return "it is not valid yet, or the clock of this machine is wrong";
        case tls_errc::wrong_name: return "the certificate is for somebody else";
        case tls_errc::wrong_purpose: return "it may not be used for this end of a connection";
        case tls_errc::no_certificate: return "the peer shows no certificate";
        case tls_errc::incompatible: return "no TLS version or cipher in common";
        case tls_errc::broken: return "the peer's TLS is broken";
        case tls_errc::closed: return "the peer closed the connection instead of answering TLS";
        case tls_errc::unusable_file: return "cannot be used for TLS";
        }
        return "error " + std::to_string(code);
    }
};

/// RFC 8446, 6.2. The usual ones in words of ours, since whoever reads them has to mend this side.
class alert_category final : public std::error_category {
    const char* name() const noexcept override { return "sedge.tls.alert"; }
    std::string message(int code) const override {
        switch (code) {
        case SSL_AD_BAD_CERTIFICATE: return "the peer does not accept this node's certificate (bad certificate)";
        case SSL_AD_CERTIFICATE_EXPIRED: return "the peer says that this node's certificate has expired";
        case SSL_AD_UNKNOWN_CA: return "the peer does not know the authority of this node's certificate (unknown CA)";
        case SSL_AD_CERTIFICATE_REQUIRED: return "the peer requires a certificate and this node showed none";
        case SSL_AD_HANDSHAKE_FAILURE:
            return "the peer refused the TLS handshake (handshake failure: this node's certificate is not for the "
                   "name it dialled, or none was shown, or there is no cipher in common)";
        case SSL_AD_INSUFFICIENT_SECURITY:
            return "the peer refused the TLS handshake (insufficient security: there is no cipher in common)";
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
            return "the peer does not accept this node's certificate (unsupported: it may not be used for this end of "
                   "a "
                   "connection, or its kind of key is unknown there)";
        case SSL_AD_PROTOCOL_VERSION: return "the peer speaks no TLS version that is allowed here";
        case SSL_AD_UNEXPECTED_MESSAGE: return "the peer did not expect TLS";
        default: break;
        }
        return std::string{"the peer refused with the TLS alert \""} + SSL_alert_desc_string_long(code) + "\"";
    }
};

} // namespace

const std::error_category& tls_category() noexcept {
    static const category instance;
    return instance;
}

const std::error_category& tls_alert_category() noexcept {
    static const alert_category instance;
    return instance;
}

namespace {

constexpr milliseconds last_words_time{500}; // for the peer to read an alert before the connection goes
constexpr std::size_t last_words_bytes_max = 16 * 1024;

class tls_stream final : public stream, public knows_delivery, public lets_gather {
public:
    tls_stream(std::unique_ptr<stream> over, std::unique_ptr<tls_engine> engine)
        : over_(std::move(over)), engine_(std::move(engine)), gathers_below_(dynamic_cast<lets_gather*>(over_.get())) {}
    ~tls_stream() override { close(); }

    io_step try_read(std::span<std::uint8_t> into) override {
        if (closed_) return {io_step::outcome::failed, 0, make_error_code(errc::closed)};
        for (;;) {
            const io_step step = engine_->read(into);
            if (step.what != io_step::outcome::would_block) return step;
            const io_step got = over_->try_read(engine_->prepare());
            if (got.what == io_step::outcome::would_block) {
                wants_bytes_ = true;
                return {};
            }
            if (got.what != io_step::outcome::done) return got; // gone without close_notify: gone as well
            engine_->commit(got.count);
            wants_bytes_ = false;
        }
    }

    io_step try_write(byte_view bytes) override {
        if (closed_) return {io_step::outcome::failed, 0, make_error_code(errc::closed)};
        if (const io_step step = flush(); step.what != io_step::outcome::done) return step;
        const io_step taken = engine_->write(bytes);
        if (taken.what != io_step::outcome::done) return taken;
        if (const io_step step = flush(); step.what == io_step::outcome::failed) return step;
        return taken;
    }

    task<> readable() override {
        if (!wants_bytes_ || closed_) return at_once();
        return over_->readable();
    }
    task<> writable() override { return flush_when_possible(); }
    std::size_t held() const noexcept override { return closed_ || failed_ ? 0 : engine_->output().size(); }

    std::optional<delivery> delivered() const override { return wire::delivered(*over_); }

    void let_gather(std::size_t bytes, duration at_most) override {
        if (gathers_below_ != nullptr) gathers_below_->let_gather(bytes, at_most);
    }
    void pause(duration time) override {
        if (gathers_below_ != nullptr) gathers_below_->pause(time);
    }
    void go_on() override {
        if (gathers_below_ != nullptr) gathers_below_->go_on();
    }

    void close() noexcept override {
        if (closed_) return;
        closed_ = true;
        if (engine_->output().empty()) { // else the peer would see a record cut in its middle
            engine_->say_goodbye();
            static_cast<void>(flush());
        }
        over_->close();
    }
    endpoint local() const override { return over_->local(); }
    endpoint remote() const override { return over_->remote(); }

private:
    static task<> at_once() { co_return; }

    /// done: nothing is left to send.
    io_step flush() {
        if (failed_) return *failed_;
        while (!engine_->output().empty()) {
            const io_step step = over_->try_write(engine_->output());
            if (step.what == io_step::outcome::failed) failed_ = step;
            if (step.what != io_step::outcome::done) return step;
            engine_->consume(step.count);
        }
        return {io_step::outcome::done, 0, {}};
    }

    task<> flush_when_possible() {
        for (;;) {
            auto room = over_->writable();
            co_await std::move(room);
            if (closed_ || flush().what != io_step::outcome::would_block) co_return;
        }
    }

    std::unique_ptr<stream> over_;
    std::unique_ptr<tls_engine> engine_;
    lets_gather* gathers_below_; // `over_`, if it does
    bool wants_bytes_ = false;   // the last read found nothing, and nothing came since
    bool closed_ = false;
    std::optional<io_step> failed_; // what `over_` said when it took no more
};

/// Sends what the engine has to say. An error if the stream is gone.
task<result<void>> send_output(stream& over, tls_engine& engine) {
    const auto size = engine.output().size();
    auto writing = write_all(over, engine.output());
    auto sent = co_await std::move(writing);
    if (sent) engine.consume(size);
    co_return sent;
}

/// Reads what comes until the peer closes: closing with unread bytes would make the peer's system throw away the alert.
task<result<void>> read_to_end(stream& over) {
    std::array<std::uint8_t, 1024> ignored;
    std::size_t left = last_words_bytes_max;
    while (left > 0) {
        auto reading = read_some(over, ignored);
        const auto count = co_await std::move(reading);
        if (!count) co_return count.error();
        left -= std::min(left, *count);
    }
    co_return result<void>{};
}

task<> send_last_words(environment& env, stream& over, tls_engine& engine) {
    if (engine.output().empty()) co_return;
    const io_step step = over.try_write(engine.output());
    if (step.what != io_step::outcome::done) co_return;
    auto draining = read_to_end(over);
    auto bounded = with_deadline(env, env.now() + last_words_time, std::move(draining));
    const auto ended = co_await std::move(bounded);
    static_cast<void>(ended);
}

task<result<tls_link>> shake_hands(environment& env, std::unique_ptr<stream> over, std::unique_ptr<tls_engine> engine) {
    for (;;) {
        const auto progress = engine->shake_hands();
        if (progress == tls_engine::progress::failed) {
            auto last = send_last_words(env, *over, *engine);
            co_await std::move(last);
            co_return engine->failure();
        }
        // Awaited only where there is something to wait for: an await that is ready at once may use stack, and how many
        // pieces the bytes come in is the peer's choice.
        result<void> sent;
        if (!engine->output().empty()) {
            auto sending = send_output(*over, *engine);
            sent = co_await std::move(sending);
        }
        if (progress == tls_engine::progress::done) {
            if (!sent) co_return sent.error();
            break;
        }
        // A write that fails has often its reason in an alert that can be read.
        const io_step got = over->try_read(engine->prepare());
        switch (got.what) {
        case io_step::outcome::done: engine->commit(got.count); break;
        case io_step::outcome::closed: co_return error{tls_errc::closed};
        case io_step::outcome::failed: co_return error{got.code};
        case io_step::outcome::would_block: {
            auto bytes = over->readable();
            co_await std::move(bytes);
        }
        }
    }
    tls_link link;
    link.peer = engine->peer();
    link.version = engine->version();
    link.cipher = engine->cipher();
    link.stream = std::make_unique<tls_stream>(std::move(over), std::move(engine));
    co_return link;
}

tls_name_check check_for(const std::string& host) {
    return [host](const certificate& shown) -> std::optional<std::string> {
        if (is_for_host(shown, host)) return std::nullopt;
        return "it is for " + names_of(shown) + ", not for " + host;
    };
}

} // namespace

task<result<tls_link>> tls_connect(environment& env, std::unique_ptr<stream> over,
                                   std::shared_ptr<const tls_context> context, tls_connect_options options) {
    if (!options.check) options.check = check_for(options.host);
    auto engine = std::make_unique<tls_engine>(tls_engine::role::dials, std::move(context), std::move(options.check),
                                               env.wall_clock());
    engine->announce(options.host);
    auto shaking = shake_hands(env, std::move(over), std::move(engine));
    co_return co_await std::move(shaking);
}

task<result<tls_link>> tls_accept(environment& env, std::unique_ptr<stream> over,
                                  std::shared_ptr<const tls_context> context, tls_accept_options options) {
    auto engine = std::make_unique<tls_engine>(tls_engine::role::accepts, std::move(context), std::move(options.check),
                                               env.wall_clock());
    byte_view read = options.already_read;
    while (!read.empty()) {
        const auto space = engine->prepare();
        const auto count = std::min(space.size(), read.size());
        if (count == 0) co_return error{sedge::errc::limit_exceeded, "more bytes than a TLS handshake has"};
        std::copy_n(read.begin(), count, space.begin());
        engine->commit(count);
        read = read.subspan(count);
    }
    auto shaking = shake_hands(env, std::move(over), std::move(engine));
    co_return co_await std::move(shaking);
}

} // namespace sedge::wire
