// SPDX-License-Identifier: Apache-2.0
//
// Any bytes are a term or an error. What is a term can be walked, printed, compared and hashed, and its canonical
// bytes decode to themselves. In parts they are the same term, and on the short way, if that takes them. The first byte
// chooses the way in: stand-alone, or inside a packet with cached atoms.

#include "term/canonical.hpp"
#include "term/common_case.hpp"

#include <sedge/base/assert.hpp>
#include <sedge/term/decoder.hpp>
#include <sedge/term/incoming_term.hpp>
#include <sedge/term/text.hpp>

#include <array>
#include <optional>

using namespace sedge;
using namespace sedge::literals;

namespace {

/// Touches everything that a view gives, without recursion over deep terms: only the first levels.
std::size_t touch(const term_view& t, int levels) {
    std::size_t seen = t.bytes().size() + static_cast<std::size_t>(t.kind());
    seen += t.as<std::int64_t>().has_value() + t.as<big_integer>().has_value() + t.as<std::string>().has_value();
    seen += t.as<pid>().has_value() + t.as<reference>().has_value() + t.as<port>().has_value();
    seen += t.as<charlist>().has_value() + t.as<double>().has_value();
    if (levels == 0) return seen;
    for (const auto each : t.elements()) seen += touch(each, levels - 1);
    for (const auto each : t.keys_and_values()) seen += touch(each, levels - 1);
    if (t.kind() == term_kind::list) seen += touch(t.tail(), levels - 1);
    return seen;
}

/// The same bytes in two parts are the same term, or none either. Memory is justified by what has come, so that many
/// atoms of the header may be refused earlier than in one piece.
void take_in_parts(byte_view bytes, std::size_t cut, std::span<const atom> atoms, const term* whole) {
    incoming_term coming{{atoms.begin(), atoms.end()}};
    auto added = coming.add(bytes.first(cut), bytes.size() - cut);
    if (added) added = coming.add(bytes.subspan(cut));
    auto t = added ? coming.finish() : result<term>{added.error()};
    if (!t && t.error() == make_error_code(term_errc::too_large)) return;
    SEDGE_ASSERT(t.has_value() == (whole != nullptr));
    if (t) SEDGE_ASSERT(to_hex(t->bytes()) == to_hex(whole->bytes()));
}

/// What the short way takes, the canonicaliser takes, too, and makes the same of it.
void take_the_short_way(byte_view bytes, const decode_options& options) {
    encode_buffer scratch;
    const auto found = etf::find_common_case(bytes, options, scratch);
    if (!found) return;
    etf::canonicaliser judge{bytes, options};
    SEDGE_ASSERT(judge.run());
    SEDGE_ASSERT(judge.consumed() == found->consumed);
    SEDGE_ASSERT(to_hex(judge.canonical()) == to_hex(found->canonical));
}

/// Reads element by element, as far as there are any.
void read_elements(byte_view bytes, std::span<const atom> atoms) {
    decoder in{bytes, atoms};
    for (std::size_t left = 1; left > 0 && in.ok(); --left) {
        switch (in.kind()) {
        case term_kind::atom: in.atom(); break;
        case term_kind::integer: in.integer(); break;
        case term_kind::floating: in.floating(); break;
        case term_kind::binary: in.binary(); break;
        case term_kind::tuple: left += in.tuple(); break;
        case term_kind::map: left += 2 * in.map(); break;
        case term_kind::list: left += in.list() + 1; break;
        case term_kind::nil: in.nil(); break;
        case term_kind::pid: in.pid(); break;
        case term_kind::reference: in.reference(); break;
        default: in.any();
        }
    }
    SEDGE_ASSERT(in.offset() <= bytes.size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    static const std::array<atom, 3> header{"ok"_atom, "node@host"_atom, "日本語"_atom};
    decode_options options;
    options.inflated_bytes_max = 1 << 20;
    if (data[0] % 2 == 1) {
        options.version_byte = false;
        options.header_atoms = header;
    }
    if (data[0] % 2 == 1) {
        take_the_short_way({data + 1, size - 1}, options);
        read_elements({data + 1, size - 1}, header);
    }
    const auto found = term::decode_prefix({data + 1, size - 1}, options);
    if (data[0] % 2 == 1)
        take_in_parts({data + 1, size - 1}, data[0] / 2 % size, header, found ? &found->value : nullptr);
    if (!found) {
        SEDGE_ASSERT(!found.error().message().empty());
        return 0;
    }
    const term& t = found->value;
    SEDGE_ASSERT(found->consumed <= size - 1);

    const auto again = term::decode(t.external());
    SEDGE_ASSERT(again);
    SEDGE_ASSERT(to_hex(again->bytes()) == to_hex(t.bytes()));
    SEDGE_ASSERT(*again == t);
    SEDGE_ASSERT(compare(*again, t) == 0);
    SEDGE_ASSERT(hash_of(*again) == hash_of(t));

    touch(t, 3);
    text_options few;
    few.bytes_max = 2000;
    SEDGE_ASSERT(to_erlang(t, few).size() <= few.bytes_max + 3);
    to_erlang_plain(t);
    to_elixir(t);
    return 0;
}
