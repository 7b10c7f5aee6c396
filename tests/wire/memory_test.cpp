// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/system.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace sedge::test {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t pages = 256;
constexpr std::size_t read_around = 16; // pages that the system reads in around one that is touched

struct part {
    std::array<std::uint64_t, 8> numbers{2, 3, 5, 7, 11, 13, 17, 19};
};
constexpr std::size_t parts_of_page = page / sizeof(part);

/// Constants of this program, as those that only its start needs.
alignas(page) constexpr std::array<part, pages * parts_of_page> constants{};

/// Whether the system counts the page as this program's.
bool is_counted(const volatile void* where) {
    const int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    std::uint64_t entry = 0;
    const auto place = static_cast<off_t>(reinterpret_cast<std::uintptr_t>(where) / page * sizeof entry);
    const auto count = pread(map, &entry, sizeof entry, place);
    close(map);
    return count == sizeof entry && (entry >> 63 & 1) != 0;
}

/// Of the middle half of the constants' pages: the others may be read in around what lies beside them.
std::size_t counted() {
    std::size_t n = 0;
    for (std::size_t i = pages / 4; i < pages * 3 / 4; ++i) n += is_counted(&constants[i * parts_of_page]) ? 1 : 0;
    return n;
}

/// Reads them all, whatever the compiler knows of their values.
bool are_as_they_were() {
    for (std::size_t i = 0; i < constants.size(); ++i)
        for (std::size_t at = 0; at < part{}.numbers.size(); ++at) {
            const volatile std::uint64_t& number = constants[i].numbers[at];
            if (number != part{}.numbers[at]) return false;
        }
    return true;
}

} // namespace

TEST(GiveBackMemory, LetsGoOfConstantsThatComeBackWhenTheyAreRead) {
    ASSERT_EQ(sysconf(_SC_PAGESIZE), static_cast<long>(page));
    ASSERT_TRUE(are_as_they_were());
    EXPECT_EQ(counted(), pages / 2);
    wire::give_back_memory();
    EXPECT_LE(counted(), 2 * read_around);
    EXPECT_TRUE(are_as_they_were());
    EXPECT_EQ(counted(), pages / 2);
}

TEST(GiveBackMemory, KeepsWhatWasWritten) {
    static std::array<std::uint8_t, 4 * page> written{}; // becomes memory of this program when it is written
    static std::array<std::uint8_t, 4 * page> changed{1, 2, 3};
    const std::vector<int> heap(100'000, 7);
    written.fill(5);
    changed[3] = 4;
    wire::give_back_memory();
    for (const auto byte : written) ASSERT_EQ(byte, 5);
    EXPECT_EQ(changed[2], 3);
    EXPECT_EQ(changed[3], 4);
    for (const int number : heap) ASSERT_EQ(number, 7);
}

#if !defined(__SANITIZE_ADDRESS__) // whose heap is another
TEST(GiveBackMemory, LetsGoOfFreeHeapBelowWhatIsStillUsed) {
    std::vector<std::unique_ptr<std::uint8_t[]>> blocks;
    for (int i = 0; i < 4'000; ++i) blocks.push_back(std::make_unique<std::uint8_t[]>(2'000)); // written, with zeros
    const auto* free_soon = blocks[2'000].get();
    const auto last = std::move(blocks.back());
    blocks.clear();
    ASSERT_TRUE(is_counted(free_soon));
    wire::give_back_memory();
    EXPECT_FALSE(is_counted(free_soon));
    EXPECT_EQ(last[0], 0);
}
#endif

TEST(GiveBackMemory, TouchesNoCodeWhileADebuggerLooks) {
    ASSERT_TRUE(are_as_they_were());
    const pid_t child = fork();
    if (child == 0) {
        const bool traced = ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0;
        const bool read = are_as_they_were();
        wire::give_back_memory();
        _exit(traced && read && counted() == pages / 2 ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

} // namespace sedge::test
