// SPDX-License-Identifier: Apache-2.0
#pragma once

// Included by term/convert.hpp: codecs of the standard containers.

#include <sedge/term/convert.hpp>

#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace sedge {

/// A proper list of elements of different types; made by `list_of`.
template <class... Ts>
struct list_literal {
    std::tuple<Ts...> elements;
};
template <class... Ts>
list_literal<std::decay_t<Ts>...> list_of(Ts&&... elements) {
    return {{std::forward<Ts>(elements)...}};
}

template <class... Ts>
struct term_codec<std::tuple<Ts...>> {
    static void encode(encoder& out, const std::tuple<Ts...>& value)
        requires(encodable<Ts> && ...)
    {
        out.tuple(sizeof...(Ts));
        std::apply([&](const Ts&... each) { (term_codec<Ts>::encode(out, each), ...); }, value);
    }
    static std::optional<std::tuple<Ts...>> decode(const term_view& in)
        requires(decodable<Ts> && ...)
    {
        if (in.kind() != term_kind::tuple || in.arity() != sizeof...(Ts)) return std::nullopt;
        auto at = in.elements().begin();
        bool fits = true;
        [[maybe_unused]] const auto next = [&]<class T>(std::type_identity<T>) -> std::optional<T> {
            if (!fits) return std::nullopt;
            auto value = term_codec<T>::decode(*at);
            ++at;
            fits = value.has_value();
            return value;
        };
        std::tuple<std::optional<Ts>...> all{next(std::type_identity<Ts>{})...}; // braces keep the order
        if (!fits) return std::nullopt;
        return std::apply([](auto&... each) { return std::tuple<Ts...>{*std::move(each)...}; }, all);
    }
};

template <class A, class B>
struct term_codec<std::pair<A, B>> {
    static void encode(encoder& out, const std::pair<A, B>& value)
        requires(encodable<A> && encodable<B>)
    {
        out.tuple(2);
        term_codec<A>::encode(out, value.first);
        term_codec<B>::encode(out, value.second);
    }
    static std::optional<std::pair<A, B>> decode(const term_view& in)
        requires(decodable<A> && decodable<B>)
    {
        auto both = term_codec<std::tuple<A, B>>::decode(in);
        if (!both) return std::nullopt;
        return std::pair<A, B>{std::get<0>(std::move(*both)), std::get<1>(std::move(*both))};
    }
};

template <class T>
struct term_codec<std::vector<T>> {
    static void encode(encoder& out, const std::vector<T>& value)
        requires encodable<T>
    {
        const auto start = out.size();
        out.list(value.size());
        for (const T& each : value) term_codec<T>::encode(out, each);
        out.nil();
        out.settle_list(start);
    }
    static std::optional<std::vector<T>> decode(const term_view& in)
        requires decodable<T>
    {
        if (!in.is_list() || in.tail().kind() != term_kind::nil) return std::nullopt;
        std::vector<T> all;
        for (const auto each : in.elements()) {
            auto value = term_codec<T>::decode(each);
            if (!value) return std::nullopt;
            all.push_back(*std::move(value));
        }
        return all;
    }
};

template <class... Ts>
struct term_codec<list_literal<Ts...>> {
    static void encode(encoder& out, const list_literal<Ts...>& value)
        requires(encodable<Ts> && ...)
    {
        const auto start = out.size();
        out.list(sizeof...(Ts));
        std::apply([&](const Ts&... each) { (term_codec<Ts>::encode(out, each), ...); }, value.elements);
        out.nil();
        out.settle_list(start);
    }
};

namespace detail {
template <class Map>
struct map_codec {
    using key = typename Map::key_type;
    using mapped = typename Map::mapped_type;

    static void encode(encoder& out, const Map& value)
        requires(encodable<key> && encodable<mapped>)
    {
        out.map(value.size());
        for (const auto& [k, v] : value) {
            term_codec<key>::encode(out, k);
            term_codec<mapped>::encode(out, v);
        }
    }
    static std::optional<Map> decode(const term_view& in)
        requires(decodable<key> && decodable<mapped>)
    {
        if (in.kind() != term_kind::map) return std::nullopt;
        Map all;
        auto pairs = in.keys_and_values();
        for (auto at = pairs.begin(); at != pairs.end();) {
            auto k = term_codec<key>::decode(*at);
            ++at;
            auto v = term_codec<mapped>::decode(*at);
            ++at;
            if (!k || !v) return std::nullopt;
            all.emplace(*std::move(k), *std::move(v));
        }
        return all;
    }
};
} // namespace detail

template <class K, class V, class... More>
struct term_codec<std::map<K, V, More...>> : detail::map_codec<std::map<K, V, More...>> {};
template <class K, class V, class... More>
struct term_codec<std::unordered_map<K, V, More...>> : detail::map_codec<std::unordered_map<K, V, More...>> {};

template <class T>
struct term_codec<std::optional<T>> {
    static void encode(encoder& out, const std::optional<T>& value)
        requires encodable<T>
    {
        if (value) return term_codec<T>::encode(out, *value);
        out.atom("nil");
    }
    static std::optional<std::optional<T>> decode(const term_view& in)
        requires decodable<T>
    {
        if (in.is_atom("nil") || in.is_atom("undefined")) return std::optional<T>{};
        auto value = term_codec<T>::decode(in);
        if (!value) return std::nullopt;
        return value;
    }
};

template <class... Ts>
struct term_codec<std::variant<Ts...>> {
    static void encode(encoder& out, const std::variant<Ts...>& value)
        requires(encodable<Ts> && ...)
    {
        std::visit([&]<class T>(const T& held) { term_codec<T>::encode(out, held); }, value);
    }
    static std::optional<std::variant<Ts...>> decode(const term_view& in)
        requires(decodable<Ts> && ...)
    {
        std::optional<std::variant<Ts...>> found;
        const auto try_one = [&]<class T>(std::type_identity<T>) {
            if (auto value = term_codec<T>::decode(in)) found.emplace(*std::move(value));
            return found.has_value();
        };
        (try_one(std::type_identity<Ts>{}) || ...);
        return found;
    }
};

/// `[elements | tail]`. A tail that is itself a list continues it.
/// Stands behind the codec of vectors because its comparison asks whether a vector of terms is encodable.
struct improper_list {
    std::vector<term> elements;
    term tail;
    friend bool operator==(const improper_list&, const improper_list&) = default;
};

template <>
struct term_codec<improper_list> {
    static void encode(encoder& out, const improper_list& value);
    static std::optional<improper_list> decode(const term_view& in);
};

} // namespace sedge
