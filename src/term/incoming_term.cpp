// SPDX-License-Identifier: Apache-2.0
#include <sedge/term/incoming_term.hpp>

#include "term/canonical.hpp"

#include <algorithm>
#include <utility>

namespace sedge {

namespace {

decode_options options_with(const std::vector<atom>& atoms) {
    decode_options options;
    options.version_byte = false;
    options.compressed = false;
    options.header_atoms = atoms;
    return options;
}

} // namespace

struct incoming_term::impl {
    explicit impl(std::vector<atom> header_atoms) : atoms(std::move(header_atoms)), options(options_with(atoms)) {}
    result<void> add(byte_view part);
    void make_room(std::size_t part, std::size_t to_come);

    std::vector<atom> atoms;
    decode_options options;
    etf::canonicaliser run{options};
    byte_buffer cut; // the beginning of something small that goes on in the next part
    std::size_t came = 0;
    std::size_t opened = 0;     // see `open`
    std::size_t large_room = 0; // for which large pages were asked
};

/// Room ahead: a buffer that only doubles would copy a message of 200 MB several times, the last time while everybody
/// waits. What was announced gets address space, up to `foresight` times what has come; memory only follows what comes.
/// The room is taken early, while there is little to be copied. An eighth more, since names of atoms take the places of
/// their references.
void incoming_term::impl::make_room(std::size_t part, std::size_t to_come) {
    constexpr std::size_t foresight = 256;
    constexpr std::size_t large = 1024 * 1024; // below, a large page would be much more than what has come
    const std::size_t needed = run.made() + cut.size() + part;
    const std::size_t most = needed * foresight;
    const std::size_t announced = needed + std::min(to_come, most);
    if (announced > run.room()) {
        const std::size_t wanted = std::min(most, announced + announced / 8);
        const bool early = wanted > announced || wanted >= 2 * run.room(); // all of it, or a good deal more
        if (early || needed > run.room()) run.reserve(std::max(wanted, needed), needed + to_come);
    }
    if (needed >= large && large_room != run.room()) {
        run.use_large_pages();
        large_room = run.room();
    }
}

result<void> incoming_term::impl::add(byte_view part) {
    while (!part.empty() && !run.is_complete()) {
        if (cut.empty()) {
            const auto taken = run.feed(part);
            if (!taken) return taken.error();
            part = part.subspan(*taken);
            if (!run.is_complete()) cut.assign(part.begin(), part.end());
            return {};
        }
        // Only so much of the part joins what was cut as is needed to get past it.
        const std::size_t before = cut.size();
        const std::size_t more = std::min(part.size(), std::max<std::size_t>(before, 512));
        cut.insert(cut.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(more));
        const auto taken = run.feed(cut);
        if (!taken) return taken.error();
        if (*taken >= before) {
            part = part.subspan(*taken - before);
            cut.clear();
        } else {
            cut.erase(cut.begin(), cut.begin() + static_cast<std::ptrdiff_t>(*taken));
            part = part.subspan(more);
        }
    }
    return {};
}

incoming_term::incoming_term(std::vector<atom> header_atoms) : impl_(std::make_unique<impl>(std::move(header_atoms))) {}
incoming_term::incoming_term(incoming_term&&) noexcept = default;
incoming_term& incoming_term::operator=(incoming_term&&) noexcept = default;
incoming_term::~incoming_term() = default;

result<void> incoming_term::add(byte_view part, std::size_t to_come) {
    impl_->came += part.size();
    impl_->make_room(part.size(), to_come);
    return impl_->add(part);
}

std::span<std::uint8_t> incoming_term::open(std::size_t count, std::size_t to_come) {
    auto& i = *impl_;
    if (!i.cut.empty() || !i.run.expects_binary(count)) return {};
    i.make_room(count, to_come);
    i.opened = count;
    return i.run.open(count);
}

result<void> incoming_term::close() {
    impl_->came += impl_->opened;
    return impl_->run.close(std::exchange(impl_->opened, 0));
}

result<term> incoming_term::finish() {
    if (!impl_->run.is_complete()) return error{term_errc::malformed, "byte " + std::to_string(impl_->came) + ": cut"};
    return term::adopt(impl_->run.take_rewritten());
}

bool incoming_term::is_complete() const noexcept { return impl_->run.is_complete(); }
std::size_t incoming_term::bytes() const noexcept { return impl_->came; }

} // namespace sedge
