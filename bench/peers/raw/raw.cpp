// SPDX-License-Identifier: Apache-2.0
// What is the limit: how fast do plain TCP over loopback and a copy in memory do what a node does on top of them?
//
//   bench_raw serve [spin]                        says `READY PORT`, serves one client after another
//   bench_raw round_trip PORT SECONDS [spin]      W1: 70 bytes there and back
//   bench_raw small PORT COUNT WRITE_BYTES        W2: so many times 92 bytes, WRITE_BYTES a write
//   bench_raw large PORT COUNT WRITE_BYTES        W3: so many MiB
//   bench_raw copy                                W5: memcpy of the sizes of the corpora
//
// With `spin` a side asks for input again and again instead of sleeping in recv.
#include "../../figures.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::size_t ping_bytes = 70;  // `{ping, Pid, N}` as OTP 25 sends it, with the atom cache warm
constexpr std::size_t small_bytes = 92; // `{msg, N, <<32 bytes>>}` in the same way
constexpr std::size_t large_bytes = std::size_t{1} << 20;

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::exit(1);
}

/// What the client wants, told before anything else.
struct wish {
    std::uint64_t echo_bytes = 0;    ///< Not 0: send back every so many bytes until the end.
    std::uint64_t swallow_bytes = 0; ///< Otherwise: read so many, then answer one byte.
    std::uint64_t read_bytes = 0;    ///< At most so many a read.
};

class stream {
public:
    stream(int descriptor, bool spins) : fd_(descriptor), flags_(spins ? MSG_DONTWAIT : 0) {
        const int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    stream(const stream&) = delete;
    ~stream() { ::close(fd_); }

    /// 0 at the end of the stream.
    std::size_t read_some(char* into, std::size_t most) {
        for (;;) {
            const ssize_t count = ::recv(fd_, into, most, flags_);
            if (count >= 0) return static_cast<std::size_t>(count);
            if (errno == ECONNRESET) return 0;
            if (errno != EAGAIN && errno != EINTR) give_up("recv");
        }
    }
    bool read_all(char* into, std::size_t count) {
        while (count > 0) {
            const std::size_t got = read_some(into, count);
            if (got == 0) return false;
            into += got;
            count -= got;
        }
        return true;
    }
    bool write_all(const char* from, std::size_t count) {
        while (count > 0) {
            const ssize_t put = ::send(fd_, from, count, MSG_NOSIGNAL);
            if (put < 0 && (errno == EPIPE || errno == ECONNRESET)) return false;
            if (put < 0 && errno != EINTR) give_up("send");
            if (put < 0) continue;
            from += put;
            count -= static_cast<std::size_t>(put);
        }
        return true;
    }

private:
    int fd_;
    int flags_;
};

void serve_one(stream peer) {
    wish wanted;
    if (!peer.read_all(reinterpret_cast<char*>(&wanted), sizeof wanted)) return;
    if (wanted.echo_bytes > 0) {
        std::vector<char> bytes(wanted.echo_bytes);
        while (peer.read_all(bytes.data(), bytes.size()) && peer.write_all(bytes.data(), bytes.size())) {
        }
        return;
    }
    std::vector<char> bytes(wanted.read_bytes);
    for (std::uint64_t left = wanted.swallow_bytes; left > 0;) {
        const auto got = peer.read_some(bytes.data(), std::min<std::uint64_t>(left, bytes.size()));
        if (got == 0) return;
        left -= got;
    }
    peer.write_all("!", 1);
}

int serve(bool spins) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 8) != 0) {
        give_up("listen");
    }
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("READY %d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    for (;;) {
        const int accepted = ::accept(listener, nullptr, nullptr);
        if (accepted < 0) give_up("accept");
        serve_one(stream{accepted, spins});
    }
}

int dial(int port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) give_up("connect");
    return descriptor;
}

void round_trip(int port, double seconds, bool spins) {
    stream peer{dial(port), spins};
    const wish wanted{.echo_bytes = ping_bytes};
    peer.write_all(reinterpret_cast<const char*>(&wanted), sizeof wanted);
    std::array<char, ping_bytes> bytes{};
    std::vector<std::int64_t> times;
    times.reserve(1'000'000);
    const std::int64_t begun = bench::nanoseconds();
    const std::int64_t counted_from = begun + static_cast<std::int64_t>(seconds * 1e8); // a tenth to warm up
    const std::int64_t until = begun + static_cast<std::int64_t>(seconds * 1.1e9);
    for (std::int64_t sent = begun; sent < until;) {
        if (!peer.write_all(bytes.data(), bytes.size()) || !peer.read_all(bytes.data(), bytes.size())) return;
        const std::int64_t now = bench::nanoseconds();
        if (sent >= counted_from) times.push_back(now - sent);
        sent = now;
    }
    bench::tell_times("W1", spins ? "raw spinning" : "raw", std::move(times));
}

void one_way(const char* workload, int port, std::size_t bytes_each, std::int64_t count, std::size_t write_bytes) {
    stream peer{dial(port), false};
    const std::uint64_t total = bytes_each * static_cast<std::uint64_t>(count);
    const wish wanted{.swallow_bytes = total, .read_bytes = std::max<std::size_t>(write_bytes, 65536)};
    peer.write_all(reinterpret_cast<const char*>(&wanted), sizeof wanted);
    const std::vector<char> bytes(write_bytes, 'x');
    const std::int64_t begun = bench::nanoseconds();
    for (std::uint64_t left = total; left > 0;) {
        const auto part = std::min<std::uint64_t>(left, write_bytes);
        if (!peer.write_all(bytes.data(), part)) give_up("write");
        left -= part;
    }
    char done = 0;
    if (!peer.read_all(&done, 1)) give_up("read");
    const bool large = bytes_each == large_bytes;
    bench::tell_rate(workload, write_bytes == small_bytes ? "raw, a write each" : "raw", count,
                     large ? static_cast<std::int64_t>(bytes_each) : 0, bench::nanoseconds() - begun);
}

/// Sizes of the corpora; see bench/README.md.
void copy() {
    for (const auto& [name, size] : {std::pair{"a_small copy", 126},
                                     {"b_map1k copy", 1000},
                                     {"c_ints10k copy", 69318},
                                     {"d_bin1m copy", 1048582},
                                     {"e_atoms200 copy", 4095}}) {
        std::vector<char> from(static_cast<std::size_t>(size), 1), to(static_cast<std::size_t>(size), 2);
        const std::int64_t rounds = 2'000'000'000 / size;
        const std::int64_t begun = bench::nanoseconds();
        for (std::int64_t i = 0; i < rounds; ++i) {
            std::memcpy(to.data(), from.data(), from.size());
            asm volatile("" ::"r"(to.data()) : "memory"); // the compiler must believe that somebody reads it
        }
        bench::tell("W5", "raw", name, static_cast<double>(bench::nanoseconds() - begun) / static_cast<double>(rounds),
                    "ns");
    }
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    const std::string_view verb = argc > 1 ? argv[1] : "";
    const bool spins = argc > 2 && std::string_view{argv[argc - 1]} == "spin";
    if (verb == "serve") return serve(spins);
    if (verb == "copy") return copy(), 0;
    if (verb == "round_trip" && argc >= 4) return round_trip(std::atoi(argv[2]), std::atof(argv[3]), spins), 0;
    if (argc == 5 && (verb == "small" || verb == "large")) {
        const bool large = verb == "large";
        one_way(large ? "W3" : "W2", std::atoi(argv[2]), large ? large_bytes : small_bytes, std::atoll(argv[3]),
                static_cast<std::size_t>(std::atoll(argv[4])));
        return 0;
    }
    std::fprintf(stderr, "see the head of bench/peers/raw/raw.cpp\n");
    return 2;
}
