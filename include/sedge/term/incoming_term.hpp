// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/term.hpp>

#include <memory>
#include <span>
#include <vector>

namespace sedge {

/// A term whose encoding comes in parts. Each part is validated and made canonical when it comes, in the memory that
/// the term will keep: nobody waits at the end for the whole of a large term to be read or copied.
///
/// Memory follows the bytes that have come, as with `term::decode_prefix`, never a count that was announced.
class incoming_term {
public:
    /// Without version byte. `header_atoms` are what ATOM_CACHE_REF means in it.
    explicit incoming_term(std::vector<atom> header_atoms = {});
    incoming_term(incoming_term&&) noexcept;
    incoming_term& operator=(incoming_term&&) noexcept;
    ~incoming_term();

    /// The next bytes; those behind the end of the term are ignored. About `to_come` bytes follow: address space may
    /// be taken for them, up to 256 times what has come. Errors: term_errc; the object is of no further use then.
    result<void> add(byte_view part, std::size_t to_come = 0);
    /// In place of `add`, for a part of `count` bytes that are all of one binary: they are to be written there, and
    /// `close` says that they are. Empty if they would be something else. Nothing else may be called in between.
    [[nodiscard]] std::span<std::uint8_t> open(std::size_t count, std::size_t to_come = 0);
    result<void> close();
    /// After the last part. Errors: term_errc::malformed if it was not all.
    [[nodiscard]] result<term> finish();

    [[nodiscard]] bool is_complete() const noexcept;
    [[nodiscard]] std::size_t bytes() const noexcept; ///< That have come.

private:
    struct impl; // src/term/incoming_term.cpp
    std::unique_ptr<impl> impl_;
};

} // namespace sedge
