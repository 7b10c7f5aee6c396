// SPDX-License-Identifier: Apache-2.0
#include "term/inflate.hpp"

#include <sedge/base/limits.hpp>
#include <sedge/term/term.hpp>

#include <sedge/term/tags.hpp>

#include <algorithm>
#include <limits>
#include <zlib.h>

namespace sedge::etf {

namespace {

constexpr std::size_t first_bytes = 64 * 1024; // of the buffer
constexpr std::size_t head_bytes = 5;

class stream {
public:
    stream() { is_open_ = inflateInit(&z_) == Z_OK; }
    ~stream() {
        if (is_open_) inflateEnd(&z_);
    }
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;

    bool is_open() const { return is_open_; }
    z_stream& operator*() { return z_; }

private:
    z_stream z_{};
    bool is_open_ = false;
};

error malformed(const char* why) { return {term_errc::malformed, std::string{"compressed term: "} + why}; }

} // namespace

result<inflated> inflate(byte_view bytes, std::size_t bytes_max) {
    if (bytes.size() < head_bytes || bytes[0] != compressed) return malformed("cut");
    const std::size_t size = load32(bytes.data() + 1);
    const auto packed = bytes.subspan(head_bytes);
    if (size > bytes_max) return error{term_errc::too_large, "compressed term of " + std::to_string(size) + " bytes"};
    if (size > limits::term_inflated_free_bytes + limits::term_inflated_ratio_max * packed.size()) {
        return error{term_errc::too_large, "compressed term: ratio"};
    }

    stream z;
    if (!z.is_open()) return error{std::make_error_code(std::errc::not_enough_memory), "zlib"};
    (*z).next_in = const_cast<Bytef*>(packed.data());
    (*z).avail_in = static_cast<uInt>(std::min<std::size_t>(packed.size(), std::numeric_limits<uInt>::max()));

    // The buffer grows with what really comes out. One byte more than announced shows a lie.
    inflated out;
    out.bytes.resize(std::min(size + 1, first_bytes));
    std::size_t filled = 0;
    for (;;) {
        (*z).next_out = out.bytes.data() + filled;
        (*z).avail_out = static_cast<uInt>(out.bytes.size() - filled);
        const int code = ::inflate(&*z, Z_NO_FLUSH);
        filled = out.bytes.size() - (*z).avail_out;
        if (filled > size) return malformed("longer than announced");
        if (code == Z_STREAM_END) break;
        if (code != Z_OK || (*z).avail_out != 0) return malformed("bad zlib stream");
        out.bytes.resize(std::min(size + 1, 2 * out.bytes.size()));
    }
    if (filled != size) return malformed("shorter than announced");
    out.bytes.resize(size);
    out.consumed = head_bytes + (*z).total_in;
    return out;
}

} // namespace sedge::etf
