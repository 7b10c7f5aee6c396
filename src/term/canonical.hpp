// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/encoder.hpp>
#include <sedge/term/term.hpp>

#include "term/small_stack.hpp"

#include <optional>

namespace sedge::etf {

/// Validates one term from outside and gives its canonical bytes. See canonical.cpp for how.
class canonicaliser {
public:
    /// `bytes` has no version byte; it and the options must outlive this object.
    canonicaliser(byte_view bytes, const decode_options& options) noexcept : in_(bytes), options_(options) {}

    /// Once. Errors: term_errc.
    result<void> run();

    /// After success: part of the input if that was canonical already, otherwise a rewritten copy.
    [[nodiscard]] byte_view canonical() const noexcept { return rewriting_ ? byte_view{out_} : in_.first(at_); }
    /// Bytes of the input that the term took.
    [[nodiscard]] std::size_t consumed() const noexcept { return at_; }

private:
    enum class shape : std::uint8_t { tuple, list, map, fun };
    struct frame {             // a container whose elements are being read
        std::size_t start;     // of the container in the canonical bytes
        std::size_t left;      // terms still to come, a list's tail included
        std::size_t keys;      // maps: size of keys_ when it began
        std::size_t maps_seen; // maps: value of maps_seen_ when the current key began
        shape kind;
    };
    struct key { // of a map that is being read, in the canonical bytes
        std::size_t start;
        std::size_t size;
        bool holds_map; // equal keys may then differ in bytes
    };

    bool read_term(); // one leaf, or the head of a container
    bool read_head(shape kind, std::size_t head_bytes, std::size_t count);
    bool element_done(); // after each complete term; closes containers
    bool close_list_tail(frame& f, bool& closed);
    bool close_map(const frame& f);
    bool has_equal_keys(key* first, std::size_t count) const;

    bool read_atom();
    bool read_latin1_atom(std::size_t head_bytes, std::size_t size);
    bool read_big(std::size_t head_bytes, std::size_t size);
    bool read_old_float();
    bool read_bitstring();
    bool read_pid();
    bool read_port();
    bool read_reference();
    bool read_export();
    bool read_small_integer_as(std::uint32_t max);
    bool read_fun();

    [[nodiscard]] bool has(std::size_t count) const noexcept { return in_.size() - at_ >= count; }
    [[nodiscard]] std::size_t remaining() const noexcept { return in_.size() - at_; }
    [[nodiscard]] const std::uint8_t* here() const noexcept { return in_.data() + at_; }
    /// Where the next canonical byte goes.
    [[nodiscard]] std::size_t position() const noexcept { return rewriting_ ? out_.size() : at_; }
    [[nodiscard]] const std::uint8_t* written() const noexcept { return rewriting_ ? out_.data() : in_.data(); }

    /// The next input bytes are canonical as they are.
    bool keep(std::size_t count) {
        if (!has(count)) return fail("cut");
        if (rewriting_) [[unlikely]] out_.insert(out_.end(), here(), here() + count);
        at_ += count;
        return true;
    }
    void drop(std::size_t count);       // the next input bytes have no place in the canonical form
    encoder rewrite(std::size_t count); // they become what the encoder writes
    void start_rewriting();
    bool fail(const char* why, term_errc code = term_errc::malformed);

    byte_view in_;
    const decode_options& options_;
    std::size_t at_ = 0;
    bool complete_ = false;
    bool rewriting_ = false;
    byte_buffer out_;
    std::size_t maps_seen_ = 0; // completed maps of two and more pairs
    small_stack<frame, 32> frames_;
    small_stack<key, 32> keys_;
    std::optional<error> error_;
};

/// If the LIST at `start`, the last thing in `out`, is a proper list of bytes, makes it the STRING that OTP would
/// send. Precondition: a complete canonical list otherwise.
void shorten_list(byte_buffer& out, std::size_t start);
/// The same question for `length` elements from `first` to `last` (the tail).
bool is_byte_list(const std::uint8_t* first, const std::uint8_t* last, std::size_t length) noexcept;

} // namespace sedge::etf
