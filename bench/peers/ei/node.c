// SPDX-License-Identifier: Apache-2.0
// The responder and the clients of bench/README.md as a C node over OTP's `ei`, one blocking socket and no threads.
//
//   bench_ei_node serve NAME [spin]                   says READY, serves one node after another
//   bench_ei_node round_trip NAME PEER SECONDS [spin] W1
//   bench_ei_node small NAME PEER COUNT               W2
//   bench_ei_node large NAME PEER COUNT               W3
//   bench_ei_node watch NAME PEER                     W8: says when PEER is down
//
// NAME without host: all is on 127.0.0.1, and the port mapper is that of ERL_EPMD_PORT. PEER with host.
// A C node answers to any registered name. With `spin` it asks for input again and again instead of sleeping.
#include <arpa/inet.h>
#include <ei.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LARGE_BYTES (1 << 20)
#define SMALL_BYTES 32
#define TIMES_MAX 2000000

static int spins = 0;
static ei_cnode self;
static ei_x_buff in, out;

static void give_up(const char* what) {
    fprintf(stderr, "%s: erl_errno %d\n", what, erl_errno);
    exit(1);
}

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void begin_tuple(const char* tag, int arity) {
    out.index = 0;
    ei_x_encode_version(&out);
    ei_x_encode_tuple_header(&out, arity);
    ei_x_encode_atom(&out, tag);
}

static void send_out(int fd, erlang_pid* to) {
    if (ei_send(fd, to, out.buff, out.index) < 0) give_up("send");
}

// The next message of a process, decoded up to behind the version byte. 0: the connection is over.
static int next_message(int fd, int* at) {
    for (;;) {
        erlang_msg about;
        char byte;
        int version;
        while (spins && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN) {
        }
        in.index = 0;
        int what = ei_xreceive_msg(fd, &about, &in);
        if (what == ERL_TICK) continue;
        if (what != ERL_MSG) return 0;
        if (about.msgtype != ERL_SEND && about.msgtype != ERL_REG_SEND) continue;
        *at = 0;
        return ei_decode_version(in.buff, at, &version) == 0;
    }
}

// Takes `count` messages and reads every element of each. 0: the connection is over.
static int swallow(int fd, long count) {
    static char payload[LARGE_BYTES];
    while (count > 0) {
        char tag[MAXATOMLEN];
        int at, arity;
        long number, size;
        if (!next_message(fd, &at)) return 0;
        if (ei_decode_tuple_header(in.buff, &at, &arity) < 0 || ei_decode_atom(in.buff, &at, tag) < 0) continue;
        if (arity == 3 && ei_decode_long(in.buff, &at, &number) < 0) continue;
        if (ei_decode_binary(in.buff, &at, payload, &size) < 0) continue;
        --count;
    }
    return 1;
}

static void serve_one(int fd) {
    int at;
    while (next_message(fd, &at)) {
        char tag[MAXATOMLEN];
        erlang_pid from;
        int arity;
        long number;
        if (ei_decode_tuple_header(in.buff, &at, &arity) < 0 || arity != 3) continue;
        if (ei_decode_atom(in.buff, &at, tag) < 0 || ei_decode_pid(in.buff, &at, &from) < 0) continue;
        if (ei_decode_long(in.buff, &at, &number) < 0) continue;
        if (strcmp(tag, "ping") == 0) {
            begin_tuple("pong", 2);
            ei_x_encode_long(&out, number);
            send_out(fd, &from);
        } else if (strcmp(tag, "note") == 0) {
            continue;
        } else if (strcmp(tag, "where") == 0) {
            begin_tuple("here", 2);
            ei_x_encode_pid(&out, ei_self(&self));
            send_out(fd, &from);
        } else if (strcmp(tag, "count") == 0) {
            out.index = 0;
            ei_x_encode_version(&out);
            ei_x_encode_atom(&out, "ready");
            send_out(fd, &from);
            if (!swallow(fd, number)) return;
            begin_tuple("done", 2);
            ei_x_encode_long(&out, number);
            send_out(fd, &from);
        }
    }
}

_Noreturn static void serve(void) {
    struct in_addr loopback = {.s_addr = htonl(INADDR_LOOPBACK)};
    int port = 0;
    int listener = ei_xlisten(&self, &loopback, &port, 5);
    if (listener < 0) give_up("listen");
    if (ei_publish(&self, port) < 0) give_up("publish");
    printf("READY\n");
    fflush(stdout);
    for (;;) {
        ErlConnect peer;
        int fd = ei_accept(&self, listener, &peer);
        if (fd < 0) continue;
        serve_one(fd);
        ei_close_connection(fd);
    }
}

static erlang_pid find(int fd) {
    char tag[MAXATOMLEN];
    erlang_pid found;
    int at, arity;
    begin_tuple("where", 3);
    ei_x_encode_pid(&out, ei_self(&self));
    ei_x_encode_long(&out, 0);
    if (ei_reg_send(&self, fd, (char*)"responder", out.buff, out.index) < 0) give_up("send to the responder");
    if (!next_message(fd, &at) || ei_decode_tuple_header(in.buff, &at, &arity) < 0 ||
        ei_decode_atom(in.buff, &at, tag) < 0 || ei_decode_pid(in.buff, &at, &found) < 0) {
        give_up("no answer of the responder");
    }
    return found;
}

static int by_size(const void* a, const void* b) {
    int64_t one = *(const int64_t*)a, other = *(const int64_t*)b;
    return (one > other) - (one < other);
}

static void round_trips(int fd, double seconds) {
    erlang_pid to = find(fd);
    int64_t* times = calloc(TIMES_MAX, sizeof *times);
    const int64_t begun = nanoseconds();
    const int64_t counted_from = begun + (int64_t)(seconds * 1e8); // a tenth to warm up
    const int64_t until = begun + (int64_t)(seconds * 1.1e9);
    const char* peer = spins ? "ei spinning" : "ei";
    size_t count = 0;
    double sum = 0;
    long number = 0;
    for (int64_t sent = begun; sent < until && count < TIMES_MAX; ++number) {
        char tag[MAXATOMLEN];
        int at, arity;
        long back;
        begin_tuple("ping", 3);
        ei_x_encode_pid(&out, ei_self(&self));
        ei_x_encode_long(&out, number);
        send_out(fd, &to);
        if (!next_message(fd, &at) || ei_decode_tuple_header(in.buff, &at, &arity) < 0 ||
            ei_decode_atom(in.buff, &at, tag) < 0 || ei_decode_long(in.buff, &at, &back) < 0 || back != number) {
            give_up("no pong");
        }
        const int64_t now = nanoseconds();
        if (sent >= counted_from) sum += (double)(times[count++] = now - sent);
        sent = now;
    }
    if (count == 0) give_up("no round trips");
    qsort(times, count, sizeof *times, by_size);
    printf("R\tW1\t%s\tmean\t%.3f\tus\n", peer, sum / (double)count / 1e3);
    printf("R\tW1\t%s\tp50\t%.3f\tus\n", peer, (double)times[count / 2] / 1e3);
    printf("R\tW1\t%s\tp99\t%.3f\tus\n", peer, (double)times[count * 99 / 100] / 1e3);
    free(times);
}

static void one_way(int fd, int large, long count) {
    static char payload[LARGE_BYTES];
    char tag[MAXATOMLEN];
    int at, arity;
    erlang_pid to = find(fd);
    memset(payload, 'x', sizeof payload);
    begin_tuple("count", 3);
    ei_x_encode_pid(&out, ei_self(&self));
    ei_x_encode_long(&out, count);
    send_out(fd, &to);
    if (!next_message(fd, &at) || ei_decode_atom(in.buff, &at, tag) < 0) give_up("the responder is not ready");
    const int64_t begun = nanoseconds();
    for (long i = 0; i < count; ++i) {
        begin_tuple(large ? "blob" : "msg", large ? 2 : 3);
        if (!large) ei_x_encode_long(&out, i);
        ei_x_encode_binary(&out, payload, large ? LARGE_BYTES : SMALL_BYTES);
        send_out(fd, &to);
    }
    if (!next_message(fd, &at) || ei_decode_tuple_header(in.buff, &at, &arity) < 0) give_up("the responder is not done");
    const double seconds = (double)(nanoseconds() - begun) / 1e9;
    printf("R\t%s\tei\tmessages\t%.0f\tmsg/s\n", large ? "W3" : "W2", (double)count / seconds);
    if (large) printf("R\tW3\tei\trate\t%.1f\tMB/s\n", (double)count * LARGE_BYTES / 1e6 / seconds);
}

static void watch(int fd) {
    struct timespec now;
    int at;
    printf("WATCHING\n");
    fflush(stdout);
    while (next_message(fd, &at)) {
    }
    clock_gettime(CLOCK_REALTIME, &now);
    printf("DOWN %lld\n", (long long)now.tv_sec * 1000000000 + now.tv_nsec);
}

int main(int argc, char** argv) {
    struct in_addr loopback = {.s_addr = htonl(INADDR_LOOPBACK)};
    char full_name[256];
    if (argc < 3) return 2;
    signal(SIGPIPE, SIG_IGN);
    spins = strcmp(argv[argc - 1], "spin") == 0;
    snprintf(full_name, sizeof full_name, "%s@127.0.0.1", argv[2]);
    ei_init();
    if (ei_connect_xinit(&self, "127.0.0.1", argv[2], full_name, &loopback, "sedge_bench", (unsigned)getpid()) < 0) {
        give_up("init");
    }
    ei_x_new(&in);
    ei_x_new(&out);
    if (strcmp(argv[1], "serve") == 0) serve();
    if (argc < 4) return 2;
    int fd = ei_connect(&self, argv[3]);
    if (fd < 0) give_up("connect");
    if (strcmp(argv[1], "watch") == 0) {
        watch(fd);
    } else if (argc < 5) {
        return 2;
    } else if (strcmp(argv[1], "round_trip") == 0) {
        round_trips(fd, atof(argv[4]));
    } else {
        one_way(fd, strcmp(argv[1], "large") == 0, atol(argv[4]));
    }
    return 0;
}
