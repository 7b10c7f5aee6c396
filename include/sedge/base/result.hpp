// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/error.hpp>

#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

namespace sedge {

/// Thrown by `value()` on a result that holds an error. Only tests and examples call `value()` unchecked.
class bad_result : public std::runtime_error {
public:
    explicit bad_result(sedge::error e) : std::runtime_error(e.message()), error_(std::move(e)) {}
    [[nodiscard]] const sedge::error& error() const noexcept { return error_; }

private:
    sedge::error error_;
};

/// A value or an `error`; names follow `std::expected`, which g++ 12 lacks.
template <class T = void>
class [[nodiscard]] result {
public:
    using value_type = T;

    result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    result(sedge::error e) : state_(std::in_place_index<1>, std::move(e)) {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    T& value() & { return check(), std::get<0>(state_); }
    const T& value() const& { return check(), std::get<0>(state_); }
    T&& value() && { return check(), std::get<0>(std::move(state_)); }

    /// Precondition of `*` and `->`: has_value().
    T& operator*() & noexcept { return *std::get_if<0>(&state_); }
    const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }
    T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
    T* operator->() noexcept { return std::get_if<0>(&state_); }
    const T* operator->() const noexcept { return std::get_if<0>(&state_); }

    /// Precondition: !has_value().
    [[nodiscard]] const sedge::error& error() const& noexcept { return *std::get_if<1>(&state_); }
    [[nodiscard]] sedge::error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

    template <class U>
    [[nodiscard]] T value_or(U&& other) const& {
        return has_value() ? **this : static_cast<T>(std::forward<U>(other));
    }

    template <class F>
    auto and_then(F&& f) && -> std::invoke_result_t<F, T&&> {
        if (!has_value()) return std::move(*this).error();
        return std::forward<F>(f)(*std::move(*this));
    }

    template <class F>
    auto transform(F&& f) && -> result<std::invoke_result_t<F, T&&>> {
        if (!has_value()) return std::move(*this).error();
        return std::forward<F>(f)(*std::move(*this));
    }

private:
    void check() const {
        if (!has_value()) throw bad_result(error());
    }
    std::variant<T, sedge::error> state_;
};

template <>
class [[nodiscard]] result<void> {
public:
    using value_type = void;

    result() = default;
    result(sedge::error e) : error_(std::move(e)) {}

    [[nodiscard]] bool has_value() const noexcept { return !error_; }
    explicit operator bool() const noexcept { return has_value(); }
    void value() const {
        if (error_) throw bad_result(*error_);
    }
    [[nodiscard]] const sedge::error& error() const noexcept { return *error_; }

private:
    std::optional<sedge::error> error_;
};

} // namespace sedge
