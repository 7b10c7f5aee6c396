// SPDX-License-Identifier: Apache-2.0
#pragma once

// Included by otp/function_table.hpp. Turns a C++ function into a function of terms.

#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/otp/outcome.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace sedge::otp {

struct call_context;
outcome failure(std::string_view reason, const call_context& c, std::span<const term> arguments);

namespace detail {

template <class T>
struct is_task : std::false_type {};
template <class T>
struct is_task<task<T>> : std::true_type {
    using value_type = T;
};
template <class T>
struct is_result : std::false_type {};
template <class T>
struct is_result<result<T>> : std::true_type {};

template <bool WithContext, class Return, class... Arguments>
struct signature {
    static constexpr bool with_context = WithContext;
    static constexpr std::size_t arity = sizeof...(Arguments);
    using return_type = Return;
    using arguments = std::tuple<std::remove_cvref_t<Arguments>...>;
};

/// Return type and parameters of a function pointer, or of an object with one `operator()`.
template <class F>
struct function_traits : function_traits<decltype(&F::operator())> {};
template <class R, class... A>
struct function_traits<R (*)(A...)> : signature<false, R, A...> {};
template <class R, class... A>
struct function_traits<R (*)(call_context&, A...)> : signature<true, R, A...> {};
template <class C, class R, class... A>
struct function_traits<R (C::*)(A...)> : signature<false, R, A...> {};
template <class C, class R, class... A>
struct function_traits<R (C::*)(A...) const> : signature<false, R, A...> {};
template <class C, class R, class... A>
struct function_traits<R (C::*)(call_context&, A...)> : signature<true, R, A...> {};
template <class C, class R, class... A>
struct function_traits<R (C::*)(call_context&, A...) const> : signature<true, R, A...> {};

template <class Tuple, std::size_t... I>
std::optional<Tuple> from_terms([[maybe_unused]] std::span<const term> terms, std::index_sequence<I...>) {
    std::tuple<std::optional<std::tuple_element_t<I, Tuple>>...> values{
        terms[I].as<std::tuple_element_t<I, Tuple>>()...};
    if (!(std::get<I>(values).has_value() && ...)) return std::nullopt;
    return Tuple{*std::move(std::get<I>(values))...};
}

/// The arguments as C++ values, or nothing if one does not convert.
template <class Tuple>
std::optional<Tuple> from_terms(std::span<const term> terms) {
    if (terms.size() != std::tuple_size_v<Tuple>) return std::nullopt;
    return from_terms<Tuple>(terms, std::make_index_sequence<std::tuple_size_v<Tuple>>{});
}

template <class T>
outcome to_outcome(T value) {
    if constexpr (std::is_same_v<T, outcome>) {
        return value;
    } else if constexpr (is_result<T>::value) {
        if (!value) return outcome::value(term{std::tuple{atom{"error"}, value.error().message()}});
        if constexpr (std::is_void_v<typename T::value_type>) {
            return outcome::value(term{atom{"ok"}});
        } else {
            return outcome::value(term{std::tuple{atom{"ok"}, *std::move(value)}});
        }
    } else if constexpr (std::is_same_v<T, term>) {
        return outcome::value(std::move(value));
    } else {
        return outcome::value(term{value});
    }
}

inline task<outcome> at_once(outcome what) { co_return what; }

template <class F, class Tuple>
decltype(auto) call_with(F& f, call_context& context, Tuple& arguments) {
    auto invoke = [&](auto&... values) -> decltype(auto) {
        if constexpr (function_traits<F>::with_context) return f(context, std::move(values)...);
        else return f(std::move(values)...);
    };
    return std::apply(invoke, arguments);
}

/// Keeps the arguments until `f`, which may take them by reference, has ended. The table keeps `f` and the caller
/// `context`.
template <class T, class F, class Tuple>
task<outcome> run_to_end(F* f, call_context* context, Tuple arguments) {
    task<T> job = call_with(*f, *context, arguments);
    if constexpr (std::is_void_v<T>) {
        co_await std::move(job);
        co_return outcome::value(term{atom{"ok"}});
    } else {
        T value = co_await std::move(job);
        co_return to_outcome(std::move(value));
    }
}

/// The variant of `handler` and `task_handler`, spelled out because those are declared after this file.
template <class F>
auto make_handler(F f) {
    using traits = function_traits<F>;
    using return_type = typename traits::return_type;
    using arguments = typename traits::arguments;
    using plain = std::function<outcome(call_context&, std::span<const term>)>;
    using waiting = std::function<task<outcome>(call_context&, std::vector<term>)>;

    if constexpr (is_task<return_type>::value) {
        return std::variant<plain, waiting>{
            waiting{[f = std::move(f)](call_context& c, std::vector<term> terms) mutable -> task<outcome> {
                auto values = from_terms<arguments>(terms); // not a coroutine itself: it hands one on
                if (!values) return at_once(failure("function_clause", c, terms));
                return run_to_end<typename is_task<return_type>::value_type>(&f, &c, *std::move(values));
            }}};
    } else {
        return std::variant<plain, waiting>{
            plain{[f = std::move(f)](call_context& c, std::span<const term> terms) mutable -> outcome {
                auto values = from_terms<arguments>(terms);
                if (!values) return failure("function_clause", c, terms);
                if constexpr (std::is_void_v<return_type>) {
                    call_with(f, c, *values);
                    return outcome::value(term{atom{"ok"}});
                } else {
                    return to_outcome(call_with(f, c, *values));
                }
            }}};
    }
}

} // namespace detail
} // namespace sedge::otp
