// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/assert.hpp>
#include <sedge/base/bytes.hpp>
#include <sedge/base/error.hpp>

#include <cstdio>
#include <cstdlib>

namespace sedge {

namespace {
class category final : public std::error_category {
    const char* name() const noexcept override { return "sedge"; }
    std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
        case errc::timed_out: return "timed out";
        case errc::stopped: return "stopped";
        case errc::invalid_argument: return "invalid argument";
        case errc::limit_exceeded: return "limit exceeded";
        case errc::malformed: return "malformed";
        }
        return "error " + std::to_string(code);
    }
};
} // namespace

const std::error_category& base_category() noexcept {
    static const category instance;
    return instance;
}

std::string error::message() const {
    const auto what = code_.message();
    if (context_.empty() || what.empty()) return context_ + what;
    return context_ + ": " + what;
}

error error::within(std::string_view step) const {
    return {code_, context_.empty() ? std::string{step} : std::string{step} + ": " + context_};
}

void detail::assertion_failed(const char* expression, const char* file, int line) noexcept {
    std::fprintf(stderr, "sedge: assertion failed: %s (%s:%d)\n", expression, file, line);
    std::abort();
}

} // namespace sedge
