// SPDX-License-Identifier: Apache-2.0
#include "cert_files.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

namespace sedge::cli {

namespace {

namespace fs = std::filesystem;

constexpr mode_t secret_mode = 0400;
constexpr mode_t open_mode = 0644;

error system_error(const std::string& path, int code) { return {std::error_code{code, std::system_category()}, path}; }

result<void> write_whole(const std::string& path, const new_file& file) {
    const std::string fresh = path + ".new";
    ::unlink(fresh.c_str()); // of an earlier run that was interrupted
    const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, secret_mode);
    if (fd < 0) return system_error(fresh, errno);
    const auto count = ::write(fd, file.text.data(), file.text.size());
    const bool written = count == static_cast<ssize_t>(file.text.size()) &&
                         ::fchmod(fd, file.is_secret ? secret_mode : open_mode) == 0 && ::fsync(fd) == 0;
    const int failure = errno;
    ::close(fd);
    if (written && std::rename(fresh.c_str(), path.c_str()) == 0) return {};
    const int code = written ? errno : failure;
    ::unlink(fresh.c_str());
    return system_error(path, code);
}

} // namespace

std::string path_in(const std::string& directory, const std::string& file) {
    return (fs::path{directory} / file).string();
}

std::string absolute(const std::string& path) {
    std::error_code ignored;
    const auto full = fs::weakly_canonical(fs::absolute(path, ignored), ignored); // alone it leaves new ones relative
    return full.empty() ? path : full.string();
}

result<std::string> read_file(const std::string& path) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) return system_error(path, EISDIR); // a stream would throw
    errno = 0;
    std::ifstream in{path, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (!in || text.empty()) return system_error(path, errno != 0 ? errno : ENODATA);
    return text;
}

result<void> write_files(const std::string& directory, const std::vector<new_file>& files, bool replace) {
    std::error_code failed;
    const bool is_new = fs::create_directories(directory, failed);
    if (failed) return error{failed, directory};
    if (is_new) fs::permissions(directory, fs::perms::owner_all, failed);
    for (const auto& file : files) {
        const auto path = path_in(directory, file.name);
        if (!replace && fs::symlink_status(path, failed).type() != fs::file_type::not_found)
            return error{errc::invalid_argument, path + " is there already and was left alone; --force replaces it"};
    }
    for (const auto& file : files) {
        auto written = write_whole(path_in(directory, file.name), file);
        if (!written) return written;
    }
    return {};
}

} // namespace sedge::cli
