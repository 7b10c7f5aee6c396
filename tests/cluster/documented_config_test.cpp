// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/config.hpp>
#include <sedge/cluster/strategies.hpp>

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

using namespace sedge;
using namespace sedge::cluster;

namespace {

struct example {
    std::string place; ///< `guide/tls.md:31`
    std::string text;
};

/// What stands between ```KIND and ``` in the file.
void add_examples(const std::filesystem::path& page, const std::string& kind, std::vector<example>& out) {
    std::ifstream file{page};
    bool inside = false;
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (line.starts_with("```")) {
            inside = line == "```" + kind;
            if (inside) out.push_back({page.filename().string() + ":" + std::to_string(number), {}});
        } else if (inside) {
            out.back().text += line + "\n";
        }
    }
}

std::vector<example> examples_of(const std::string& kind) {
    std::vector<example> out;
    for (const auto* readme : {"README.md", "README.ja.md"})
        add_examples(std::filesystem::path{SEDGE_DOCS} / ".." / readme, kind, out);
    for (const auto& entry : std::filesystem::recursive_directory_iterator{SEDGE_DOCS})
        if (entry.path().extension() == ".md") add_examples(entry.path(), kind, out);
    return out;
}

} // namespace

TEST(DocumentedConfiguration, EveryTomlOfTheDocumentsIsTaken) {
    const auto examples = examples_of("toml");
    EXPECT_GE(examples.size(), 12u) << "were they found?";
    const strategies known;
    for (const auto& one : examples) {
        const auto read = parse_toml(one.text, one.place);
        ASSERT_TRUE(read) << one.place << ": " << read.error().message();
        EXPECT_TRUE(read->advice.empty()) << one.place << ": " << read->advice.front();
        for (const auto& topology : read->topologies) {
            const auto made = known.make(topology, one.place);
            EXPECT_TRUE(made) << one.place << ": " << made.error().message();
        }
    }
}
