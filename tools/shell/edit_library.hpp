// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <histedit.h>

namespace sedge::shell {

/// The functions of libedit. It is loaded when a shell is opened at a terminal: with what it needs itself it would add
/// half a megabyte to each node.
struct edit_library {
    decltype(&::el_init) init = nullptr;
    decltype(&::el_end) end = nullptr;
    decltype(&::el_get) get = nullptr;
    decltype(&::el_gets) gets = nullptr;
    decltype(&::el_set) set = nullptr;
    decltype(&::el_wset) wset = nullptr;
    decltype(&::el_line) line = nullptr;
    decltype(&::el_insertstr) insertstr = nullptr;
    decltype(&::history_init) history_init = nullptr;
    decltype(&::history_end) history_end = nullptr;
    decltype(&::history) history = nullptr;

    /// Null if it is not installed.
    static const edit_library* load();
};

} // namespace sedge::shell
