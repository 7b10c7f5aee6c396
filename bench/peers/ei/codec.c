// SPDX-License-Identifier: Apache-2.0
// W5 over `ei`: a plain tree into one buffer that is used again, and every element of a term into local variables.
//
//   bench_ei_codec FILE.etf...     the corpora, which bench_codec:write of OTP makes
#include <ei.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BYTES_MAX (1 << 21)

// What is encoded: read from the file once, by the functions that are measured afterwards.
struct tree {
    int type; // that of ei_get_type
    long size;
    int64_t integer;
    double floating;
    char* text;
    erlang_pid pid;
    erlang_ref ref;
    struct tree* elements; // of a map: keys and values
};

static char scratch[BYTES_MAX];
static uint64_t sum; // of what was read, so that the compiler believes that somebody wants it

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void require(int done) {
    if (done >= 0) return;
    fprintf(stderr, "ei could not read or write a corpus\n");
    exit(1);
}

static long elements_of(int type, long size) {
    return type == ERL_MAP_EXT ? 2 * size : size;
}

static void load(const char* bytes, int* at, struct tree* into) {
    int size = 0, arity = 0;
    long long number = 0;
    memset(into, 0, sizeof *into);
    require(ei_get_type(bytes, at, &into->type, &size));
    into->size = size;
    switch (into->type) {
    case ERL_SMALL_INTEGER_EXT: case ERL_INTEGER_EXT: case ERL_SMALL_BIG_EXT:
        require(ei_decode_longlong(bytes, at, &number));
        into->integer = number;
        return;
    case NEW_FLOAT_EXT: case ERL_FLOAT_EXT: require(ei_decode_double(bytes, at, &into->floating)); return;
    case ERL_ATOM_EXT: case ERL_SMALL_ATOM_EXT: case ERL_ATOM_UTF8_EXT: case ERL_SMALL_ATOM_UTF8_EXT:
        require(ei_decode_atom(bytes, at, scratch));
        into->text = strdup(scratch);
        return;
    case ERL_BINARY_EXT:
        require(ei_decode_binary(bytes, at, scratch, &into->size));
        into->text = malloc((size_t)into->size + 1);
        memcpy(into->text, scratch, (size_t)into->size);
        return;
    case ERL_PID_EXT: case ERL_NEW_PID_EXT: require(ei_decode_pid(bytes, at, &into->pid)); return;
    case ERL_REFERENCE_EXT: case ERL_NEW_REFERENCE_EXT: case ERL_NEWER_REFERENCE_EXT:
        require(ei_decode_ref(bytes, at, &into->ref));
        return;
    case ERL_SMALL_TUPLE_EXT: case ERL_LARGE_TUPLE_EXT: require(ei_decode_tuple_header(bytes, at, &arity)); break;
    case ERL_MAP_EXT: require(ei_decode_map_header(bytes, at, &arity)); break;
    case ERL_LIST_EXT: require(ei_decode_list_header(bytes, at, &arity)); break;
    default: require(-1);
    }
    const long count = elements_of(into->type, into->size);
    into->elements = calloc((size_t)count, sizeof *into->elements);
    for (long i = 0; i < count; ++i) load(bytes, at, &into->elements[i]);
    if (into->type == ERL_LIST_EXT) require(ei_decode_list_header(bytes, at, &arity)); // the tail
}

static void encode(ei_x_buff* out, const struct tree* from) {
    switch (from->type) {
    case ERL_SMALL_INTEGER_EXT: case ERL_INTEGER_EXT: case ERL_SMALL_BIG_EXT:
        ei_x_encode_longlong(out, from->integer);
        return;
    case NEW_FLOAT_EXT: case ERL_FLOAT_EXT: ei_x_encode_double(out, from->floating); return;
    case ERL_ATOM_EXT: case ERL_SMALL_ATOM_EXT: case ERL_ATOM_UTF8_EXT: case ERL_SMALL_ATOM_UTF8_EXT:
        ei_x_encode_atom(out, from->text);
        return;
    case ERL_BINARY_EXT: ei_x_encode_binary(out, from->text, (int)from->size); return;
    case ERL_PID_EXT: case ERL_NEW_PID_EXT: ei_x_encode_pid(out, &from->pid); return;
    case ERL_REFERENCE_EXT: case ERL_NEW_REFERENCE_EXT: case ERL_NEWER_REFERENCE_EXT:
        ei_x_encode_ref(out, &from->ref);
        return;
    case ERL_MAP_EXT: ei_x_encode_map_header(out, from->size); break;
    case ERL_LIST_EXT: ei_x_encode_list_header(out, from->size); break;
    default: ei_x_encode_tuple_header(out, from->size);
    }
    const long count = elements_of(from->type, from->size);
    for (long i = 0; i < count; ++i) encode(out, &from->elements[i]);
    if (from->type == ERL_LIST_EXT) ei_x_encode_empty_list(out);
}

static void decode(const char* bytes, int* at) {
    int type, size, arity = 0;
    long length, count;
    long long number;
    double floating;
    erlang_pid pid;
    erlang_ref ref;
    ei_get_type(bytes, at, &type, &size);
    switch (type) {
    case ERL_SMALL_INTEGER_EXT: case ERL_INTEGER_EXT: case ERL_SMALL_BIG_EXT:
        ei_decode_longlong(bytes, at, &number);
        sum += (uint64_t)number;
        return;
    case NEW_FLOAT_EXT: case ERL_FLOAT_EXT:
        ei_decode_double(bytes, at, &floating);
        sum += (uint64_t)floating;
        return;
    case ERL_ATOM_EXT: case ERL_SMALL_ATOM_EXT: case ERL_ATOM_UTF8_EXT: case ERL_SMALL_ATOM_UTF8_EXT:
        ei_decode_atom(bytes, at, scratch);
        sum += (uint64_t)scratch[0];
        return;
    case ERL_BINARY_EXT:
        ei_decode_binary(bytes, at, scratch, &length);
        sum += (uint64_t)length;
        return;
    case ERL_PID_EXT: case ERL_NEW_PID_EXT:
        ei_decode_pid(bytes, at, &pid);
        sum += pid.num;
        return;
    case ERL_REFERENCE_EXT: case ERL_NEW_REFERENCE_EXT: case ERL_NEWER_REFERENCE_EXT:
        ei_decode_ref(bytes, at, &ref);
        sum += ref.n[0];
        return;
    case ERL_MAP_EXT:
        ei_decode_map_header(bytes, at, &arity);
        count = 2 * (long)arity;
        break;
    case ERL_LIST_EXT:
        ei_decode_list_header(bytes, at, &arity);
        count = arity;
        break;
    default:
        ei_decode_tuple_header(bytes, at, &arity);
        count = arity;
    }
    for (long i = 0; i < count; ++i) decode(bytes, at);
    if (type == ERL_LIST_EXT) ei_decode_list_header(bytes, at, &arity);
}

static const struct tree* tree_now;
static const char* bytes_now;
static ei_x_buff out;

static void encode_once(void) {
    out.index = 0;
    ei_x_encode_version(&out);
    encode(&out, tree_now);
}

static void decode_once(void) {
    int at = 0, version;
    ei_decode_version(bytes_now, &at, &version);
    decode(bytes_now, &at);
}

// The best of five rounds of about 0.1 s each, as in bench/codec.cpp.
static void measure(const char* corpus, const char* what, void (*job)(void)) {
    long times = 1;
    double best = 0;
    for (int round = 0; round < 5;) {
        const int64_t begun = nanoseconds();
        for (long i = 0; i < times; ++i) job();
        const int64_t took = nanoseconds() - begun;
        if (took < 100000000) {
            times *= 2;
            continue;
        }
        const double each = (double)took / (double)times;
        if (round++ == 0 || each < best) best = each;
    }
    printf("R\tW5\tei\t%s %s\t%.1f\tns\n", corpus, what, best);
}

int main(int argc, char** argv) {
    static char bytes[BYTES_MAX];
    ei_init();
    ei_x_new(&out);
    for (int i = 1; i < argc; ++i) {
        char name[64];
        struct tree root;
        int at = 0, version;
        FILE* file = fopen(argv[i], "rb");
        if (!file) return 1;
        const size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        const char* base = strrchr(argv[i], '/');
        snprintf(name, sizeof name, "%s", base ? base + 1 : argv[i]);
        name[strcspn(name, ".")] = 0;
        require(ei_decode_version(bytes, &at, &version));
        load(bytes, &at, &root);
        require((size_t)at == size ? 0 : -1);
        tree_now = &root;
        bytes_now = bytes;
        measure(name, "encode", encode_once);
        measure(name, "decode", decode_once);
    }
    return sum == 42; // never, but nobody can know
}
