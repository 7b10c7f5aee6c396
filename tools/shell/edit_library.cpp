// SPDX-License-Identifier: Apache-2.0
#include "edit_library.hpp"

#include <dlfcn.h>

#include <optional>

namespace sedge::shell {

namespace {

constexpr const char* file = "libedit.so.2"; // the one that histedit.h describes

std::optional<edit_library> open() {
    void* const handle = ::dlopen(file, RTLD_NOW | RTLD_LOCAL); // stays until the program ends
    if (!handle) return std::nullopt;
    edit_library all;
    bool complete = true;
    const auto find = [&](const char* name, auto& function) {
        function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
        complete &= function != nullptr;
    };
    find("el_init", all.init);
    find("el_end", all.end);
    find("el_get", all.get);
    find("el_gets", all.gets);
    find("el_set", all.set);
    find("el_wset", all.wset);
    find("el_line", all.line);
    find("el_insertstr", all.insertstr);
    find("history_init", all.history_init);
    find("history_end", all.history_end);
    find("history", all.history);
    return complete ? std::optional{all} : std::nullopt;
}

} // namespace

const edit_library* edit_library::load() {
    static const std::optional<edit_library> all = open();
    return all ? &*all : nullptr;
}

} // namespace sedge::shell
