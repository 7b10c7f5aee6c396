// SPDX-License-Identifier: Apache-2.0
#include <sedge/wire/transport.hpp>

namespace sedge::wire {

namespace {
class category final : public std::error_category {
    const char* name() const noexcept override { return "sedge.wire"; }
    std::string message(int code) const override {
        switch (static_cast<errc>(code)) {
        case errc::name_not_found: return "no address for that host name";
        case errc::closed: return "connection closed";
        case errc::no_such_interface: return "no such network interface";
        }
        return "error " + std::to_string(code);
    }
};
} // namespace

const std::error_category& wire_category() noexcept {
    static const category instance;
    return instance;
}

task<result<std::size_t>> read_some(stream& from, std::span<std::uint8_t> into) {
    for (;;) {
        const io_step step = from.try_read(into);
        switch (step.what) {
        case io_step::outcome::done: co_return step.count;
        case io_step::outcome::closed: co_return error{errc::closed};
        case io_step::outcome::failed: co_return error{step.code};
        case io_step::outcome::would_block: co_await from.readable();
        }
    }
}

task<result<void>> read_exactly(stream& from, std::span<std::uint8_t> into) {
    while (!into.empty()) {
        auto got = co_await read_some(from, into);
        if (!got) co_return std::move(got).error();
        into = into.subspan(*got);
    }
    co_return result<void>{};
}

task<result<void>> write_all(stream& to, byte_view bytes) {
    while (!bytes.empty()) {
        const io_step step = to.try_write(bytes);
        switch (step.what) {
        case io_step::outcome::done: bytes = bytes.subspan(step.count); break;
        case io_step::outcome::closed: co_return error{errc::closed};
        case io_step::outcome::failed: co_return error{step.code};
        case io_step::outcome::would_block: co_await to.writable();
        }
    }
    while (to.held() > 0) co_await to.writable();
    co_return result<void>{};
}

} // namespace sedge::wire
