// SPDX-License-Identifier: Apache-2.0
#include "cluster/timeline/file.hpp"
#include "cluster/timeline/timeline_limits.hpp"
#include "cluster/timeline/writer.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sys/resource.h>
#include <thread>

using namespace sedge;
using namespace sedge::cluster;
using namespace std::chrono_literals;
using namespace std::string_literals;
namespace fs = std::filesystem;

namespace {

class TimelineFile : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/sedge-timeline-test-XXXXXX";
        folder = mkdtemp(name);
        path = (folder / "events").string();
    }
    void TearDown() override { fs::remove_all(folder); }

    static std::string line(std::uint64_t number) {
        timeline_entry entry;
        entry.number = number;
        entry.event = "sedge.node.up";
        entry.node = "b@10.0.0.2";
        return to_json(entry);
    }
    void append(std::uint64_t first, std::uint64_t last) {
        timeline_file file{path};
        for (auto i = first; i <= last; ++i) ASSERT_TRUE(file.append(line(i)));
    }
    /// First and last number, and how many.
    std::string shown(std::size_t most = 100'000) {
        const auto read = read_timeline(path, most);
        if (!read) return read.error().message();
        const auto& all = read->entries;
        auto out = std::to_string(all.size()) + " entries";
        if (!all.empty())
            out += " from " + std::to_string(all.front().number) + " to " + std::to_string(all.back().number);
        if (read->lines_ignored > 0) out += ", " + std::to_string(read->lines_ignored) + " ignored";
        return out;
    }
    std::string text() const {
        std::ifstream in{path, std::ios::binary};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    void write(const std::string& what, std::ios::openmode how = std::ios::trunc) const {
        std::ofstream{path, std::ios::binary | how} << what;
    }

    fs::path folder;
    std::string path;
};

/// No file of this program may grow beyond that: what is written meets a full disk.
class full_disk {
public:
    explicit full_disk(std::size_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &before_);
        rlimit now = before_;
        now.rlim_cur = bytes;
        setrlimit(RLIMIT_FSIZE, &now);
    }
    ~full_disk() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    full_disk(const full_disk&) = delete;

private:
    rlimit before_{};
    void (*handler_)(int);
};

void wait_until(const std::function<bool()>& holds) {
    while (!holds()) std::this_thread::yield();
}

} // namespace

TEST_F(TimelineFile, KeepsTenThousandAndGoesOnAfterARestart) {
    EXPECT_EQ(shown(), path + ": No such file or directory");
    append(1, 3);
    EXPECT_EQ(shown(), "3 entries from 1 to 3");
    append(4, 10'000);
    EXPECT_EQ(shown(), "10000 entries from 1 to 10000");
    EXPECT_FALSE(fs::exists(path + ".1"));
    append(10'001, 10'001);
    EXPECT_EQ(shown(), "10001 entries from 1 to 10001");
    append(10'002, 20'000);
    append(20'001, 20'001);
    EXPECT_EQ(shown(), "10001 entries from 10001 to 20001") << "at least the newest 10,000";
    EXPECT_EQ(shown(5), "5 entries from 19997 to 20001");
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    fs::remove(path);
    EXPECT_EQ(shown(), "10000 entries from 10001 to 20000") << "a crash between the rename and the next line";
}

TEST_F(TimelineFile, LineThatAPowerFailureCutIsIgnoredAndSpoilsNoOther) {
    append(1, 3);
    const auto whole = text();
    const auto end_of_second = whole.size() - line(3).size() - 1;
    for (auto size = whole.size(); size-- > end_of_second;) {
        write(whole.substr(0, size));
        append(4, 4);
        const auto* expected = size == end_of_second      ? "3 entries from 1 to 4"
                               : size == whole.size() - 1 ? "4 entries from 1 to 4" // only its newline is missing
                                                          : "3 entries from 1 to 4, 1 ignored";
        ASSERT_EQ(shown(), expected) << size;
    }
}

TEST_F(TimelineFile, BentLinesAreIgnored) {
    append(1, 2);
    write("\x7f ELF\0\xff\xff\n\n{\"at\":7}\n"s + std::string(1 << 20, 'x') + "\n" + std::string(4096, '\0'),
          std::ios::app);
    append(3, 3);
    EXPECT_EQ(shown(), "3 entries from 1 to 3, 4 ignored");
    write(std::string(1 << 20, '\n'));
    EXPECT_EQ(shown(), "0 entries");
    append(4, 4);
    EXPECT_EQ(shown(), "1 entries from 4 to 4") << "a file with too many lines is put aside";
    EXPECT_TRUE(fs::exists(path + ".1"));
}

TEST_F(TimelineFile, FileThatSomebodyRemovesIsMadeAnew) {
    timeline_file file{path};
    ASSERT_TRUE(file.append(line(1)));
    fs::remove(path);
    ASSERT_TRUE(file.append(line(2)));
    EXPECT_EQ(shown(), "1 entries from 2 to 2");
}

TEST_F(TimelineFile, WhatIsNoPlainFileIsRefused) {
    fs::create_directory(path);
    EXPECT_FALSE(timeline_file{path}.append(line(1)));
    fs::remove(path);
    fs::create_symlink(folder / "elsewhere", path);
    EXPECT_FALSE(timeline_file{path}.append(line(1)));
    EXPECT_FALSE(timeline_file{"/dev/zero"}.append(line(1)));
    EXPECT_FALSE(read_timeline("/dev/zero", 10)) << "it has no end";
    EXPECT_FALSE(timeline_file{"/nowhere/events"}.append(line(1)));
}

TEST_F(TimelineFile, FullDiskIsRiddenOut) {
    const std::size_t room = 3 * (line(1).size() + 1) + 20;
    std::uint64_t dropped = 0;
    {
        timeline_writer writer{path, 1ms};
        {
            const full_disk full{room};
            for (std::uint64_t i = 1; i <= 3 + limits::timeline_waiting_max + 5; ++i) {
                writer.push(line(i));
                if (i == 4) wait_until([&] { return !writer.failure().empty(); });
            }
            dropped = writer.counts().dropped;
            EXPECT_EQ(writer.counts().written, 3u);
            EXPECT_EQ(writer.counts().waiting, limits::timeline_waiting_max);
        }
        wait_until([&] { return writer.counts().waiting == 0; });
        EXPECT_EQ(writer.failure(), "");
        writer.push(line(5000));
    }
    EXPECT_EQ(dropped, 5u);
    EXPECT_EQ(shown(), "1004 entries from 1 to 5000, 1 ignored") << "the line that was cut";
}

TEST_F(TimelineFile, WriterThatNeverCouldWriteEndsAllTheSame) {
    timeline_writer writer{"/nowhere/events", 1ms};
    for (std::uint64_t i = 1; i <= 10; ++i) writer.push(line(i));
    wait_until([&] { return !writer.failure().empty(); });
    EXPECT_EQ(writer.failure(), "/nowhere/events: No such file or directory");
    EXPECT_EQ(writer.counts().written, 0u);
}
