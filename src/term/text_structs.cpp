// SPDX-License-Identifier: Apache-2.0
#include "term/text_structs.hpp"

#include "term/number.hpp"
#include "term/walk.hpp"

#include <array>
#include <cstdio>

namespace sedge::text {

namespace {

using etf::map_index;

/// Fields of a struct by name.
class fields {
public:
    explicit fields(std::span<const map_index::pair> pairs) : pairs_(pairs) {}

    [[nodiscard]] std::size_t size() const { return pairs_.size(); }
    [[nodiscard]] const std::uint8_t* find(std::string_view name) const {
        const auto* p = pair(name);
        return p == nullptr ? nullptr : p->value;
    }
    [[nodiscard]] const map_index::pair* pair(std::string_view name) const {
        for (const auto& p : pairs_) {
            if (is_atom(p.key) && etf::atom_text(p.key) == name) return &p;
        }
        return nullptr;
    }
    [[nodiscard]] bool has_atom(std::string_view name, std::string_view value) const {
        const auto* p = find(name);
        return p != nullptr && is_atom(p) && etf::atom_text(p) == value;
    }
    /// A number of a date or time, which is never large.
    [[nodiscard]] std::optional<int> small(std::string_view name) const { return small_at(find(name)); }

    static std::optional<int> small_at(const std::uint8_t* p) {
        if (p == nullptr || (*p != etf::small_integer && *p != etf::integer)) return std::nullopt;
        return *p == etf::small_integer ? p[1] : static_cast<std::int32_t>(etf::load32(p + 1));
    }
    static bool is_atom(const std::uint8_t* p) { return *p == etf::small_atom_utf8 || *p == etf::atom_utf8; }

private:
    std::span<const map_index::pair> pairs_;
};

template <class... Numbers>
std::string formatted(const char* how, Numbers... numbers) {
    std::array<char, 64> raw{};
    std::snprintf(raw.data(), raw.size(), how, numbers...);
    return raw.data();
}

std::optional<std::string> date(const fields& of) {
    const auto year = of.small("year");
    const auto month = of.small("month");
    const auto day = of.small("day");
    if (!year || !month || !day || !of.has_atom("calendar", "Elixir.Calendar.ISO")) return std::nullopt;
    return formatted(*year < 0 ? "-%04d-%02d-%02d" : "%04d-%02d-%02d", std::abs(*year), *month, *day);
}

/// `microsecond` is {value, digits to show}.
std::optional<std::string> time(const fields& of) {
    const auto hour = of.small("hour");
    const auto minute = of.small("minute");
    const auto second = of.small("second");
    const auto* fraction = of.find("microsecond");
    if (!hour || !minute || !second || !of.has_atom("calendar", "Elixir.Calendar.ISO")) return std::nullopt;
    if (fraction == nullptr || fraction[0] != etf::small_tuple || fraction[1] != 2) return std::nullopt;
    const auto value = fields::small_at(fraction + 2);
    if (!value) return std::nullopt;
    const auto digits = fields::small_at(etf::skip_leaf(fraction + 2));
    if (!digits || *digits < 0 || *digits > 6 || *value < 0 || *value > 999'999) return std::nullopt;
    auto text = formatted("%02d:%02d:%02d", *hour, *minute, *second);
    if (*digits == 0) return text;
    return text + '.' + formatted("%06d", *value).substr(0, static_cast<std::size_t>(*digits));
}

std::optional<struct_text> sigil(char letter, const std::optional<std::string>& inside) {
    if (!inside) return std::nullopt;
    return struct_text{std::string{"~"} + letter + '[' + *inside + ']'};
}

std::optional<struct_text> range(const fields& of) {
    const auto* first = of.find("first");
    const auto* last = of.find("last");
    const auto* step = of.find("step");
    for (const auto* p : {first, last, step}) {
        if (p == nullptr || !etf::is_integer(p)) return std::nullopt;
    }
    output out{1024};
    write_integer(out, first, "0x");
    out << "..";
    write_integer(out, last, "0x");
    const bool is_plain = step[0] == etf::small_integer && step[1] == 1 &&
                          etf::order(first, last, etf::strictness::exact, nullptr, nullptr) <= 0;
    if (!is_plain) out << "//", write_integer(out, step, "0x");
    return struct_text{std::move(out).finish()};
}

std::optional<struct_text> uri(const fields& of) {
    struct_text text{"%URI{"};
    for (const auto* name : {"scheme", "authority", "userinfo", "host", "port", "path", "query", "fragment"}) {
        const auto* p = of.pair(name);
        if (p == nullptr) return std::nullopt;
        if (name == std::string_view{"authority"} && of.has_atom(name, "nil")) continue; // deprecated, shown if set
        text.fields.push_back(*p);
    }
    return text;
}

} // namespace

std::optional<struct_text> known_struct(std::span<const map_index::pair> pairs) {
    const fields of{pairs};
    const auto* name = of.find("__struct__");
    if (name == nullptr || !fields::is_atom(name)) return std::nullopt;
    const auto module = etf::atom_text(name);
    if (!module.starts_with("Elixir.")) return std::nullopt;
    if (module == "Elixir.Range" && of.size() == 4) return range(of);
    if (module == "Elixir.Date" && of.size() == 5) return sigil('D', date(of));
    if (module == "Elixir.Time" && of.size() == 6) return sigil('T', time(of));
    if (module == "Elixir.NaiveDateTime" && of.size() == 9) {
        const auto day = date(of);
        const auto clock = time(of);
        if (!day || !clock) return std::nullopt;
        return sigil('N', *day + ' ' + *clock);
    }
    if (module == "Elixir.URI" && of.size() == 9) return uri(of);
    if (module == "Elixir.MapSet" && of.size() == 3) {
        const auto* set = of.find("map");
        if (set == nullptr || *set != etf::map) return std::nullopt;
        return struct_text{"MapSet.new([", {}, set};
    }
    if (of.has_atom("__exception__", "true")) {
        output out{1024};
        out << '%';
        write_atom_elixir(out, module);
        out << '{';
        struct_text text{std::move(out).finish()};
        for (const auto& p : pairs) {
            if (!fields::is_atom(p.key)) return std::nullopt;
            const auto key = etf::atom_text(p.key);
            if (key != "__struct__" && key != "__exception__") text.fields.push_back(p);
        }
        if (text.fields.empty()) text.head += '}';
        return text;
    }
    return std::nullopt;
}

void write_plain(output& out, std::string_view utf8) { write_escaped_elixir(out, utf8, '\\'); }

} // namespace sedge::text
