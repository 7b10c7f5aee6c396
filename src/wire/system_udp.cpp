// SPDX-License-Identifier: Apache-2.0
#include "wire/native_address.hpp"
#include "wire/system_transport.hpp"

#include <sedge/wire/batches.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sedge::wire {

namespace {

/// What a socket and those who wait for it share.
struct batching {
    explicit batching(environment& env) : at_once(env) {}
    duration most{};
    bool has_read = false; // since it was last waited
    event at_once;         // ends a wait that is under way
};

class udp_socket final : public datagram_socket, public reads_in_batches {
public:
    udp_socket(environment& env, fd_owner fd) : env_(env), fd_(std::move(fd)) {
        native_address address;
        if (getsockname(fd_->fd(), address.data(), address.size_out()) == 0) local_ = address.get();
    }

    task<result<datagram>> receive(std::span<std::uint8_t> into) override {
        return receive_next(&env_, fd_.shared(), batching_, local_, into);
    }
    result<void> send(const endpoint& to, byte_view bytes) override;
    endpoint local() const override { return local_; }
    void set_batch_time(duration most) noexcept override {
        batching_->most = most;
        if (most <= duration::zero()) batching_->at_once.set();
    }

private:
    static task<result<datagram>> receive_next(environment* env, std::shared_ptr<watched_fd> fd,
                                               std::shared_ptr<batching> batch, endpoint local,
                                               std::span<std::uint8_t> into);
    environment& env_;
    fd_owner fd_;
    std::shared_ptr<batching> batching_ = std::make_shared<batching>(env_);
    endpoint local_;
};

/// At a multiple of `most`, so that it is the same wake as for other sockets, and for what comes each second.
time_point end_of_batch(time_point now, duration most) noexcept { return now + most - now.time_since_epoch() % most; }

/// Destination and interface stand in control messages (IP_PKTINFO, IPV6_PKTINFO).
void read_packet_info(msghdr& message, datagram& into) {
    for (auto* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            in_pktinfo info;
            std::memcpy(&info, CMSG_DATA(c), sizeof info);
            into.to = ip_address::v4(ntohl(info.ipi_addr.s_addr));
            into.interface = static_cast<std::uint32_t>(info.ipi_ifindex);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            in6_pktinfo info;
            std::memcpy(&info, CMSG_DATA(c), sizeof info);
            into.to = native_address::from_v6(info.ipi6_addr, info.ipi6_ifindex);
            into.interface = info.ipi6_ifindex;
        }
    }
}

task<result<datagram>> udp_socket::receive_next(environment* env, std::shared_ptr<watched_fd> fd,
                                                std::shared_ptr<batching> batch, endpoint local,
                                                std::span<std::uint8_t> into) {
    for (;;) {
        if (!fd->is_open()) co_return error{errc::closed, "receive on " + to_string(local)};
        native_address from;
        iovec space{into.data(), into.size()};
        alignas(cmsghdr) char control[128];
        msghdr message{};
        message.msg_name = from.data();
        message.msg_namelen = from.size();
        message.msg_iov = &space;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        const auto size = ::recvmsg(fd->fd(), &message, MSG_TRUNC); // gives the true size of a datagram it cuts
        if (size >= 0) {
            datagram got{static_cast<std::size_t>(size), from.get(), local.address, 0};
            read_packet_info(message, got);
            batch->has_read = true;
            co_return got;
        }
        if (errno == EBADF || errno == ENOTSOCK || errno == EFAULT)
            co_return last_error("receive on " + to_string(local));
        // Nothing there, or news of an earlier datagram of ours (ICMP), which is cleared by having been read.
        if (std::exchange(batch->has_read, false) && batch->most > duration::zero()) {
            fd->mute(); // or each datagram would wake the program
            batch->at_once.reset();
            auto hurry = batch->at_once.wait();
            auto gathering = detail::finishes_before(*env, end_of_batch(env->now(), batch->most), std::move(hurry));
            (void)co_await std::move(gathering);
        } else {
            co_await watched_fd::readable(fd);
        }
    }
}

result<void> udp_socket::send(const endpoint& to, byte_view bytes) {
    const native_address address{to};
    for (;;) {
        const auto sent = ::sendto(fd_->fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL, address.data(), address.size());
        if (sent >= 0) return {};
        if (errno == EAGAIN || errno == ENOBUFS) return {};    // full: lost, as on the way
        if (errno == ECONNREFUSED || errno == EINTR) continue; // about an earlier datagram; reading the error clears it
        return last_error("send to " + to_string(to));
    }
}

bool set(int fd, int level, int option, int value) { return setsockopt(fd, level, option, &value, sizeof value) == 0; }

/// The index of the interface chosen by address or scope; 0 for the kernel's choice.
result<std::uint32_t> interface_index(const std::vector<interface_address>& all, const multicast_options& m) {
    if (!m.interface || (m.interface->is_unspecified() && m.interface->scope() == 0)) return std::uint32_t{0};
    if (m.interface->scope() != 0) return m.interface->scope();
    auto found = std::find_if(all.begin(), all.end(), [&](const auto& i) { return i.address == *m.interface; });
    if (found == all.end()) return error{errc::no_such_interface, to_string(*m.interface)};
    return found->index;
}

result<void> join(int fd, const multicast_options& m, std::uint32_t index) {
    const std::string what = "join " + to_string(m.group);
    if (m.group.is_v4()) {
        ip_mreqn membership{};
        membership.imr_multiaddr.s_addr = htonl(m.group.v4_host_order());
        membership.imr_ifindex = static_cast<int>(index);
        if (m.interface && m.interface->is_v4()) membership.imr_address.s_addr = htonl(m.interface->v4_host_order());
        if (index != 0 && setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &membership, sizeof membership) != 0)
            return last_error(what);
        if (!set(fd, IPPROTO_IP, IP_MULTICAST_TTL, m.ttl) || !set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, m.loop ? 1 : 0))
            return last_error(what);
        if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership) != 0) return last_error(what);
        return {};
    }
    ipv6_mreq membership{};
    std::copy(m.group.bytes().begin(), m.group.bytes().end(), membership.ipv6mr_multiaddr.s6_addr);
    membership.ipv6mr_interface = index;
    if (index != 0 && !set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(index))) return last_error(what);
    if (!set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, m.ttl) ||
        !set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, m.loop ? 1 : 0))
        return last_error(what);
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &membership, sizeof membership) != 0) return last_error(what);
    return {};
}

} // namespace

result<std::unique_ptr<datagram_socket>> system_transport::open_datagram(datagram_options options) {
    const std::string what = "open UDP " + to_string(options.bind);
    const native_address address{options.bind};
    const bool v4 = address.family() == AF_INET;
    unique_fd fd{::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!fd) return last_error(what);
    // Never SO_REUSEPORT: with it Linux deals each datagram to one of the sockets, and only among programs of one user.
    if (options.reuse_address && !set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1)) return last_error(what);
    if (options.broadcast && !set(fd.get(), SOL_SOCKET, SO_BROADCAST, 1)) return last_error(what);
    if (!v4) set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set(fd.get(), v4 ? int{IPPROTO_IP} : int{IPPROTO_IPV6}, v4 ? IP_PKTINFO : IPV6_RECVPKTINFO, 1);
    if (::bind(fd.get(), address.data(), address.size()) != 0) return last_error(what);
    if (options.multicast) {
        if (!options.multicast->group.is_multicast() || options.multicast->group.is_v4() != v4)
            return error{std::make_error_code(std::errc::invalid_argument),
                         what + ": multicast group " + to_string(options.multicast->group)};
        const auto index = interface_index(interfaces(), *options.multicast);
        if (!index) return index.error().within(what);
        auto joined = join(fd.get(), *options.multicast, *index);
        if (!joined) return joined.error().within(what);
    }
    auto watched = watched_fd::adopt(loop_, fd.release());
    if (!watched) return std::move(watched).error().within(what);
    return std::unique_ptr<datagram_socket>{std::make_unique<udp_socket>(loop_.env, fd_owner{std::move(*watched)})};
}

} // namespace sedge::wire
