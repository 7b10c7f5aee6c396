// SPDX-License-Identifier: Apache-2.0
#include <sedge/otp/error.hpp>

#include <string>

namespace sedge::otp {
namespace {

class category final : public std::error_category {
public:
    const char* name() const noexcept override { return "sedge.otp"; }
    std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
        case errc::no_process: return "no such process";
        case errc::no_connection: return "no connection to the node";
        case errc::ended: return "the process ended before it answered";
        case errc::remote_failure: return "the function failed there";
        case errc::refused: return "the node refused";
        case errc::unexpected: return "an answer that does not belong to the question";
        }
        return "error " + std::to_string(code);
    }
};

} // namespace

const std::error_category& otp_category() noexcept {
    static const category instance;
    return instance;
}

} // namespace sedge::otp
