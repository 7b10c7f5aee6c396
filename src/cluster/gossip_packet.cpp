// SPDX-License-Identifier: Apache-2.0
//
// libcluster's gossip packet, version 3.5.
//
//   plain:      "heartbeat::" 131 term
//   encrypted:  iv:16, AES-256-CBC over the plain packet, padded by 1 to 16 bytes
//   term:       't' (116) pairs:32, then per pair a key and a value; wanted is atom `node` => atom NAME
//   atoms:      100 length:16 latin-1 (up to OTP 25), 115 length:8 latin-1, 118 length:16 UTF-8, 119 length:8 UTF-8
//
// Different from libcluster, which gives the bytes to binary_to_term: there anybody on the segment can fill the atom
// table, inflate a compressed term, and stop the strategy for good by four packets that do not decode. Here keys and
// values other than `node` are small flat terms that are skipped; nested and compressed ones are refused, and so is a
// key that comes twice. Bytes behind the term are ignored, as there.
#include <sedge/base/assert.hpp>
#include <sedge/base/limits.hpp>
#include <sedge/cluster/gossip_packet.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace sedge::cluster {
namespace {

constexpr std::string_view prefix = "heartbeat::";
constexpr std::size_t block_bytes = 16;

enum tag : std::uint8_t {
    new_float = 70,
    small_integer = 97,
    integer = 98,
    atom_latin1 = 100,
    nil = 106,
    string = 107,
    binary = 109,
    small_big = 110,
    small_atom_latin1 = 115,
    map = 116,
    atom_utf8 = 118,
    small_atom_utf8 = 119,
    version = 131,
};

// One key or value: its atom text if it is an atom, and all its bytes to find keys that come twice.
struct flat_term {
    std::optional<std::string_view> atom;
    byte_view bytes;
};

flat_term read_flat_term(reader& in, byte_view all) {
    flat_term out;
    std::size_t start = in.offset();
    switch (in.u8()) {
    case small_atom_latin1:
    case small_atom_utf8: out.atom = as_text(in.take(in.u8())); break;
    case atom_latin1:
    case atom_utf8: out.atom = as_text(in.take(in.u16())); break;
    case small_integer: in.take(1); break;
    case integer: in.take(4); break;
    case new_float: in.take(8); break;
    case nil: break;
    case string: in.take(in.u16()); break;
    case binary: in.take(in.u32()); break;
    case small_big: {
        std::size_t size = in.u8();
        in.take(1 + size); // sign, magnitude
        break;
    }
    default: in.fail();
    }
    if (in.ok()) out.bytes = all.subspan(start, in.offset() - start);
    return out;
}

bool same_key(const flat_term& a, const flat_term& b) {
    if (a.atom || b.atom) return a.atom == b.atom;
    return std::ranges::equal(a.bytes, b.bytes);
}

struct cipher_context_deleter {
    void operator()(EVP_CIPHER_CTX* c) const noexcept { EVP_CIPHER_CTX_free(c); }
};
using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, cipher_context_deleter>;

// Both directions with OpenSSL's own padding off: ours is stricter. `in` is a whole number of blocks.
byte_buffer run_cipher(bool encrypt, const std::array<std::uint8_t, 32>& key, const std::uint8_t* iv, byte_view in) {
    cipher_context context{EVP_CIPHER_CTX_new()};
    byte_buffer out(in.size() + block_bytes);
    int written = 0;
    int last = 0;
    bool done = context &&
                EVP_CipherInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, key.data(), iv, encrypt ? 1 : 0) == 1 &&
                EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
                EVP_CipherUpdate(context.get(), out.data(), &written, in.data(), static_cast<int>(in.size())) == 1 &&
                EVP_CipherFinal_ex(context.get(), out.data() + written, &last) == 1;
    SEDGE_ASSERT(done); // fails only without memory or without AES in libcrypto, whatever the bytes
    out.resize(static_cast<std::size_t>(written + last));
    return out;
}

class gossip_category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "sedge.gossip"; }
    std::string message(int code) const override {
        switch (static_cast<gossip_errc>(code)) {
        case gossip_errc::too_long: return "the datagram is too long for a heartbeat";
        case gossip_errc::not_gossip: return "the datagram is no heartbeat";
        case gossip_errc::malformed: return "the heartbeat is malformed";
        case gossip_errc::no_node: return "the heartbeat names no node";
        case gossip_errc::bad_name: return "the heartbeat names something that is no node name";
        case gossip_errc::undecryptable: return "the datagram was not encrypted with this secret";
        }
        return "gossip error " + std::to_string(code);
    }
};

} // namespace

const std::error_category& gossip_category() noexcept {
    static const gossip_category_type category;
    return category;
}

byte_buffer encode_heartbeat(std::string_view node) {
    SEDGE_ASSERT(node.size() <= 255); // node names are ASCII, at most 255 characters
    byte_buffer packet;
    writer out{packet};
    out.text(prefix).u8(version).u8(map).u32(1);
    out.u8(small_atom_utf8).u8(4).text("node");
    out.u8(small_atom_utf8).u8(static_cast<std::uint8_t>(node.size())).text(node);
    return packet;
}

result<node_name> decode_heartbeat(byte_view datagram) {
    if (datagram.size() > limits::gossip_packet_bytes_max) return error{gossip_errc::too_long};
    reader in{datagram};
    if (as_text(in.take(prefix.size())) != prefix) return error{gossip_errc::not_gossip};
    if (in.u8() != version) return error{gossip_errc::malformed};
    if (in.u8() != map) return error{in.ok() ? gossip_errc::no_node : gossip_errc::malformed};
    std::size_t pairs = in.u32();
    if (pairs > limits::gossip_map_keys_max) return error{gossip_errc::malformed};

    std::vector<flat_term> keys;
    std::optional<std::string_view> node;
    for (std::size_t i = 0; i < pairs; ++i) {
        auto key = read_flat_term(in, datagram);
        auto value = read_flat_term(in, datagram);
        if (!in.ok()) return error{gossip_errc::malformed};
        for (const auto& earlier : keys)
            if (same_key(earlier, key)) return error{gossip_errc::malformed};
        if (key.atom == "node") node = value.atom;
        keys.push_back(key);
    }
    if (!in.ok()) return error{gossip_errc::malformed};
    if (!node) return error{gossip_errc::no_node};
    auto name = node_name::parse(*node);
    if (!name) return error{gossip_errc::bad_name};
    return name;
}

gossip_cipher::gossip_cipher(std::string_view secret) {
    unsigned int size = 0;
    int done = EVP_Digest(secret.data(), secret.size(), key_.data(), &size, EVP_sha256(), nullptr);
    SEDGE_ASSERT(done == 1 && size == key_.size());
}

byte_buffer gossip_cipher::seal(byte_view plain, const iv& fresh) const {
    byte_buffer padded{plain.begin(), plain.end()};
    std::size_t padding = block_bytes - plain.size() % block_bytes;
    padded.insert(padded.end(), padding, static_cast<std::uint8_t>(padding));
    auto sealed = run_cipher(true, key_, fresh.data(), padded);
    sealed.insert(sealed.begin(), fresh.begin(), fresh.end());
    return sealed;
}

result<byte_buffer> gossip_cipher::open(byte_view datagram) const {
    if (datagram.size() > limits::gossip_packet_bytes_max) return error{gossip_errc::too_long};
    if (datagram.size() < 2 * block_bytes || datagram.size() % block_bytes != 0)
        return error{gossip_errc::undecryptable};
    auto plain = run_cipher(false, key_, datagram.data(), datagram.subspan(block_bytes));
    std::size_t padding = plain.back();
    if (padding == 0 || padding > block_bytes) return error{gossip_errc::undecryptable};
    bool regular = std::all_of(plain.end() - static_cast<std::ptrdiff_t>(padding), plain.end(),
                               [padding](std::uint8_t byte) { return byte == padding; });
    if (!regular) return error{gossip_errc::undecryptable};
    plain.resize(plain.size() - padding);
    return plain;
}

byte_buffer gossip_cipher::encode_heartbeat(std::string_view node, const iv& fresh) const {
    return seal(cluster::encode_heartbeat(node), fresh);
}

result<node_name> gossip_cipher::decode_heartbeat(byte_view datagram) const {
    auto plain = open(datagram);
    if (!plain) return std::move(plain).error();
    return cluster::decode_heartbeat(*plain);
}

} // namespace sedge::cluster
