// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/program.hpp"

#include <memory>
#include <string>
#include <vector>

namespace sedge::test {

/// tests/interop/api_server.py, which see.
class api_server {
public:
    /// `port` 0: any.
    explicit api_server(std::vector<std::string> more = {}, int port = 0) {
        program_options options;
        options.arguments = {"python3", SEDGE_API_SERVER, "--port", std::to_string(port)};
        options.arguments.insert(options.arguments.end(), more.begin(), more.end());
        run_ = std::make_unique<program>(std::move(options));
        port_ = std::stoi(run_->wait_for_line("port "));
    }
    void tell(const std::string& command) {
        run_->write(command + "\n");
        run_->wait_for("done\n");
    }
    [[nodiscard]] int port() const noexcept { return port_; }
    /// All that it has been asked, one request a line.
    [[nodiscard]] const std::string& requests() { return run_->output(); }

private:
    std::unique_ptr<program> run_;
    int port_ = 0;
};

} // namespace sedge::test
