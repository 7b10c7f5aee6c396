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

#include "otp/global/conflicts.hpp"

#include "otp/terms.hpp"

namespace sedge::otp::registry {
namespace {

term exported(std::string_view function) {
    byte_buffer bytes;
    encoder out{bytes};
    out.export_fun("global", function, 3);
    return term::adopt(std::move(bytes));
}

} // namespace

term fun_of(conflict_method method) {
    switch (method) {
    case conflict_method::random_notify: return exported("random_notify_name");
    case conflict_method::notify_all: return exported("notify_all_name");
    case conflict_method::random_exit: break;
    }
    return exported("random_exit_name");
}

conflict_method method_of(const term_view& fun) {
    for (auto method : {conflict_method::random_notify, conflict_method::notify_all})
        if (fun_of(method).view() == fun) return method;
    return conflict_method::random_exit;
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
