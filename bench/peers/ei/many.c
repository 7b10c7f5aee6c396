// SPDX-License-Identifier: Apache-2.0
// W10: many C nodes connect to one node, each sends a steady trickle of messages. What does the node pay for it?
//
//   bench_ei_many PEER PID CONNECTIONS RATE SECONDS
//
// PID is that of PEER's program, whose memory and CPU time are read. Each connection sends RATE messages a second to the
// responder, one of them a ping whose answer is timed. Every tenth of a millisecond those are sent that are due, and
// answers are looked for before each ten of them at the latest: what this program is late with is not to count.
#include <arpa/inet.h>
#include <ei.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct connection {
    ei_cnode self;
    int fd;
    int64_t pinged; // when; 0: no ping is under way
};

static ei_x_buff in, out;

static void give_up(const char* what, int which) {
    fprintf(stderr, "%s (connection %d): erl_errno %d\n", what, which, erl_errno);
    exit(1);
}

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static double resident_kib(const char* pid) {
    char path[64];
    long all = 0, pages = 0;
    snprintf(path, sizeof path, "/proc/%s/statm", pid);
    FILE* file = fopen(path, "r");
    if (!file || fscanf(file, "%ld %ld", &all, &pages) != 2) give_up(path, 0);
    fclose(file);
    return (double)pages * 4;
}

static double cpu_seconds(const char* pid) {
    char path[64], line[1024];
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE* file = fopen(path, "r");
    if (!file || !fgets(line, sizeof line, file)) give_up(path, 0);
    fclose(file);
    const char* behind_name = strrchr(line, ')');
    if (!behind_name || sscanf(behind_name, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2) {
        give_up("CPU time", 0);
    }
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static void request(struct connection* c, const char* tag, long number) {
    out.index = 0;
    ei_x_encode_version(&out);
    ei_x_encode_tuple_header(&out, 3);
    ei_x_encode_atom(&out, tag);
    ei_x_encode_pid(&out, ei_self(&c->self));
    ei_x_encode_long(&out, number);
}

static void connect_to(struct connection* c, int number, char* peer) {
    struct in_addr loopback = {.s_addr = htonl(INADDR_LOOPBACK)};
    char alive[32], full_name[64];
    snprintf(alive, sizeof alive, "many%d", number);
    snprintf(full_name, sizeof full_name, "%s@127.0.0.1", alive);
    if (ei_connect_xinit(&c->self, "127.0.0.1", alive, full_name, &loopback, "sedge_bench", (unsigned)getpid()) < 0 ||
        (c->fd = ei_connect(&c->self, peer)) < 0) {
        give_up("connect", number);
    }
}

// The next message of a process; 0: there was only a tick.
static int next_message(struct connection* c, int which, int* at) {
    erlang_msg about;
    int version;
    in.index = 0;
    const int what = ei_xreceive_msg(c->fd, &about, &in);
    if (what == ERL_TICK) return 0;
    if (what != ERL_MSG) give_up("the connection is over", which);
    *at = 0;
    return ei_decode_version(in.buff, at, &version) == 0;
}

static erlang_pid find(struct connection* c) {
    char tag[MAXATOMLEN];
    erlang_pid found;
    int at, arity;
    request(c, "where", 0);
    if (ei_reg_send(&c->self, c->fd, (char*)"responder", out.buff, out.index) < 0) give_up("send", 0);
    while (!next_message(c, 0, &at)) {
    }
    if (ei_decode_tuple_header(in.buff, &at, &arity) < 0 || ei_decode_atom(in.buff, &at, tag) < 0 ||
        ei_decode_pid(in.buff, &at, &found) < 0) {
        give_up("no responder", 0);
    }
    return found;
}

static int by_size(const void* a, const void* b) {
    int64_t one = *(const int64_t*)a, other = *(const int64_t*)b;
    return (one > other) - (one < other);
}

int main(int argc, char** argv) {
    if (argc != 6) return 2;
    char* peer = argv[1];
    const char* pid = argv[2];
    const int count = atoi(argv[3]);
    const long rate = atol(argv[4]);
    const double seconds = atof(argv[5]);
    struct rlimit files = {65536, 65536};
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    ei_init();
    ei_x_new(&in);
    ei_x_new(&out);

    struct connection* all = calloc((size_t)count, sizeof *all);
    const int poll = epoll_create1(0);
    const double empty = resident_kib(pid);
    for (int i = 0; i < count; ++i) {
        connect_to(&all[i], i, peer);
        struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        epoll_ctl(poll, EPOLL_CTL_ADD, all[i].fd, &wanted);
    }
    erlang_pid to = find(&all[0]);

    const size_t times_max = (size_t)(seconds + 2) * (size_t)count;
    int64_t* times = calloc(times_max, sizeof *times);
    size_t answers = 0;
    long sent = 0;
    const int64_t begun = nanoseconds();
    const int64_t counted_from = begun + 1000000000; // the first second warms up
    const int64_t until = counted_from + (int64_t)(seconds * 1e9);
    const struct timespec pause = {.tv_nsec = 100000};
    double cpu = 0;
    for (int64_t now = begun; now < until; now = nanoseconds()) {
        if (cpu == 0 && now >= counted_from) cpu = cpu_seconds(pid);
        const long due = (long)((double)(now - begun) / 1e9 * (double)count * (double)rate);
        for (int i = 0; i < 10 && sent < due; ++i, ++sent) {
            const int which = (int)(sent % count);
            struct connection* c = &all[which];
            // Every connection has its ping in another round, so that they are spread over the second.
            const int is_ping = (sent / count + which) % rate == 0 && c->pinged == 0;
            request(c, is_ping ? "ping" : "note", sent);
            if (is_ping) c->pinged = nanoseconds();
            if (ei_send(c->fd, &to, out.buff, out.index) < 0) give_up("send", which);
        }
        if (sent >= due) nanosleep(&pause, NULL);
        struct epoll_event ready[64];
        const int events = epoll_wait(poll, ready, 64, 0);
        for (int i = 0; i < events; ++i) {
            struct connection* c = &all[ready[i].data.u32];
            int at;
            if (!next_message(c, (int)ready[i].data.u32, &at)) continue;
            const int64_t arrived = nanoseconds();
            if (c->pinged >= counted_from && answers < times_max) times[answers++] = arrived - c->pinged;
            c->pinged = 0;
        }
    }
    cpu = cpu_seconds(pid) - cpu;
    const double full = resident_kib(pid);
    if (answers == 0) give_up("no answers", 0);
    qsort(times, answers, sizeof *times, by_size);
    printf("R\tW10\tei\tmemory of a connection\t%.1f\tKiB\n", (full - empty) / count);
    printf("R\tW10\tei\tp99\t%.3f\tms\n", (double)times[answers * 99 / 100] / 1e6);
    printf("R\tW10\tei\tCPU\t%.1f\t%%\n", cpu / seconds * 100);
    printf("R\tW10\tei\tmessages\t%.0f\tmsg/s\n", (double)sent / (seconds + 1));
    return 0;
}
