// SPDX-License-Identifier: Apache-2.0
//
// Host names by c-ares: /etc/hosts first, then DNS as /etc/resolv.conf says. Each question reads both files anew, so
// that a machine that changes its network is understood without a restart; nothing is kept between questions.
//
// c-ares opens its own sockets and says by a callback what it waits for on which. They are put into one epoll
// descriptor, and the loop watches that one; together with c-ares' own timeouts that is all it needs to be driven.
#include "wire/native_address.hpp"
#include "wire/system_transport.hpp"

#include <algorithm>
#include <ares.h>
#include <netdb.h>
#include <sys/epoll.h>

namespace sedge::wire {

namespace {

constexpr int server_timeout_ms = 2000; // for the first try of each server; c-ares doubles it
constexpr int tries_max = 3;            // of each server
constexpr std::size_t host_characters_max = 255;

/// One question. Destroying it ends the question and closes its sockets.
class name_query {
public:
    /// `epoll` becomes readable when c-ares has something to do; it stays the caller's.
    explicit name_query(int epoll) noexcept : epoll_(epoll) {}
    name_query(const name_query&) = delete;
    ~name_query() {
        if (channel_) ares_destroy(channel_); // calls `answered` with ARES_EDESTRUCTION if it still waits
    }

    void start(const std::string& host);
    void process();
    [[nodiscard]] bool answered() const noexcept { return answered_; }
    [[nodiscard]] duration patience() const;
    result<std::vector<ip_address>> outcome(const std::string& host);

private:
    static void socket_changed(void* self, ares_socket_t socket, int read, int write);
    static void answer(void* self, int status, int timeouts, ares_addrinfo* found);

    ares_channel channel_ = nullptr;
    int epoll_;
    int status_ = ARES_SUCCESS;
    bool answered_ = false;
    std::vector<ip_address> found_;
};

void name_query::start(const std::string& host) {
    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    ares_options options{};
    options.timeout = server_timeout_ms;
    options.tries = tries_max;
    char lookups[] = "fb";
    options.lookups = lookups;
    options.sock_state_cb = socket_changed;
    options.sock_state_cb_data = this;
    constexpr int given = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
    status_ = library == ARES_SUCCESS ? ares_init_options(&channel_, &options, given) : library;
    if (status_ != ARES_SUCCESS) {
        answered_ = true;
        return;
    }
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, answer, this);
}

void name_query::socket_changed(void* self, ares_socket_t socket, int read, int write) {
    const int epoll = static_cast<name_query*>(self)->epoll_;
    epoll_event interest{};
    interest.data.fd = socket;
    interest.events = (read ? EPOLLIN : 0u) | (write ? EPOLLOUT : 0u);
    if (interest.events == 0)
        epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr);
    else if (epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &interest) != 0)
        epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &interest);
}

void name_query::answer(void* self, int status, int, ares_addrinfo* found) {
    auto& query = *static_cast<name_query*>(self);
    query.status_ = status;
    query.answered_ = true;
    if (!found) return;
    for (const auto* node = found->nodes; node; node = node->ai_next) {
        const auto address = native_address::to_endpoint(node->ai_addr).address;
        if (std::find(query.found_.begin(), query.found_.end(), address) == query.found_.end())
            query.found_.push_back(address);
    }
    ares_freeaddrinfo(found);
}

void name_query::process() {
    epoll_event events[8];
    const int count = epoll_wait(epoll_, events, 8, 0);
    for (int i = 0; i < count && !answered_; ++i) {
        const bool read = (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;
        const bool write = (events[i].events & EPOLLOUT) != 0;
        ares_process_fd(channel_, read ? events[i].data.fd : ARES_SOCKET_BAD,
                        write ? events[i].data.fd : ARES_SOCKET_BAD);
    }
    if (!answered_) ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD); // timeouts
}

duration name_query::patience() const {
    timeval longest{server_timeout_ms / 1000, 0};
    timeval left{};
    const timeval* t = ares_timeout(channel_, &longest, &left);
    return seconds{t->tv_sec} + std::chrono::microseconds{t->tv_usec};
}

result<std::vector<ip_address>> name_query::outcome(const std::string& host) {
    const std::string what = "resolve " + printable(host);
    switch (status_) {
    case ARES_SUCCESS:
        if (!found_.empty()) return std::move(found_);
        [[fallthrough]];
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME: return error{errc::name_not_found, what};
    case ARES_ETIMEOUT: return error{sedge::errc::timed_out, what + ": no answer from DNS"};
    default: return error{errc::name_not_found, what + ": " + ares_strerror(status_)};
    }
}

} // namespace

task<result<std::vector<ip_address>>> system_transport::resolve(std::string host) {
    if (auto literal = ip_address::parse(host)) co_return std::vector<ip_address>{*literal};
    if (host.empty() || host.size() > host_characters_max || host.find('\0') != host.npos)
        co_return error{errc::name_not_found, "resolve " + printable(host.substr(0, host_characters_max))};

    // The descriptor comes first, since the query takes its sockets out of it when it goes.
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) co_return last_error("resolve " + printable(host));
    auto watched = watched_fd::adopt(loop_, epoll);
    if (!watched) co_return std::move(watched).error().within("resolve " + printable(host));
    const fd_owner owner{std::move(*watched)};
    name_query query{epoll};
    query.start(host);
    while (!query.answered()) {
        const time_point due = loop_.env.now() + query.patience();
        auto ready = watched_fd::readable(owner.shared());
        co_await sedge::detail::finishes_before(loop_.env, due, std::move(ready));
        query.process();
    }
    co_return query.outcome(host);
}

} // namespace sedge::wire
