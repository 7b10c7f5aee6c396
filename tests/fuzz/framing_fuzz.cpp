// SPDX-License-Identifier: Apache-2.0
//
// Frames out of any bytes, however they are split. First byte: width (bit 0), bytes per read (the rest); second byte:
// limit, in units of 1 KiB. Whatever comes, the frames are those of a plain parse, and memory stays within its bound.
#include <sedge/wire/framing.hpp>

#include <algorithm>
#include <cstdlib>

using namespace sedge;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const auto width = data[0] & 1 ? wire::frame_width::four : wire::frame_width::two;
    const std::size_t piece = 1 + (data[0] >> 1) * std::size_t{37};
    const std::size_t limit = data[1] * std::size_t{1024};
    const byte_view bytes{data + 2, size - 2};

    wire::frame_reader frames{width, limit};
    reader plain{bytes};
    std::size_t sent = 0;
    for (;;) {
        auto frame = frames.next();
        if (!frame) {
            const std::size_t claimed = width == wire::frame_width::two ? plain.u16() : plain.u32();
            require(plain.ok() && claimed > limit);
            return 0;
        }
        if (*frame) {
            const std::size_t claimed = width == wire::frame_width::two ? plain.u16() : plain.u32();
            const byte_view expected = plain.take(claimed);
            require(plain.ok() && std::ranges::equal(**frame, expected));
            continue;
        }
        if (sent == bytes.size()) return 0;
        auto space = frames.prepare();
        require(!space.empty());
        const std::size_t count = std::min({piece, space.size(), bytes.size() - sent});
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(sent), count, space.begin());
        frames.commit(count);
        sent += count;
        require(frames.capacity() <= 2 * frames.buffered() + wire::frame_reader::spare_bytes);
    }
}
