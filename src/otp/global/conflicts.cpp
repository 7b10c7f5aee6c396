// SPDX-License-Identifier: Apache-2.0
//
// Two partitions that meet may both have a name, for different processes. The node whose name is smaller has each of
// them decided: by the method that came with its own registration, on the node of the process that it knows itself,
// `global:resolve_it(Method, Name, HisPid, MyPid)`. The answer is one of the pids, or `none`: the name goes on both
// sides. If that node cannot be asked, the other partition's process stays.
//
//   random_exit_name    the process on the greater node is killed
//   random_notify_name  it gets {global_name_conflict, Name}
//   notify_all_name     both get {global_name_conflict, Name, OtherPid}; the name goes
//
// Any other fun of arity 3 may come with a name. `fun M:F/3` is looked for among the functions that this node serves
// (functions.cpp); one that is not there, or fails, counts as nobody to ask, and one that says anything but one of the
// two pids makes the name nobody's.

#include "otp/global/conflicts.hpp"

#include "otp/terms.hpp"

#include <sedge/term/decoder.hpp>
#include <sedge/term/encoder.hpp>
#include <sedge/term/tags.hpp>

namespace sedge::otp::registry {
namespace {

term exported(std::string_view function) { return exported_fun("global", function); }

} // namespace

term exported_fun(std::string_view module, std::string_view function) {
    byte_buffer bytes;
    encoder out{bytes};
    out.export_fun(module, function, 3);
    return term::adopt(std::move(bytes));
}

std::optional<std::pair<atom, atom>> exported_in(const term_view& fun) {
    const byte_view bytes = fun.bytes();
    if (bytes[0] != etf::export_fun) return std::nullopt;
    decoder in{bytes.subspan(1)};
    const auto module = in.atom();
    const auto function = in.atom();
    if (in.integer() != 3 || !in.ok()) return std::nullopt;
    return std::pair{atom{module}, atom{function}};
}

std::optional<term> as_resolver(const term& given) {
    constexpr std::size_t arity_at = 5; // NEW_FUN_EXT: tag, u32 size, u8 arity
    if (given.kind() == term_kind::fun) {
        const byte_view bytes = given.bytes();
        const bool takes_three = bytes[0] == etf::new_fun ? bytes[arity_at] == 3 : exported_in(given).has_value();
        return takes_three ? std::optional{given} : std::nullopt;
    }
    auto pair = given.as<std::pair<atom, atom>>();
    return pair ? std::optional{exported_fun(pair->first.text(), pair->second.text())} : std::nullopt;
}

term fun_of(conflict_method method) {
    switch (method) {
    case conflict_method::random_notify: return exported("random_notify_name");
    case conflict_method::notify_all: return exported("notify_all_name");
    case conflict_method::random_exit: break;
    }
    return exported("random_exit_name");
}

std::optional<conflict_method> method_of(const term_view& fun) {
    for (auto method : {conflict_method::random_exit, conflict_method::random_notify, conflict_method::notify_all})
        if (fun_of(method).view() == fun) return method;
    return std::nullopt;
}

settlement settle(conflict_method method, const term& name, const pid& one, const pid& other) {
    const pid& least = one.node < other.node ? one : other;
    const pid& greatest = one.node < other.node ? other : one;
    const atom tag{"global_name_conflict"};
    switch (method) {
    case conflict_method::random_notify: return {least, {}, {{greatest, tuple(tag, name)}}};
    case conflict_method::notify_all: return {{}, {}, {{one, tuple(tag, name, other)}, {other, tuple(tag, name, one)}}};
    case conflict_method::random_exit: break;
    }
    return {least, greatest, {}};
}

comparison compare_names(const name_table& ours, const std::vector<named>& his) {
    comparison seen;
    for (const auto& theirs : his) {
        const named* mine = ours.find(theirs.name);
        if (!mine)
            seen.unknown_here.push_back(theirs);
        else if (mine->who != theirs.who)
            seen.conflicts.push_back({theirs, *mine});
    }
    return seen;
}

std::pair<operations, operations> carry_out(const std::vector<conflict>& conflicts, const std::vector<verdict>& each) {
    std::pair<operations, operations> both;
    auto& [here, there] = both;
    for (std::size_t i = 0; i < conflicts.size(); ++i) {
        // What nobody has decided goes as if nobody could be asked.
        switch (i < each.size() ? each[i] : verdict::his) {
        case verdict::his: here.inserted.push_back(conflicts[i].his); break;
        case verdict::mine: there.inserted.push_back(conflicts[i].mine); break;
        case verdict::none:
            here.erased.push_back(conflicts[i].his.name);
            there.erased.push_back(conflicts[i].his.name);
            break;
        }
    }
    return both;
}

} // namespace sedge::otp::registry
