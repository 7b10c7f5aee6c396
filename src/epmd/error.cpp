// SPDX-License-Identifier: Apache-2.0
#include <sedge/epmd/error.hpp>

#include <string>

namespace sedge::epmd {

namespace {
class category final : public std::error_category {
    const char* name() const noexcept override { return "sedge.epmd"; }
    std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
        case errc::name_taken: return "another program with this name runs; choose another name or stop it";
        case errc::name_refused: return "the port mapper refuses the name; use 1 to 255 printable characters";
        case errc::not_found: return "it is not running, or registered under another name";
        case errc::no_answer: return "no port mapper answers";
        case errc::not_a_mapper:
            return "the program on that port is not a port mapper (epmd); stop it or use another port";
        case errc::closed_unanswered: return "the port mapper closed the connection without an answer";
        case errc::version_mismatch: return "no common version of the distribution protocol";
        case errc::port_taken: return "the port is taken by another program";
        case errc::silent: return "no answer in time";
        case errc::resolver_silent: return "the name of the host was not resolved in time";
        }
        return "error " + std::to_string(code);
    }
};
} // namespace

const std::error_category& epmd_category() noexcept {
    static const category instance;
    return instance;
}

} // namespace sedge::epmd
