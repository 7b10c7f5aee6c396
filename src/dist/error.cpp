// SPDX-License-Identifier: Apache-2.0
#include <sedge/dist/error.hpp>

namespace sedge::dist {

namespace {
class category final : public std::error_category {
    const char* name() const noexcept override { return "sedge.dist"; }
    std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
        case errc::refused: return "refused";
        case errc::wrong_cookie: return "wrong cookie";
        case errc::not_allowed: return "not allowed";
        case errc::name_mismatch: return "another node answers there";
        case errc::name_kind: return "short and long names do not mix";
        case errc::name_invalid: return "not a node name";
        case errc::flags_missing: return "mandatory capabilities are missing";
        case errc::bad_handshake: return "not the distribution protocol";
        case errc::already_connected: return "already connected";
        case errc::bad_packet: return "bad packet";
        case errc::tick_timeout: return "net_tick_timeout";
        case errc::queue_full: return "send queue full";
        case errc::slow_peer: return "slow peer";
        case errc::not_supported: return "not supported by the peer";
        case errc::cookie_unusable: return "unusable cookie";
        case errc::unreachable: return "no answer from its port in time";
        case errc::tls_there: return "TLS on one side only";
        case errc::silent: return "no answer in time";
        }
        return "distribution error " + std::to_string(code);
    }
};
} // namespace

const std::error_category& dist_category() noexcept {
    static const category instance;
    return instance;
}

} // namespace sedge::dist
