// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/assert.hpp>
#include <sedge/cluster/config_value.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

namespace sedge::cluster {

config_value config_value::of(bool value) {
    config_value out;
    out.what = kind::boolean;
    out.truth = value;
    return out;
}
config_value config_value::of(std::int64_t value) {
    config_value out;
    out.what = kind::integer;
    out.number = value;
    return out;
}
config_value config_value::of(std::string value) {
    config_value out;
    out.what = kind::text;
    out.text = std::move(value);
    return out;
}
config_value config_value::of(std::vector<std::string> values) {
    config_value out;
    out.what = kind::list;
    for (auto& value : values) out.items.push_back(of(std::move(value)));
    return out;
}
config_value config_value::map() {
    config_value out;
    out.what = kind::map;
    return out;
}

const config_value* config_value::find(std::string_view name) const noexcept {
    for (const auto& [key, value] : fields)
        if (key == name) return &value;
    return nullptr;
}

config_value* config_value::find(std::string_view name) noexcept {
    return const_cast<config_value*>(std::as_const(*this).find(name)); // this object is not const
}

config_value& config_value::at(std::string_view name) {
    SEDGE_ASSERT(what == kind::absent || what == kind::map);
    what = kind::map;
    if (auto* value = find(name)) return *value;
    fields.push_back({std::string{name}, {}});
    return fields.back().value;
}

bool same(const config_value& a, const config_value& b) {
    if (a.what != b.what || a.truth != b.truth || a.number != b.number || a.real != b.real || a.text != b.text)
        return false;
    auto same_field = [&b](const config_value::field& field) {
        const auto* other = b.find(field.name);
        return other && same(field.value, *other);
    };
    return a.fields.size() == b.fields.size() && std::ranges::all_of(a.fields, same_field) &&
           std::ranges::equal(a.items, b.items, [](const auto& x, const auto& y) { return same(x, y); });
}

void config_value::overlay(const config_value& other) {
    if (what != kind::map || other.what != kind::map) {
        *this = other;
        return;
    }
    for (const auto& [name, value] : other.fields) at(name).overlay(value);
}

std::string_view describe(config_value::kind what) noexcept {
    switch (what) {
    case config_value::kind::absent: return "nothing";
    case config_value::kind::boolean: return "true or false";
    case config_value::kind::integer: return "a whole number";
    case config_value::kind::floating: return "a number with a point";
    case config_value::kind::text: return "text";
    case config_value::kind::list: return "a list";
    case config_value::kind::map: return "a table";
    }
    return "";
}

namespace {

// Levenshtein's distance, where two neighbours that changed places count as one slip. Three rows at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last;
    std::vector<std::size_t> last(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::vector<std::size_t> row{i};
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row.push_back(std::min({last[j] + 1, row[j - 1] + 1, replaced}));
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        before_last = std::exchange(last, std::move(row));
    }
    return last[b.size()];
}

} // namespace

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates) {
    constexpr std::size_t word_bytes_max = 64; // longer than every key there is
    if (word.empty() || word.size() > word_bytes_max) return std::nullopt;
    std::optional<std::string> best;
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto& candidate : candidates) {
        auto distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

} // namespace sedge::cluster
