// SPDX-License-Identifier: Apache-2.0
// A discovery strategy of one's own: the nodes are the lines of a file, which may change while the program runs.
//
//     printf 'node1@127.0.0.1\nnode2@127.0.0.1\n' >nodes.txt
//     04_own_strategy --name node1@127.0.0.1 --cookie edge-servers
//     04_own_strategy --name node2@127.0.0.1 --cookie edge-servers
//
// Take a line out, and that node is disconnected. The programs end when nodes.txt is removed.

#include <sedge/sedge.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>

using namespace std::chrono_literals;

namespace {

/// Tells which nodes there should be. The rest (dialling, trying again, disconnecting, logging) is done elsewhere.
class nodes_file : public sedge::cluster::strategy {
public:
    explicit nodes_file(std::string path) : path_(std::move(path)) {}

    std::string_view name() const noexcept override { return "nodes-file"; }
    sedge::cluster::strategy_rules rules() const override { return {.owns_removal = true}; }

    sedge::task<> run(sedge::cluster::strategy_context& topology) override {
        for (;;) {
            std::vector<sedge::atom> nodes;
            std::ifstream file{path_};
            for (std::string line; std::getline(file, line);) nodes.emplace_back(line);
            topology.want(std::move(nodes));
            co_await sedge::sleep_for(topology.env(), 200ms);
        }
    }

private:
    std::string path_;
};

} // namespace

int main(int argc, char** argv) {
    sedge::application app{argc, argv};
    app.topology("clusters1", std::make_unique<nodes_file>("nodes.txt"));
    return app.run([](sedge::application& running) -> sedge::task<int> {
        auto events = running.topologies().watch([](const sedge::cluster::event& e) {
            std::cout << to_string(e.what) << ' ' << e.node.text() << std::endl;
        });
        while (std::filesystem::exists("nodes.txt")) co_await sedge::sleep_for(running.env(), 200ms);
        co_return 0;
    });
}
