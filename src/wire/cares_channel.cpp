// SPDX-License-Identifier: Apache-2.0
#include "wire/cares_channel.hpp"

#include <sys/epoll.h>

namespace sedge::wire {

namespace {
constexpr int server_timeout_ms = 2000;    // for the first try of each server; c-ares doubles it
constexpr int tries_max = 3;               // of each server
constexpr int udp_answer_bytes_max = 1232; // what passes every usual network in one piece
} // namespace

cares_channel::~cares_channel() {
    if (channel_) ares_destroy(channel_);
}

result<void> cares_channel::open(const settings& wanted, const std::string& what) {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) return last_error(what);
    auto watched = watched_fd::adopt(loop_, epoll);
    if (!watched) return std::move(watched).error().within(what);
    epoll_ = std::make_unique<fd_owner>(std::move(*watched));

    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    ares_options options{};
    options.timeout = server_timeout_ms;
    options.tries = tries_max;
    char lookups[] = "fb";
    options.lookups = lookups;
    options.sock_state_cb = socket_changed;
    options.sock_state_cb_data = this;
    int given = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
    if (wanted.large_answers) {
        options.flags = ARES_FLAG_EDNS;
        options.ednspsz = udp_answer_bytes_max;
        given |= ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ;
    }
    status_ = library == ARES_SUCCESS ? ares_init_options(&channel_, &options, given) : library;
    if (status_ != ARES_SUCCESS || wanted.servers.empty()) return {};
    std::string list;
    for (const auto& server : wanted.servers) list += (list.empty() ? "" : ",") + to_string(server);
    status_ = ares_set_servers_ports_csv(channel_, list.c_str());
    return {};
}

void cares_channel::socket_changed(void* self, ares_socket_t socket, int read, int write) {
    const int epoll = (*static_cast<cares_channel*>(self)->epoll_)->fd();
    epoll_event interest{};
    interest.data.fd = socket;
    interest.events = (read ? EPOLLIN : 0u) | (write ? EPOLLOUT : 0u);
    if (interest.events == 0)
        epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr);
    else if (epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &interest) != 0)
        epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &interest);
}

void cares_channel::process(const std::function<bool()>& done) {
    epoll_event events[8];
    const int count = epoll_wait((*epoll_)->fd(), events, 8, 0);
    for (int i = 0; i < count && !done(); ++i) {
        const bool read = (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;
        const bool write = (events[i].events & EPOLLOUT) != 0;
        ares_process_fd(channel_, read ? events[i].data.fd : ARES_SOCKET_BAD,
                        write ? events[i].data.fd : ARES_SOCKET_BAD);
    }
    if (!done()) ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD); // timeouts
}

duration cares_channel::patience() const {
    timeval longest{server_timeout_ms / 1000, 0};
    timeval left{};
    const timeval* t = ares_timeout(channel_, &longest, &left);
    return seconds{t->tv_sec} + std::chrono::microseconds{t->tv_usec};
}

task<> cares_channel::drive(std::function<bool()> done) {
    while (!done()) {
        const time_point due = loop_.env.now() + patience();
        auto ready = watched_fd::readable(epoll_->shared());
        auto waiting = sedge::detail::finishes_before(loop_.env, due, std::move(ready));
        co_await std::move(waiting);
        process(done);
    }
}

} // namespace sedge::wire
