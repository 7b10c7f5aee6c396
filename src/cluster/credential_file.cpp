// SPDX-License-Identifier: Apache-2.0
#include "cluster/credential_file.hpp"

#include "cluster/source_limits.hpp"

#include <cerrno>
#include <fstream>

namespace sedge::cluster {

result<std::string> read_credential(const std::string& path) {
    errno = 0;
    std::ifstream in{path, std::ios::binary};
    if (!in) return error{std::error_code{errno ? errno : EIO, std::generic_category()}, path};
    std::string text(limits::credential_bytes_max + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) return error{std::error_code{EIO, std::generic_category()}, path};
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > limits::credential_bytes_max) return error{errc::limit_exceeded, path + " is too long"};
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return std::string{};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

} // namespace sedge::cluster
