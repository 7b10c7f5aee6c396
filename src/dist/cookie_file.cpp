// SPDX-License-Identifier: Apache-2.0
#include <sedge/dist/cookie.hpp>
#include <sedge/dist/error.hpp>

#include <cerrno>
#include <fcntl.h>
#include <string.h> // explicit_bzero
#include <sys/stat.h>
#include <unistd.h>

namespace sedge::dist {

namespace {

class descriptor {
public:
    explicit descriptor(int fd) noexcept : fd_(fd) {}
    descriptor(const descriptor&) = delete;
    ~descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const noexcept { return fd_; }

private:
    int fd_;
};

error system_error(const std::string& path, int code) {
    return {std::error_code{code, std::system_category()}, "cookie file " + path};
}
error unusable(const std::string& path, const std::string& why) {
    return {errc::cookie_unusable, "cookie file " + path + " " + why};
}

result<void> check_file(const std::string& path, const struct stat& info) {
    if (!S_ISREG(info.st_mode)) return unusable(path, "is not a file");
    if (info.st_uid != ::geteuid() && info.st_uid != 0)
        return unusable(path,
                        "belongs to another user; copy it, or do: chown " + std::to_string(::geteuid()) + " " + path);
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return unusable(path, "can be read by others than its owner; do: chmod 400 " + path);
    return {};
}

bool is_trailing_blank(char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; }

} // namespace

result<cookie> cookie::load(const std::string& path) {
    // O_NOFOLLOW: whoever may write to the folder could point the name at a file of his choice. O_NONBLOCK: a pipe
    // must not make us wait.
    const descriptor file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (file.get() < 0) {
        if (errno == ELOOP) return unusable(path, "is a symbolic link; name the file itself");
        return system_error(path, errno);
    }
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return system_error(path, errno);
    if (auto checked = check_file(path, info); !checked) return checked.error();

    std::array<char, 512> raw{}; // a cookie has at most 255 characters; the rest may be blanks
    const auto count = ::read(file.get(), raw.data(), raw.size());
    if (count < 0) return system_error(path, errno);
    std::string_view text{raw.data(), static_cast<std::size_t>(count)};
    const bool complete = text.size() < raw.size();
    while (!text.empty() && is_trailing_blank(text.back())) text.remove_suffix(1);

    auto loaded = [&]() -> result<cookie> {
        if (text.empty()) return unusable(path, "is empty; write a cookie into it, or remove it");
        if (!complete) return unusable(path, "is too long; a cookie has at most 255 characters");
        for (char c : text)
            if (c < ' ' || c > '~') return unusable(path, "must hold one line of printable ASCII characters");
        auto made = cookie::from_text(text);
        if (!made) return unusable(path, "cannot be used: " + made.error().context());
        return made;
    }();
    explicit_bzero(raw.data(), raw.size());
    return loaded;
}

result<void> cookie::save(const std::string& path) const {
    const descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR)};
    if (file.get() < 0) return system_error(path, errno);
    // The mode given to open is cut by the umask, never widened; 0400 has to be exact for OTP to read it.
    const auto written = ::fchmod(file.get(), S_IRUSR) == 0 ? ::write(file.get(), bytes_.data(), size_) : -1;
    if (written == size_) return {};
    const int code = written < 0 ? errno : ENOSPC;
    ::unlink(path.c_str());
    return system_error(path, code);
}

} // namespace sedge::dist
