// SPDX-License-Identifier: Apache-2.0
//
// Lines as typed into the shell or into a command line: Elixir's expressions, and literals of both languages. What is
// read as a literal must come back the same from its printed text.
#include <sedge/base/assert.hpp>
#include <sedge/base/bytes.hpp>
#include <sedge/term/literal.hpp>
#include <sedge/term/text.hpp>

#include <cstdint>

namespace {

sedge::literal_options one_incarnation() {
    return {sedge::atom{"a@h.d"}, [](const sedge::atom&) { return std::optional<std::uint32_t>{1}; }};
}

/// As the shell prints: of a reference of another node three numbers are read, of its own as many as there are.
sedge::text_options at_home() { return {.local_node = sedge::atom{"a@h.d"}}; }

/// Texts above the printer's limit are cut.
bool prints_completely(const sedge::term& value) { return value.bytes().size() < 10'000; }

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = sedge::as_text({data, size});
    static_cast<void>(sedge::parse_elixir_expressions(text));
    const auto elixir = sedge::parse_elixir(text, one_incarnation());
    if (elixir && prints_completely(*elixir)) {
        const auto again = sedge::parse_elixir(sedge::to_elixir(*elixir, at_home()), one_incarnation());
        SEDGE_ASSERT(again && *again == *elixir);
    }
    const auto erlang = sedge::parse_erlang(text, one_incarnation());
    if (erlang && prints_completely(*erlang)) {
        const auto again = sedge::parse_erlang(sedge::to_erlang(*erlang, at_home()), one_incarnation());
        SEDGE_ASSERT(again && *again == *erlang);
    }
    return 0;
}
