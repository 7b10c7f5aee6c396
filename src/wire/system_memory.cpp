// SPDX-License-Identifier: Apache-2.0
//
// Code and constants are pages of files: the system reads them in when they are touched, the sixteen around one with
// it, and counts them as the program's until memory runs short. Those that only starting needed stay counted. Let go,
// they stay in the system's cache; whatever is needed again costs one page fault for sixteen pages.
//
// Only segments that no program ever writes are let go (those that are relocated at the start belong to writable
// ones); and none while a debugger looks, whose breakpoints are written into the code.
#include <sedge/wire/system.hpp>

#include <cstdint>
#include <fstream>
#include <link.h>
#include <malloc.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace sedge::wire {

namespace {

bool is_traced() {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("TracerPid:")) return line.find_first_not_of("\t 0", sizeof "TracerPid:" - 1) != line.npos;
    return true; // who knows
}

int let_go(dl_phdr_info* object, std::size_t, void*) {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    bool is_written = false; // relocations in code
    for (int i = 0; i < object->dlpi_phnum; ++i)
        if (object->dlpi_phdr[i].p_type == PT_DYNAMIC)
            for (auto* entry = reinterpret_cast<const ElfW(Dyn)*>(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
                 entry->d_tag != DT_NULL; ++entry)
                is_written |= entry->d_tag == DT_TEXTREL;
    for (int i = 0; i < object->dlpi_phnum && !is_written; ++i) {
        const auto& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        const auto first = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
        const auto last = (object->dlpi_addr + segment.p_vaddr + segment.p_memsz + page - 1) & ~(page - 1);
        ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED); // refused for what is no file
    }
    return 0;
}

} // namespace

void give_back_memory() {
    ::malloc_trim(0);
    if (!is_traced()) ::dl_iterate_phdr(let_go, nullptr);
}

} // namespace sedge::wire
