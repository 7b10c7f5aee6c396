// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/encoder.hpp>
#include <sedge/term/term.hpp>

#include "term/small_stack.hpp"

#include <optional>
#include <utility>

namespace sedge::etf {

/// Validates one term from outside and gives its canonical bytes. See canonical.cpp for how.
class canonicaliser {
public:
    /// `bytes` has no version byte; it and the options must outlive this object.
    canonicaliser(byte_view bytes, const decode_options& options) noexcept : in_(bytes), options_(options) {}

    /// For a term that comes in parts: see `feed`. The options must outlive this object.
    explicit canonicaliser(const decode_options& options) noexcept
        : options_(options), in_parts_(true), rewriting_(true) {}

    /// Once, for a term that is there. Errors: term_errc.
    result<void> run();
    /// Reads on, in what the call before has left of its bytes and what has come since. Gives how many bytes were
    /// taken: all, unless the term is complete or something small is cut in two. Errors: term_errc.
    result<std::size_t> feed(byte_view bytes);
    [[nodiscard]] bool is_complete() const noexcept { return complete_; }
    /// Whether the next `count` bytes all belong to one binary. Then they may be written to where `open` says, past
    /// `feed`; `close` says that they are.
    [[nodiscard]] bool expects_binary(std::size_t count) const noexcept { return count > 0 && count <= binary_left_; }
    [[nodiscard]] std::span<std::uint8_t> open(std::size_t count);
    result<void> close(std::size_t count);
    /// Room for `bytes` canonical bytes, of a term that will perhaps have as many as `announced`.
    void reserve(std::size_t bytes, std::size_t announced);
    void use_large_pages() noexcept;
    [[nodiscard]] std::size_t made() const noexcept { return out_.size(); }
    [[nodiscard]] std::size_t room() const noexcept { return out_.capacity(); }

    /// After success: part of the input if that was canonical already, otherwise a rewritten copy.
    [[nodiscard]] byte_view canonical() const noexcept { return rewriting_ ? out_.bytes() : in_.first(at_); }
    [[nodiscard]] bool has_rewritten() const noexcept { return rewriting_; }
    /// The copy. Precondition: has_rewritten().
    [[nodiscard]] byte_buffer take_rewritten() noexcept { return out_.take(); }
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

    bool step();
    bool read_term(); // one leaf, or the head of a container
    bool read_tail(); // of a list: what ends it, or its continuation
    bool read_more_of_binary();
    bool read_head(shape kind, std::size_t head_bytes, std::size_t count);
    bool element_done(); // after each complete term; closes containers
    bool close_container(const frame& f);
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
    /// Each term takes at least one byte: whether `count` of them can stand behind the next `head_bytes`.
    [[nodiscard]] bool can_follow(std::size_t count, std::size_t head_bytes) const noexcept {
        return in_parts_ || count <= remaining() - head_bytes;
    }
    /// Where the next canonical byte goes.
    [[nodiscard]] std::size_t position() const noexcept { return rewriting_ ? out_.size() : at_; }
    [[nodiscard]] const std::uint8_t* written() const noexcept { return rewriting_ ? out_.bytes().data() : in_.data(); }

    /// The next input bytes are canonical as they are.
    bool keep(std::size_t count) {
        if (!has(count)) return cut();
        if (rewriting_) [[unlikely]]
            out_.append({here(), count});
        at_ += count;
        return true;
    }
    void drop(std::size_t count);       // the next input bytes have no place in the canonical form
    encoder rewrite(std::size_t count); // they become what the encoder writes
    void start_rewriting();
    bool fail(const char* why, term_errc code = term_errc::malformed);
    bool cut(); // fails for want of bytes

    byte_view in_;
    const decode_options& options_;
    std::size_t at_ = 0;
    std::size_t passed_ = 0; // bytes of parts before this one
    bool in_parts_ = false;
    bool complete_ = false;
    bool rewriting_ = false;
    bool cut_ = false;
    bool tail_is_next_ = false;   // the elements of the list on top are read
    std::size_t binary_left_ = 0; // of a binary that is taken in pieces
    encode_buffer out_;
    std::size_t maps_seen_ = 0; // completed maps of two and more pairs
    small_stack<frame, 32> frames_;
    small_stack<key, 32> keys_;
    std::optional<error> error_;
};

/// If the LIST at `start`, the last thing in `out`, is a proper list of bytes, makes it the STRING that OTP would
/// send. Precondition: a complete canonical list otherwise.
void shorten_list(encode_buffer& out, std::size_t start);
/// The same for a term of `size` bytes; gives its size afterwards.
std::size_t shorten_list(std::uint8_t* term, std::size_t size) noexcept;
/// The same question for `length` elements from `first` to `last` (the tail).
bool is_byte_list(const std::uint8_t* first, const std::uint8_t* last, std::size_t length) noexcept;

} // namespace sedge::etf
