// SPDX-License-Identifier: Apache-2.0
#include "wire/native_address.hpp"
#include "wire/system_transport.hpp"

#include <sedge/wire/delivery.hpp>
#include <sedge/wire/gathering.hpp>
#include <sedge/wire/patience.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace sedge::wire {

namespace {

// How long to leave the queue of connections alone when there is no descriptor for one: long enough for others to
// close some, short enough that a peer's connect does not time out.
constexpr milliseconds descriptors_retry{100};

// Bytes that the system holds before they leave. What it holds cannot be overtaken: with its usual megabytes, a small
// message would wait for all of a large one that was written before. What is on its way to the peer is not counted.
constexpr int unsent_bytes_max = 64 * 1024;

// The same on the receiving side. Bytes wait there when a program is slower than the network, and the system lets
// megabytes of them gather. Over a short way that buys nothing: a window of delay times 10 Gbit/s keeps any link full.
// Longer ways, where the network is the slower one, keep the system's own sizing; it needs to grow there.
constexpr std::chrono::microseconds short_way{1000}; // to the peer and back
constexpr int unread_bytes_min = 64 * 1024;
constexpr int bytes_in_a_microsecond = 1250; // 10 Gbit/s

// While bytes are let gather, which is in a flood of one direction, in which few small messages wait behind large ones:
// twice as many as are to gather. Within a machine the delay is then what it takes to wake a core that sleeps, some 40
// microseconds at each end, and a core writes 4 GB in a second: with less room than that, sender and reader would wait
// for each other in turn.
constexpr int unread_in_flood_bytes_max = 512 * 1024;

/// The bound; 0: none but the system's.
int bound_unread_bytes(int fd) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
    const std::chrono::microseconds way{info.tcpi_rtt}; // measured while connecting
    if (way.count() == 0 || way > short_way) return 0;
    const int bytes = std::max(unread_bytes_min, static_cast<int>(way.count()) * bytes_in_a_microsecond);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    return bytes;
}

/// Changes it. The buffer never shrinks, since the peer may fill what it was told of; the window does.
void change_unread_bytes(int fd, int bytes) {
    int now = 0;
    socklen_t size = sizeof now;
    const int window = 2 * bytes; // the system counts its own memory, too, and doubles what it is asked for
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &now, &size) == 0 && now < window)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, &window, sizeof window);
}

void set_on(int fd, int level, int option) {
    const int on = 1;
    setsockopt(fd, level, option, &on, sizeof on);
}

endpoint local_of(int fd) {
    native_address address;
    return getsockname(fd, address.data(), address.size_out()) == 0 ? address.get() : endpoint{};
}

endpoint remote_of(int fd) {
    native_address address;
    return getpeername(fd, address.data(), address.size_out()) == 0 ? address.get() : endpoint{};
}

class tcp_stream final : public stream, public gathers, public knows_delivery, public lets_gather, timer {
public:
    explicit tcp_stream(fd_owner fd) : fd_(std::move(fd)), local_(local_of(fd_->fd())), remote_(remote_of(fd_->fd())) {
        set_on(fd_->fd(), IPPROTO_TCP, TCP_NODELAY);
        setsockopt(fd_->fd(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_bytes_max, sizeof unsent_bytes_max);
        unread_bytes_ = bound_unread_bytes(fd_->fd());
    }

    io_step try_read(std::span<std::uint8_t> into) override { return try_read(into, {}); }
    io_step try_read(std::span<std::uint8_t> first, std::span<std::uint8_t> then) override {
        if (!fd_->is_open()) return closed();
        if (!fd_->may_read()) return {};
        disarm();
        const std::size_t wanted = first.size() + then.size();
        for (;;) {
            ssize_t count = 0;
            if (then.empty()) {
                count = ::recv(fd_->fd(), first.data(), first.size(), 0);
            } else {
                const std::array<iovec, 2> both{iovec{first.data(), first.size()}, iovec{then.data(), then.size()}};
                count = ::readv(fd_->fd(), both.data(), both.size());
            }
            const bool is_all = count < 0 ? errno == EAGAIN : static_cast<std::size_t>(count) < wanted;
            if (is_all) fd_->note_drained(); // what comes from now on is told by epoll
            if (count > 0) return {io_step::outcome::done, static_cast<std::size_t>(count), {}};
            if (count == 0) return {io_step::outcome::closed, 0, {}};
            if (errno != EINTR) return refused();
        }
    }
    io_step try_write(byte_view bytes) override { return try_write(bytes, {}); }
    io_step try_write(byte_view first, byte_view then) override {
        if (!fd_->is_open()) return closed();
        if (!fd_->may_write()) return {};
        const std::size_t offered = first.size() + then.size();
        for (;;) {
            ssize_t count = 0;
            if (then.empty()) {
                count = ::send(fd_->fd(), first.data(), first.size(), MSG_NOSIGNAL);
            } else { // what is sent is not written to
                std::array<iovec, 2> both{iovec{const_cast<std::uint8_t*>(first.data()), first.size()},
                                          iovec{const_cast<std::uint8_t*>(then.data()), then.size()}};
                msghdr message{};
                message.msg_iov = both.data();
                message.msg_iovlen = both.size();
                count = ::sendmsg(fd_->fd(), &message, MSG_NOSIGNAL);
            }
            const bool is_full = count < 0 ? errno == EAGAIN : static_cast<std::size_t>(count) < offered;
            if (is_full) fd_->note_full();
            if (count >= 0) return {io_step::outcome::done, static_cast<std::size_t>(count), {}};
            if (errno != EINTR) return refused();
        }
    }
    task<> readable() override {
        const duration pause = std::exchange(pause_, duration::zero());
        if (!fd_->may_read()) {
            fd_->hear_of_input(pause <= duration::zero());
            const duration longest = std::max(pause, gather_time_);
            if (longest > duration::zero()) fd_->env().arm_after(*this, longest);
        }
        return watched_fd::input(fd_.shared());
    }
    task<> writable() override { return watched_fd::output(fd_.shared()); }
    void let_gather(std::size_t bytes, duration at_most) override {
        const int least = static_cast<int>(std::clamp<std::size_t>(bytes, 1, unread_in_flood_bytes_max / 2));
        if (unread_bytes_ > 0) // first: the system lets no more gather than half of what there is room for
            change_unread_bytes(fd_->fd(), std::max(unread_bytes_, 2 * least));
        const bool taken = setsockopt(fd_->fd(), SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least) == 0;
        gather_time_ = taken && least > 1 ? at_most : duration::zero();
    }
    void pause(duration time) override { pause_ = time; }
    void go_on() override {
        if (!armed()) return;
        disarm();
        fire();
    }
    std::optional<delivery> delivered() const override {
        tcp_info info{};
        socklen_t size = sizeof info;
        if (!fd_->is_open() || getsockopt(fd_->fd(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
        return delivery{info.tcpi_unacked > 0, milliseconds{info.tcpi_last_ack_recv},
                        std::chrono::microseconds{info.tcpi_rtt}};
    }
    void close() noexcept override {
        if (is_given_up()) {
            const linger at_once{1, 0}; // a reset
            setsockopt(fd_->fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }
        disarm();
        fd_->close();
    }
    endpoint local() const override { return local_; }
    endpoint remote() const override { return remote_; }

private:
    /// What comes has gathered for long enough.
    void fire() override { fd_->look_again(); }
    /// The other system has acknowledged nothing for long. A FIN would wait behind those bytes, for a minute; a reset
    /// ends the other end as well where only the way back is broken.
    bool is_given_up() const noexcept {
        const auto sent = delivered();
        return sent && sent->unacknowledged && sent->since_acknowledged >= seconds{2};
    }
    static io_step closed() { return {io_step::outcome::failed, 0, make_error_code(errc::closed)}; }
    static io_step refused() {
        if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
        return {io_step::outcome::failed, 0, std::error_code{errno, std::system_category()}};
    }

    fd_owner fd_;
    endpoint local_;
    endpoint remote_;
    duration gather_time_{}; // that bytes may; see `lets_gather`
    duration pause_{};       // of the next wait
    int unread_bytes_ = 0;   // that the system may hold otherwise; 0: it sizes its buffers itself
};

class tcp_listener final : public listener {
public:
    tcp_listener(system_loop& loop, fd_owner fd) : loop_(loop), fd_(std::move(fd)), local_(local_of(fd_->fd())) {}

    task<result<std::unique_ptr<stream>>> accept() override { return accept_next(&loop_, fd_.shared(), local_); }
    void close() noexcept override { fd_->close(); }
    endpoint local() const override { return local_; }

private:
    static task<result<std::unique_ptr<stream>>> accept_next(system_loop* loop, std::shared_ptr<watched_fd> fd,
                                                             endpoint local);
    system_loop& loop_;
    fd_owner fd_;
    endpoint local_;
};

task<result<std::unique_ptr<stream>>> tcp_listener::accept_next(system_loop* loop, std::shared_ptr<watched_fd> fd,
                                                                endpoint local) {
    while (fd->is_open()) {
        const int accepted = ::accept4(fd->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        const int failure = errno;
        if (accepted >= 0) {
            auto watched = watched_fd::adopt(*loop, accepted);
            if (!watched) { // the system's limit of watches; the peer sees its connection closed
                co_await sleep_for(loop->env, descriptors_retry);
                continue;
            }
            std::unique_ptr<stream> connected = std::make_unique<tcp_stream>(fd_owner{std::move(*watched)});
            co_return connected;
        }
        switch (failure) {
        case EAGAIN: co_await watched_fd::readable(fd); break;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM: co_await sleep_for(loop->env, descriptors_retry); break;
        case EBADF:
        case EINVAL:
        case ENOTSOCK:
        case EOPNOTSUPP:
            co_return error{std::error_code{failure, std::system_category()}, "accept on " + to_string(local)};
        default:
            co_await yield(loop->env); // that connection failed before we took it (accept(2)); the next may be good
        }
    }
    co_return error{errc::closed, "accept on " + to_string(local)};
}

} // namespace

task<result<std::unique_ptr<stream>>> system_transport::connect(endpoint to) {
    const std::string what = "connect " + to_string(to);
    const native_address address{to};
    const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) co_return last_error(what);
    auto watched = watched_fd::adopt(loop_, fd);
    if (!watched) co_return std::move(watched).error().within(what);
    fd_owner owner{std::move(*watched)}; // closes also when this wait is destroyed
    if (::connect(fd, address.data(), address.size()) != 0) {
        if (errno != EINPROGRESS) co_return last_error(what);
        co_await watched_fd::writable(owner.shared());
        int failure = 0;
        socklen_t size = sizeof failure;
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
        if (failure != 0) co_return error{std::error_code{failure, std::system_category()}, what};
    }
    // The kernel may choose the port we connect to as our own, and then connects us to ourselves.
    if (local_of(fd) == remote_of(fd)) co_return error{std::make_error_code(std::errc::connection_refused), what};
    std::unique_ptr<stream> connected = std::make_unique<tcp_stream>(std::move(owner));
    co_return connected;
}

result<std::unique_ptr<listener>> system_transport::listen(endpoint at, listen_options options) {
    const std::string what = "listen on " + to_string(at);
    const native_address address{at};
    unique_fd fd{::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!fd) return last_error(what);
    set_on(fd.get(), SOL_SOCKET, SO_REUSEADDR);
    if (address.family() == AF_INET6) {
        const int only = options.v6_only ? 1 : 0;
        setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    }
    if (::bind(fd.get(), address.data(), address.size()) != 0) return last_error(what);
    if (::listen(fd.get(), SOMAXCONN) != 0) return last_error(what);
    auto watched = watched_fd::adopt(loop_, fd.release());
    if (!watched) return std::move(watched).error().within(what);
    return std::unique_ptr<listener>{std::make_unique<tcp_listener>(loop_, fd_owner{std::move(*watched)})};
}

} // namespace sedge::wire
