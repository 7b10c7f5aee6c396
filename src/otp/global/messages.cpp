// SPDX-License-Identifier: Apache-2.0
#include "otp/global/messages.hpp"

#include "otp/terms.hpp"

#include <sedge/base/limits.hpp>

#include <map>

namespace sedge::otp::registry {
namespace {

term make_names(const std::vector<named>& names) {
    std::vector<std::tuple<term, pid, term>> list;
    list.reserve(names.size());
    for (const auto& n : names) list.emplace_back(n.name, n.who, n.method);
    return term{list};
}

term make_operations(const operations& all) {
    std::vector<term> list;
    list.reserve(all.inserted.size() + all.erased.size());
    for (const auto& n : all.inserted) list.push_back(tuple(atom{"insert"}, std::tuple{n.name, n.who, n.method}));
    for (const auto& name : all.erased) list.push_back(tuple(atom{"delete"}, name));
    return term_list(list);
}

term make_members(const std::vector<member>& members) {
    std::vector<std::pair<atom, int>> list;
    list.reserve(members.size());
    for (const auto& m : members) list.emplace_back(m.node, m.version);
    return term{list};
}

std::optional<named> read_named(const term_view& t) {
    if (!is_tuple(t, 3)) return std::nullopt;
    auto who = t.element(1).as<pid>();
    if (!who) return std::nullopt;
    return named{term{t.element(0)}, *who, term{t.element(2)}};
}

bool is_proper_list(const term_view& list) { return list.is_list() && list.tail().kind() == term_kind::nil; }

} // namespace

term make_greeting(std::int64_t tag, const atom& me, const pid& locker) {
    std::map<atom, int> extra{{atom{"sedge"}, 1}};
    return tuple(atom{"init_connect"}, std::pair{protocol_version, tag}, me,
                 std::tuple{atom{"locker"}, atom{"no_longer_a_pid"}, extra, locker});
}

std::optional<greeting> read_greeting(const term_view& message) {
    const term_view version = message.element(1);
    const term_view locker = message.element(3);
    bool formed = version.kind() == term_kind::tuple && version.arity() >= 2 && is_tagged(locker, "locker", 4);
    if (!formed) return std::nullopt;
    auto number = version.element(0).as<int>();
    auto who = locker.element(3).as<pid>();
    if (!number || !who) return std::nullopt;
    const term_view extra = locker.element(2);
    bool is_sedge = extra.kind() == term_kind::map && extra.find_atom("sedge");
    return greeting{*number, term{version.element(1)}, *who, is_sedge};
}

term make_exchange(const atom& me, const std::vector<named>& names, const term& his_tag) {
    return tuple(atom{"exchange"}, me, make_names(names), nil(), his_tag);
}

std::optional<std::vector<named>> read_names(const term_view& list) {
    if (!is_proper_list(list)) return std::nullopt;
    std::vector<named> names;
    for (auto item : list.elements()) {
        auto one = read_named(item);
        if (!one) return std::nullopt;
        names.push_back(*std::move(one));
    }
    return names;
}

term make_resolved(const atom& me, const operations& his_part, const std::vector<member>& known,
                   const std::vector<atom>& sedge, const term& his_tag) {
    term kinds = sedge.empty() ? term{atom{"unused"}} : term{sedge};
    return tuple(atom{"resolved"}, me, make_operations(his_part), make_members(known), kinds, nil(), his_tag);
}

std::optional<operations> read_operations(const term_view& list) {
    if (!is_proper_list(list)) return std::nullopt;
    operations all;
    for (auto item : list.elements()) {
        if (is_tagged(item, "insert", 2)) {
            auto one = read_named(item.element(1));
            if (!one) return std::nullopt;
            all.inserted.push_back(*std::move(one));
        } else if (is_tagged(item, "delete", 2)) {
            all.erased.emplace_back(item.element(1));
        } else {
            return std::nullopt;
        }
    }
    return all;
}

std::optional<std::vector<member>> read_members(const term_view& list) {
    if (!is_proper_list(list) || list.length() > limits::peers_max) return std::nullopt;
    std::vector<member> members;
    for (auto item : list.elements()) {
        auto name = is_tuple(item, 2) ? item.element(0).as<atom>() : item.as<atom>();
        auto version = is_tuple(item, 2) ? item.element(1).as<int>() : std::optional{0};
        if (!name || !version) return std::nullopt;
        members.push_back({*name, *version});
    }
    return members;
}

term make_new_nodes(const atom& me, const operations& changes, const std::vector<member>& nodes, int version,
                    const term& requester, const std::vector<atom>& sedge) {
    std::vector<term> extra{term{std::pair{atom{"vsn"}, version}},
                            term{std::pair{atom{"lock"}, make_lock_id({global_resource(), requester})}}};
    if (!sedge.empty()) extra.push_back(term{std::pair{atom{"sedge"}, sedge}});
    return tuple(atom{"new_nodes"}, me, make_operations(changes), nil(), make_members(nodes), term_list(extra));
}

std::vector<atom> read_atoms(const term_view& list) {
    return list.as<std::vector<atom>>().value_or(std::vector<atom>{});
}

std::vector<atom> read_sedge_nodes(const term_view& extra) {
    if (!is_proper_list(extra)) return {};
    for (auto item : extra.elements())
        if (is_tagged(item, "sedge", 2)) return read_atoms(item.element(1));
    return {};
}

std::optional<term> read_requester(const term_view& extra) {
    if (!is_proper_list(extra)) return std::nullopt;
    for (auto item : extra.elements()) {
        if (!is_tagged(item, "lock", 2)) continue;
        auto key = read_lock_id(item.element(1));
        if (key && key->resource == global_resource()) return std::move(key->requester);
    }
    return std::nullopt;
}

term make_lock_set(const pid& locker, bool is_set, const std::vector<atom>& known, const std::optional<term>& tag) {
    if (tag) return tuple(atom{"lock_set"}, locker, is_set, known, *tag);
    return tuple(atom{"lock_set"}, locker, is_set, known);
}

std::optional<lock_answer> read_lock_set(const term_view& message) {
    bool tagged = is_tagged(message, "lock_set", 5);
    if (!tagged && !is_tagged(message, "lock_set", 4)) return std::nullopt;
    auto locker = message.element(1).as<pid>();
    auto is_set = message.element(2).as<bool>();
    if (!locker || !is_set) return std::nullopt;
    return lock_answer{*locker, *is_set, tagged ? std::optional<term>{term{message.element(4)}} : std::nullopt};
}

term make_lock_id(const lock_key& key) { return tuple(key.resource, key.requester); }

std::optional<lock_key> read_lock_id(const term_view& id) {
    if (!is_tuple(id, 2)) return std::nullopt;
    return lock_key{term{id.element(0)}, term{id.element(1)}};
}

} // namespace sedge::otp::registry
