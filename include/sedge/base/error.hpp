// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace sedge {

/// What can go wrong in any layer. Layers add their own small enums next to what raises them.
enum class errc {
    timed_out = 1,    ///< A deadline passed. Trying again later may help.
    stopped,          ///< The object was stopped or destroyed while waiting.
    invalid_argument, ///< The caller's value cannot be used; the context says which and why.
    limit_exceeded,   ///< A bound of `base/limits.hpp` was hit; the context names it.
    malformed,        ///< Bytes or text from outside do not follow their format; the context says where.
};

const std::error_category& base_category() noexcept;
inline std::error_code make_error_code(errc code) noexcept {
    return {static_cast<int>(code), base_category()};
}

/// A failure: a code that programs compare, and a context that people read.
///
/// The context names the operation and the peer, outermost step first:
/// `connect edge2@10.0.0.6: handshake`. Each layer adds its part with `within`; nobody logs *and* returns.
class error {
public:
    error(std::error_code code, std::string context = {}) : code_(code), context_(std::move(context)) {}
    template <class Enum>
        requires std::is_error_code_enum_v<Enum>
    error(Enum code, std::string context = {}) : error(make_error_code(code), std::move(context)) {}

    [[nodiscard]] const std::error_code& code() const noexcept { return code_; }
    [[nodiscard]] const std::string& context() const noexcept { return context_; }

    /// `context: message of the code`, or only one of the two where the other is empty.
    [[nodiscard]] std::string message() const;

    /// The same failure seen from one step further out.
    [[nodiscard]] error within(std::string_view step) const;

    friend bool operator==(const error& e, const std::error_code& code) noexcept { return e.code_ == code; }

private:
    std::error_code code_;
    std::string context_;
};

} // namespace sedge

template <>
struct std::is_error_code_enum<sedge::errc> : std::true_type {};
