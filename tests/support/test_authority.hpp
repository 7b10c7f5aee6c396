// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/wire/certificate_authority.hpp>
#include <sedge/wire/tls.hpp>

#include <chrono>
#include <string>

namespace sedge::test {

/// A CA with a folder of its own, in which the certificates it makes become files. The folder goes with it.
class test_authority {
public:
    using time = std::chrono::system_clock::time_point;

    /// `now` is the wall clock of the environment that will look at the certificates.
    explicit test_authority(time now);
    test_authority(const test_authority&) = delete;
    ~test_authority();

    struct wishes {
        std::string file = "node"; ///< FILE.crt and FILE.key.
        std::chrono::hours valid_from{0};
        std::chrono::hours valid_for{24};
    };
    /// Files for who is at `host`, and if given, only as `node`; with our own certificate as the authority to trust.
    wire::tls_options issue(const std::string& host, wishes with, const std::string& node = {});
    wire::tls_options issue(const std::string& host) { return issue(host, wishes{}); }

    [[nodiscard]] const std::string& folder() const noexcept { return folder_; }
    [[nodiscard]] std::string ca_file() const { return folder_ + "/ca.crt"; }
    void write(const std::string& file, const std::string& text) const;

private:
    time now_;
    std::string folder_;
    wire::signed_key root_;
};

} // namespace sedge::test
