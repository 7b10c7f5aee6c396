// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/hosts_file.hpp>
#include <sedge/cluster/limits.hpp>

#include <cstdlib>
#include <gtest/gtest.h>

using namespace sedge;
using cluster::hosts_file_places;
using cluster::parse_hosts_file;
using list = std::vector<std::string>;

TEST(HostsFile, AtomsAndStringsWithPeriodsAreHosts) {
    struct row {
        const char* text;
        list hosts;
    };
    const row rows[] = {
        {"", {}},
        {"% nothing but a comment", {}},
        {"'box1.plant'.\nbox2.\n", {"box1.plant", "box2"}},
        {"'10.0.0.5'. '::1'.%x\n\"box.plant\" .", {"10.0.0.5", "::1", "box.plant"}},
        {"'a'.\r\n'b'.\r\n'a'.", {"a", "b"}},
        {"box_1@x.", {}},
    };
    for (const auto& r : rows) {
        auto parsed = parse_hosts_file(r.text);
        if (std::string{r.text} == "box_1@x.") {
            EXPECT_FALSE(parsed) << "@ is allowed in an atom and not in a host";
            continue;
        }
        ASSERT_TRUE(parsed) << r.text << ": " << parsed.error().message();
        EXPECT_EQ(*parsed, r.hosts) << r.text;
    }
}

TEST(HostsFile, MistakesAreToldWithTheirLine) {
    struct row {
        const char* text;
        const char* sentence;
    };
    const row rows[] = {
        {"'box1'.\nbox1.plant.\n", "line 2: a host with dots needs quotes: 'box1...'"},
        {"'box1'", "line 1: a period must stand behind box1"},
        {"'box1'\n'box2'.", "line 2: a period must stand behind box1"},
        {"\n\n'box1.", "line 3: the quote is not closed"},
        {"Box.", "line 1: a host is an atom: 'box1.plant' with quotes, or box1"},
        {"{box, 1}.", "line 1: a host is an atom: 'box1.plant' with quotes, or box1"},
        {"''.", "line 1: \"\" is no host"},
        {"'a b'.", "line 1: \"a b\" is no host"},
        {"'a@b'.", "line 1: \"a@b\" is no host"},
    };
    for (const auto& r : rows) {
        auto parsed = parse_hosts_file(r.text);
        ASSERT_FALSE(parsed) << r.text;
        EXPECT_EQ(parsed.error().code(), make_error_code(errc::malformed));
        EXPECT_EQ(parsed.error().context(), r.sentence);
    }
}

TEST(HostsFile, HostsAndBytesAreBounded) {
    std::string text;
    for (std::size_t i = 0; i < limits::hosts_max; ++i) text += "h" + std::to_string(i) + ".\n";
    EXPECT_EQ(parse_hosts_file(text).value().size(), limits::hosts_max);
    EXPECT_EQ(parse_hosts_file(text + "one_more.").error().code(), make_error_code(errc::limit_exceeded));
    EXPECT_TRUE(parse_hosts_file(std::string(limits::hosts_file_bytes_max, ' ')));
    EXPECT_EQ(parse_hosts_file(std::string(limits::hosts_file_bytes_max + 1, ' ')).error().code(),
              make_error_code(errc::limit_exceeded));
}

TEST(HostsFile, PlacesAreThoseOfOtpInItsOrder) {
    const char* home = std::getenv("HOME");
    const std::string before = home ? home : "";
    setenv("HOME", "/home/plant", 1);
    EXPECT_EQ(hosts_file_places("/opt/otp"),
              (list{"./.hosts.erlang", "/home/plant/.hosts.erlang", "/opt/otp/.hosts.erlang"}));
    setenv("HOME", before.c_str(), 1);
}
