// SPDX-License-Identifier: Apache-2.0
//
// The protocol of sd_notify(3): one datagram to the socket named in the environment. A name that begins with @ is in
// the abstract namespace.
#include "cluster/service_manager.hpp"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace sedge::cluster {

void tell_service_manager(std::string_view state) {
    const char* given = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    const std::string path{given ? given : ""};
    if (path.size() < 2 || path.size() >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path[0] == '@') address.sun_path[0] = '\0';
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return;
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    // A manager that does not listen is no reason for anything to go wrong here.
    static_cast<void>(::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                               reinterpret_cast<const sockaddr*>(&address), length));
    ::close(socket);
}

} // namespace sedge::cluster
