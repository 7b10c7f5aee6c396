// SPDX-License-Identifier: Apache-2.0
//
// What somebody without the cookie can do to a node of sedge from the same network, as fast as one program can. For the
// tests of tests/machines only.
//
//     attacker idle      TARGET PORT COUNT SECONDS SOURCE...
//         opens COUNT connections and says nothing; of those that were closed COUNT / 10 a second are opened again
//     attacker handshake TARGET PORT RATE SECONDS NAME SOURCE...
//         RATE times a second: says it is NAME (`random`: another name each time), reads the challenge, goes away
//     attacker gossip    GROUP PORT RATE SECONDS SOURCE
//         RATE datagrams a second of what no node sends
//
// Each connection is from the next SOURCE, addresses of the machine it runs on. In the end, which SIGTERM brings
// sooner, it writes a line of JSON with what became of its attempts.
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <random>
#include <string>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

struct arguments {
    sockaddr_in target{};
    long amount = 0; // COUNT or RATE
    clock_type::time_point end;
    std::string name;
    std::vector<sockaddr_in> sources;
};

struct tally {
    long begun = 0;       // connections or datagrams
    long established = 0; // the target's kernel took them
    long answered = 0;    // a challenge came
    long refused = 0;     // closed before that
    long failed = 0;      // never connected
};

std::mt19937_64 chance{20260101};
volatile std::sig_atomic_t is_told_to_end = 0;

bool goes_on(const arguments& what) { return is_told_to_end == 0 && clock_type::now() < what.end; }

sockaddr_in address(const char* text, int port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(static_cast<std::uint16_t>(port));
    if (inet_pton(AF_INET, text, &out.sin_addr) != 1) {
        std::fprintf(stderr, "attacker: %s is no address\n", text);
        std::exit(2);
    }
    return out;
}

const sockaddr* plain(const sockaddr_in& a) { return reinterpret_cast<const sockaddr*>(&a); }

/// 13.2 send_name: 'N' flags:64 creation:32 length:16 name, behind a length of 16 bits.
std::string send_name(const std::string& claimed) {
    std::string name = claimed;
    if (claimed == "random") name = "x" + std::to_string(chance()) + "@172.24.176.250";
    std::string out{'\0', '\0', 'N'};
    const std::uint64_t flags = 0x0000000d07df7fbd; // of OTP 25
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(flags >> shift));
    out += std::string{"\0\0\0\7", 4};
    out.push_back(static_cast<char>(name.size() >> 8));
    out.push_back(static_cast<char>(name.size()));
    out += name;
    out[1] = static_cast<char>(out.size() - 2);
    return out;
}

/// All connections of an attack.
class connections {
public:
    connections(arguments what, bool speaks) : what_(std::move(what)), speaks_(speaks), poll_(epoll_create1(0)) {}

    void open_one() {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (fd < 0) return;
        const linger at_once{1, 0}; // no TIME_WAIT: ports would run out
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        const auto& from = what_.sources[static_cast<std::size_t>(all.begun++) % what_.sources.size()];
        (void)bind(fd, plain(from), sizeof from);
        if (connect(fd, plain(what_.target), sizeof what_.target) < 0 && errno != EINPROGRESS) {
            ++all.failed;
            close(fd);
            return;
        }
        epoll_event want{};
        want.events = EPOLLOUT | EPOLLIN | EPOLLRDHUP;
        want.data.fd = fd;
        epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &want);
        open_.emplace(fd, false);
    }

    void wait(int milliseconds) {
        epoll_event happened[256];
        const int count = epoll_wait(poll_, happened, 256, milliseconds);
        for (int i = 0; i < count; ++i) look_at(happened[i].data.fd, happened[i].events);
    }

    [[nodiscard]] std::size_t open() const { return open_.size(); }
    tally all;

private:
    void look_at(int fd, std::uint32_t events) {
        bool& connected = open_.at(fd);
        if (!connected) {
            int code = 0;
            socklen_t size = sizeof code;
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
            if (code != 0) {
                ++all.failed;
                return forget(fd);
            }
            connected = true;
            ++all.established;
            if (speaks_) {
                const auto words = send_name(what_.name);
                (void)!write(fd, words.data(), words.size());
            }
            epoll_event want{};
            want.events = EPOLLIN | EPOLLRDHUP;
            want.data.fd = fd;
            epoll_ctl(poll_, EPOLL_CTL_MOD, fd, &want);
            if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
        }
        char answer[512];
        const auto got = read(fd, answer, sizeof answer);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) {
            ++all.refused;
            return forget(fd);
        }
        if (got < 20) return; // the status alone; the challenge follows
        ++all.answered;
        forget(fd);
    }
    void forget(int fd) {
        close(fd);
        open_.erase(fd);
    }

    arguments what_;
    bool speaks_;
    int poll_;
    std::unordered_map<int, bool> open_; // whether it is connected
};

/// How many of RATE a second should have happened by now.
long due(const arguments& what, clock_type::time_point begun) {
    const std::chrono::duration<double> since = clock_type::now() - begun;
    return static_cast<long>(since.count() * static_cast<double>(what.amount));
}

tally keep_idle(arguments what) {
    connections all{what, false};
    const auto count = what.amount;
    what.amount = count / 10;
    const auto begun = clock_type::now();
    while (goes_on(what)) {
        const auto allowed = count + due(what, begun);
        for (int i = 0; i < 64 && all.all.begun < allowed && all.open() < static_cast<std::size_t>(count); ++i)
            all.open_one();
        all.wait(1);
    }
    return all.all;
}

tally shake_hands(const arguments& what) {
    connections all{what, true};
    const auto begun = clock_type::now();
    while (goes_on(what)) {
        for (auto missing = due(what, begun) - all.all.begun; missing > 0 && all.open() < 4000; --missing)
            all.open_one();
        all.wait(1);
    }
    return all.all;
}

/// Random bytes, truncated heartbeats, bombs of the external term format.
std::vector<std::string> garbage() {
    std::vector<std::string> all;
    for (int i = 0; i < 61; ++i) {
        std::string one;
        if (i % 3 == 0) one = "heartbeat::";
        if (i % 3 == 1) one = std::string{"heartbeat::\x83t\xff\xff\xff\xff", 17};
        const auto size = one.size() + chance() % 200;
        while (one.size() < size) one.push_back(static_cast<char>(chance()));
        all.push_back(std::move(one));
    }
    return all;
}

tally flood(const arguments& what) {
    tally all;
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    ip_mreqn through{};
    through.imr_address = what.sources.front().sin_addr;
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &through, sizeof through);
    (void)bind(fd, plain(what.sources.front()), sizeof what.sources.front());
    const auto packets = garbage();
    const auto begun = clock_type::now();
    while (goes_on(what)) {
        for (auto missing = due(what, begun) - all.begun; missing > 0; --missing) {
            const auto& packet = packets[static_cast<std::size_t>(all.begun++) % packets.size()];
            if (sendto(fd, packet.data(), packet.size(), 0, plain(what.target), sizeof what.target) < 0) ++all.failed;
        }
        (void)poll(nullptr, 0, 1);
    }
    return all;
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGTERM, [](int) { is_told_to_end = 1; });
    const std::string verb = argc > 1 ? argv[1] : "";
    const bool named = verb == "handshake";
    if ((verb != "idle" && verb != "gossip" && !named) || argc < (named ? 8 : 7)) {
        std::fputs("attacker: its options stand at the head of attacker.cpp\n", stderr);
        return 2;
    }
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    arguments what;
    what.target = address(argv[2], std::atoi(argv[3]));
    what.amount = std::atol(argv[4]);
    what.end = clock_type::now() + std::chrono::milliseconds{static_cast<long>(std::atof(argv[5]) * 1000)};
    if (named) what.name = argv[6];
    for (int i = named ? 7 : 6; i < argc; ++i) what.sources.push_back(address(argv[i], 0));
    const tally all = verb == "idle" ? keep_idle(what) : verb == "gossip" ? flood(what) : shake_hands(what);
    std::printf("{\"begun\":%ld,\"established\":%ld,\"answered\":%ld,\"refused\":%ld,\"failed\":%ld}\n", all.begun,
                all.established, all.answered, all.refused, all.failed);
    return 0;
}
