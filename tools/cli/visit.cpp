// SPDX-License-Identifier: Apache-2.0
#include "visit.hpp"

#include <sedge/base/log.hpp>

#include <cstdio>

namespace sedge::cli {

namespace {

class silent_log final : public log_sink {
public:
    silent_log() { set_least(log_level::off); }
    void write(log_level, std::string_view) override {}
};

} // namespace

result<int> try_to_visit(cluster::configuration config, bool long_names,
                         std::function<task<int>(cluster::visitor&)> main) {
    cluster::visitor_options options;
    options.config = std::move(config);
    options.long_names = long_names;
    options.log = std::make_shared<silent_log>();
    options.output = [](std::string_view text) {
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
    };
    cluster::visitor visitor{std::move(options)};
    return visitor.run(std::move(main));
}

int visit(cluster::configuration config, const node_name& peer, std::function<task<int>(cluster::visitor&)> main) {
    const auto code = try_to_visit(std::move(config), peer.is_long(), std::move(main));
    return code ? *code : static_cast<int>(tell(code.error()));
}

std::optional<node_name> node_argument(const std::string& text) {
    auto name = node_name::parse(text);
    if (name) return *std::move(name);
    tell(status::usage, name.error().message());
    return std::nullopt;
}

} // namespace sedge::cli
