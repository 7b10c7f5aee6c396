// SPDX-License-Identifier: Apache-2.0
// How long does it take to write a term, to read every element of one that came from outside, and to keep one?
//
// Four terms (the letters are those of docs/figures.md):
//   a  a call, {'$gen_call', {Pid, Ref}, {get, 42, <<32 bytes>>}}     126 bytes
//   b  a configuration: maps, lists, floats, strings                1,000 bytes
//   c  10,000 integers of one, four and up to eight bytes          69,318 bytes
//   e  a tuple of 200 atoms                                          4,095 bytes
//
//   encode  a plain tree of nodes is walked and written into one buffer that is used again
//   read    every element is checked and read into a local variable; nothing is built
//   build   term::decode: an owned value, made and destroyed
//
// `bench_codec [NAME [once|timed ["a_small read"]]]`: NAME stands in the peer's column (sedge); `once` does each thing
// a thousand times without a clock, for those who count instructions; the last one is the only thing done.
#include <sedge/term/decoder.hpp>
#include <sedge/term/term.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

using namespace sedge;
using namespace sedge::literals;

namespace {

/// The plain tree that is encoded: what a program might hold that knows nothing of terms.
struct node {
    enum class kind : std::uint32_t { atom, integer, floating, binary, tuple, list, map, pid, reference };
    kind what;
    std::uint32_t count = 0; // characters; elements, of a map key, value, key, value...
    union {
        std::int64_t integer;
        double floating;
        const char* text;
        const node* elements;
        const sedge::pid* process;
        const sedge::reference* ref;
    };
    [[nodiscard]] std::string_view string() const { return {text, count}; }
};
using nodes = std::vector<node>;
std::deque<nodes> kept; // what nodes point to
std::deque<std::string> kept_texts;

node text(node::kind what, std::string text) {
    const auto& here = kept_texts.emplace_back(std::move(text));
    return {.what = what, .count = static_cast<std::uint32_t>(here.size()), .text = here.data()};
}
node atom_of(std::string name) { return text(node::kind::atom, std::move(name)); }
node binary(std::string bytes) { return text(node::kind::binary, std::move(bytes)); }
node integer(std::int64_t value) { return {.what = node::kind::integer, .integer = value}; }
node floating(double value) { return {.what = node::kind::floating, .floating = value}; }
node container(node::kind what, nodes elements) {
    const auto& here = kept.emplace_back(std::move(elements));
    return {.what = what, .count = static_cast<std::uint32_t>(here.size()), .elements = here.data()};
}
node tuple(nodes elements) { return container(node::kind::tuple, std::move(elements)); }
node list(nodes elements) { return container(node::kind::list, std::move(elements)); }
node map(nodes pairs) { return container(node::kind::map, std::move(pairs)); }

void write(encoder& out, const node* first, std::size_t count) {
    for (const node* n = first; n != first + count; ++n) {
        switch (n->what) {
        case node::kind::atom: out.atom(n->string()); break;
        case node::kind::integer: out.integer(n->integer); break;
        case node::kind::floating: out.floating(n->floating); break;
        case node::kind::binary: out.string(n->string()); break;
        case node::kind::pid: out.pid(*n->process); break;
        case node::kind::reference: out.reference(*n->ref); break;
        case node::kind::tuple:
            out.tuple(n->count);
            write(out, n->elements, n->count);
            break;
        case node::kind::map:
            out.map(n->count / 2);
            write(out, n->elements, n->count);
            break;
        case node::kind::list:
            out.list(n->count);
            write(out, n->elements, n->count);
            out.nil();
            break;
        }
    }
}

node small_call() {
    static const pid process{"edge@127.0.0.1"_atom, 100, 7, 1700000000};
    static const reference ref{"edge@127.0.0.1"_atom, 1700000000, 3, {11, 22, 33}};
    const node from =
        tuple({{.what = node::kind::pid, .process = &process}, {.what = node::kind::reference, .ref = &ref}});
    return tuple(
        {atom_of("$gen_call"), from, tuple({atom_of("get"), integer(42), binary("0123456789abcdef0123456789abcdef")})});
}

node configuration() {
    nodes routes;
    for (std::int64_t i = 1; i <= 5; ++i)
        routes.push_back(
            map({binary("method"), binary("GET"), binary("path"), binary("/api/v1/items"), binary("timeout"),
                 integer(5000 + i), binary("upstream"), binary("10.0.0.1:8080"), binary("weight"), integer(i)}));
    const node limits = map({binary("burst"), integer(-1), binary("conns"), integer(65535), binary("cpu"), integer(4),
                             binary("mem"), integer(17179869184), binary("ratio"), floating(1.25)});
    const node location = map(
        {binary("city"), binary("Berlin"), binary("lat"), floating(52.5200066), binary("lon"), floating(13.404954)});
    const node samples = list({floating(12.5), floating(13.25), floating(11.0), floating(9.75), floating(14.125),
                               floating(10.0), integer(300), integer(400), integer(500), integer(70000)});
    const node tags = list({binary("edge"), binary("eu-central"), binary("cache"), binary("http")});
    return map({binary("enabled"),  atom_of("true"), binary("id"),     integer(123456789),
                binary("limits"),   limits,          binary("load"),   floating(0.7342),
                binary("location"), location,        binary("name"),   binary("edge-node-17"),
                binary("note"),     atom_of("nil"),  binary("routes"), list(routes),
                binary("samples"),  samples,         binary("tags"),   tags,
                binary("uptime"),   integer(8640012)});
}

node integers() {
    nodes all;
    for (std::int64_t i = 0; i < 10'000; ++i) {
        switch (i % 4) {
        case 0: all.push_back(integer(i & 255)); break;
        case 1: all.push_back(integer(i * 104729 % 2147483647 - 1073741824)); break;
        case 2: all.push_back(integer((i + 1) * 104395301 * 1009)); break;
        default: all.push_back(integer(-((i + 1) * 922337203685477))); break;
        }
    }
    return list(std::move(all));
}

node atoms() {
    nodes all;
    for (int i = 1; i <= 200; ++i) all.push_back(atom_of("bench_atom_name_" + std::to_string(i)));
    return tuple(std::move(all));
}

/// Reads a whole term without building anything; the sum keeps the compiler from leaving it out.
std::uint64_t read(byte_view bytes) {
    decoder in{bytes};
    std::uint64_t sum = 0;
    for (std::size_t left = 1; left > 0 && in.ok(); --left) {
        switch (in.kind()) {
        case term_kind::atom: sum += in.atom().size(); break;
        case term_kind::integer: sum += static_cast<std::uint64_t>(in.integer()); break;
        case term_kind::floating: sum += static_cast<std::uint64_t>(in.floating()); break;
        case term_kind::binary: sum += in.binary().size(); break;
        case term_kind::tuple: left += in.tuple(); break;
        case term_kind::map: left += 2 * in.map(); break;
        case term_kind::list: left += in.list() + 1; break;
        case term_kind::nil: in.nil(); break;
        case term_kind::pid: sum += in.pid().id; break;
        case term_kind::reference: sum += in.reference().words[0]; break;
        default: in.fail();
        }
    }
    if (!in.at_end()) std::exit(1);
    return sum;
}

struct bench {
    const char* peer;
    bool once;
    std::string_view only;
    std::uint64_t sum = 0;

    /// The best of five rounds of about 0.1 s each: whoever else uses the machine only ever adds to it.
    void measure(const char* term, const char* what, const std::function<void(int)>& repeat) const {
        if (!only.empty() && std::string{term} + ' ' + what != only) return;
        if (once) return repeat(1000);
        using clock = std::chrono::steady_clock;
        const auto took = [&](int times) {
            const auto begun = clock::now();
            repeat(times);
            return std::chrono::duration<double, std::nano>(clock::now() - begun).count();
        };
        int times = 1;
        double nanos = took(times);
        while (nanos < 1e8 && times < 1 << 28) nanos = took(times *= 2);
        double best = nanos / times;
        for (int i = 0; i < 4; ++i) best = std::min(best, took(times) / times);
        std::printf("R\tW5\t%s\t%s %s\t%.1f\tns\n", peer, term, what, best);
    }

    void run(const char* name, const node& tree) {
        encode_buffer buffer;
        encoder first{buffer};
        write(first, &tree, 1);
        measure(name, "encode", [&](int times) {
            for (int i = 0; i < times; ++i) {
                buffer.clear();
                encoder out{buffer};
                write(out, &tree, 1);
            }
        });
        const byte_view bytes = buffer.bytes();
        measure(name, "read", [&](int times) {
            for (int i = 0; i < times; ++i) sum += read(bytes);
        });
        decode_options options;
        options.version_byte = false;
        measure(name, "build", [&](int times) {
            for (int i = 0; i < times; ++i) {
                const auto built = term::decode(bytes, options);
                if (!built) std::exit(1);
                sum += built->bytes().size();
            }
        });
    }
};

} // namespace

int main(int argc, char** argv) {
    bench all{argc > 1 ? argv[1] : "sedge", argc > 2 && std::string_view{argv[2]} == "once", argc > 3 ? argv[3] : ""};
    all.run("a_small", small_call());
    all.run("b_map1k", configuration());
    all.run("c_ints10k", integers());
    all.run("e_atoms200", atoms());
    return all.sum == 42 ? 1 : 0;
}
