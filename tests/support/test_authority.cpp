// SPDX-License-Identifier: Apache-2.0
#include "support/test_authority.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace sedge::test {

test_authority::test_authority(time now) : now_(now) {
    folder_ = (std::filesystem::temp_directory_path() / "sedge-authority-XXXXXX").string();
    if (!::mkdtemp(folder_.data())) throw std::runtime_error{"no folder for certificates"};
    wire::authority_request request;
    request.now = now_;
    root_ = wire::make_authority(request).value();
    write("ca.crt", root_.certificate);
    write("ca.key", root_.key);
}

test_authority::~test_authority() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

wire::tls_options test_authority::issue(const std::string& host, wishes with, const std::string& node) {
    wire::certificate_request request;
    request.name = host;
    if (auto address = wire::ip_address::parse(host))
        request.addresses.push_back(*address);
    else
        request.dns_names.push_back(host);
    if (!node.empty()) request.uris.push_back("erlang://" + node);
    request.now = now_ + with.valid_from;
    request.valid_for = with.valid_for;
    const auto made = wire::issue_certificate(root_, request).value();
    write(with.file + ".crt", made.certificate);
    write(with.file + ".key", made.key);
    wire::tls_options options;
    options.certificate_file = folder_ + "/" + with.file + ".crt";
    options.key_file = folder_ + "/" + with.file + ".key";
    options.ca_file = ca_file();
    return options;
}

void test_authority::write(const std::string& file, const std::string& text) const {
    const auto path = folder_ + "/" + file;
    std::ofstream{path} << text;
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

} // namespace sedge::test
