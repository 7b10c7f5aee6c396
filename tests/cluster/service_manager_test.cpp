// SPDX-License-Identifier: Apache-2.0
#include "cluster/service_manager.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using sedge::cluster::tell_service_manager;

namespace {

/// Listens as systemd does.
class ServiceManager : public testing::Test {
protected:
    int socket = -1;

    void listen(const std::string& path) {
        socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        if (path[0] == '@') address.sun_path[0] = '\0';
        const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
        ASSERT_EQ(bind(socket, reinterpret_cast<sockaddr*>(&address), length), 0);
        setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    std::string heard() const {
        std::array<char, 256> buffer;
        const auto count = recv(socket, buffer.data(), buffer.size(), 0);
        return count < 0 ? "nothing" : std::string{buffer.data(), static_cast<std::size_t>(count)};
    }
    void TearDown() override {
        if (socket >= 0) close(socket);
        unsetenv("NOTIFY_SOCKET");
    }
};

} // namespace

TEST_F(ServiceManager, HearsOnASocketInTheFileSystem) {
    const auto folder = testing::TempDir() + "sedge-notify-" + std::to_string(getpid());
    std::filesystem::create_directory(folder);
    listen(folder + "/s");
    tell_service_manager("READY=1\nSTATUS=up");
    EXPECT_EQ(heard(), "READY=1\nSTATUS=up");
    std::filesystem::remove_all(folder);
}

TEST_F(ServiceManager, HearsOnAnAbstractSocket) {
    listen("@sedge-notify-" + std::to_string(getpid()));
    tell_service_manager("STOPPING=1");
    EXPECT_EQ(heard(), "STOPPING=1");
    EXPECT_EQ(heard(), "nothing");
}

TEST_F(ServiceManager, IsNotMissedWhereThereIsNone) {
    unsetenv("NOTIFY_SOCKET");
    tell_service_manager("READY=1");
    for (const auto* path : {"", "relative", "/nobody/listens/here", "@"}) {
        setenv("NOTIFY_SOCKET", path, 1);
        tell_service_manager("READY=1");
    }
    setenv("NOTIFY_SOCKET", std::string(200, '/').c_str(), 1);
    tell_service_manager("READY=1");
}
