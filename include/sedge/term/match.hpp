// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace sedge {

// Patterns: what a term must look like, with variables for its parts.
//
//     pid from;
//     std::string name;
//     if (match(message, tuple_of("hello"_atom, var(from), var(name)))) reply(from, name);
//
// A pattern is
//
//     any                        whatever stands there
//     var(x)                     a term that fits the type of `x`, which is set if the whole pattern matches
//     tuple_of(p, q...)          a tuple of exactly these elements
//     sequence_of(p, q...)       a proper list of exactly these elements
//     map_with(key, p, ...)      a map that has these keys, perhaps others too
//     when(predicate)            a term for which `predicate(const term_view&)` holds
//     any encodable value        a term equal (`=:=`) to it: `42`, `"ok"_atom`, a reference, a term
//
// For selective receive: `self.receive_if(fits(tuple_of(request, any)))`.

namespace patterns {

/// Common base, so that patterns are told from values.
struct base {};

struct any_t : base {
    bool accept(const term_view&) const { return true; }
    void commit() const {}
};

template <decodable T>
struct variable : base {
    explicit variable(T& t) : target(&t) {}
    bool accept(const term_view& t) {
        seen = t.as<T>();
        return seen.has_value();
    }
    void commit() { *target = *std::move(seen); }

    T* target;
    std::optional<T> seen;
};

struct literal : base {
    explicit literal(term v) : value(std::move(v)) {}
    bool accept(const term_view& t) const { return t == value.view(); }
    void commit() const {}

    term value;
};

template <class Predicate>
struct condition : base {
    explicit condition(Predicate p) : holds(std::move(p)) {}
    bool accept(const term_view& t) { return std::invoke(holds, t); }
    void commit() const {}

    Predicate holds;
};

template <bool IsTuple, class... Patterns>
struct elements : base {
    explicit elements(std::tuple<Patterns...> each) : parts(std::move(each)) {}
    bool accept(const term_view& t) {
        if constexpr (IsTuple) {
            if (t.kind() != term_kind::tuple || t.arity() != sizeof...(Patterns)) return false;
        } else {
            if (!t.is_list() || t.length() != sizeof...(Patterns) || t.tail().kind() != term_kind::nil) return false;
        }
        auto at = t.elements().begin();
        const auto next = [&](auto& part) {
            const term_view here = *at;
            ++at;
            return part.accept(here);
        };
        return std::apply([&](auto&... part) { return (next(part) && ...); }, parts);
    }
    void commit() {
        std::apply([](auto&... part) { (part.commit(), ...); }, parts);
    }

    std::tuple<Patterns...> parts;
};

template <class Pattern>
struct map_entry {
    term key;
    Pattern value;
};

template <class... Patterns>
struct map_entries : base {
    explicit map_entries(std::tuple<map_entry<Patterns>...> each) : entries(std::move(each)) {}
    bool accept(const term_view& t) {
        if (t.kind() != term_kind::map) return false;
        const auto one = [&](auto& entry) {
            const auto found = t.find(entry.key.view());
            return found && entry.value.accept(*found);
        };
        return std::apply([&](auto&... entry) { return (one(entry) && ...); }, entries);
    }
    void commit() {
        std::apply([](auto&... entry) { (entry.value.commit(), ...); }, entries);
    }

    std::tuple<map_entry<Patterns>...> entries;
};

/// A pattern as it is; a value as the pattern of that value.
template <class T>
auto from(const T& value) {
    if constexpr (std::is_base_of_v<base, T>) {
        return value;
    } else {
        return literal{term{value}};
    }
}
template <class T>
using from_t = decltype(from(std::declval<const T&>()));

template <class... Done>
auto entries_from(std::tuple<Done...> done) {
    return done;
}
template <class... Done, class Key, class Pattern, class... Rest>
auto entries_from(std::tuple<Done...> done, const Key& key, const Pattern& pattern, const Rest&... rest) {
    auto one = std::tuple{map_entry<from_t<Pattern>>{term{key}, from(pattern)}};
    return entries_from(std::tuple_cat(std::move(done), std::move(one)), rest...);
}
template <class... Patterns>
map_entries<Patterns...> make_map(std::tuple<map_entry<Patterns>...> entries) {
    return map_entries<Patterns...>{std::move(entries)};
}

} // namespace patterns

inline constexpr patterns::any_t any{};

/// `target` must outlive the pattern.
template <decodable T>
patterns::variable<T> var(T& target) {
    return patterns::variable<T>{target};
}

template <class Predicate>
patterns::condition<Predicate> when(Predicate predicate) {
    return patterns::condition<Predicate>{std::move(predicate)};
}

template <class... Ts>
patterns::elements<true, patterns::from_t<Ts>...> tuple_of(const Ts&... parts) {
    return patterns::elements<true, patterns::from_t<Ts>...>{std::tuple{patterns::from(parts)...}};
}

template <class... Ts>
patterns::elements<false, patterns::from_t<Ts>...> sequence_of(const Ts&... parts) {
    return patterns::elements<false, patterns::from_t<Ts>...>{std::tuple{patterns::from(parts)...}};
}

/// Key, pattern, key, pattern...
template <class... Ts>
    requires(sizeof...(Ts) % 2 == 0)
auto map_with(const Ts&... keys_and_patterns) {
    return patterns::make_map(patterns::entries_from(std::tuple<>{}, keys_and_patterns...));
}

/// True if `t` is as `pattern` says; then, and only then, the pattern's variables are set.
template <class Pattern>
[[nodiscard]] bool match(const term_view& t, Pattern pattern) {
    auto p = patterns::from(pattern);
    if (!p.accept(t)) return false;
    p.commit();
    return true;
}

/// The pattern as a predicate. It sets the pattern's variables each time it holds.
template <class Pattern>
[[nodiscard]] auto fits(Pattern pattern) {
    return [pattern = std::move(pattern)](const term_view& t) { return match(t, pattern); };
}

} // namespace sedge
