// SPDX-License-Identifier: Apache-2.0
#include <sedge/dist/flags.hpp>

#include <array>

namespace sedge::dist {

namespace {

struct named_bit {
    int bit;
    std::string_view name;
};

constexpr std::array known{
    named_bit{0, "PUBLISHED"},
    named_bit{1, "ATOM_CACHE"},
    named_bit{2, "EXTENDED_REFERENCES"},
    named_bit{3, "DIST_MONITOR"},
    named_bit{4, "FUN_TAGS"},
    named_bit{5, "DIST_MONITOR_NAME"},
    named_bit{6, "HIDDEN_ATOM_CACHE"},
    named_bit{7, "NEW_FUN_TAGS"},
    named_bit{8, "EXTENDED_PIDS_PORTS"},
    named_bit{9, "EXPORT_PTR_TAG"},
    named_bit{10, "BIT_BINARIES"},
    named_bit{11, "NEW_FLOATS"},
    named_bit{12, "UNICODE_IO"},
    named_bit{13, "DIST_HDR_ATOM_CACHE"},
    named_bit{14, "SMALL_ATOM_TAGS"},
    named_bit{16, "UTF8_ATOMS"},
    named_bit{17, "MAP_TAG"},
    named_bit{18, "BIG_CREATION"},
    named_bit{19, "SEND_SENDER"},
    named_bit{20, "BIG_SEQTRACE_LABELS"},
    named_bit{22, "EXIT_PAYLOAD"},
    named_bit{23, "FRAGMENTS"},
    named_bit{24, "HANDSHAKE_23"},
    named_bit{25, "UNLINK_ID"},
    named_bit{26, "MANDATORY_25_DIGEST"},
    named_bit{32, "SPAWN"},
    named_bit{33, "NAME_ME"},
    named_bit{34, "V4_NC"},
    named_bit{35, "ALIAS"},
    named_bit{37, "ALTACT_SIG"},
};

std::string name_of(int bit) {
    for (const auto& one : known)
        if (one.bit == bit) return std::string{one.name};
    return "bit " + std::to_string(bit);
}

} // namespace

flags flags::expanded() const noexcept { return has(capability::mandatory_25_digest) ? with(mandatory_25) : *this; }

std::vector<std::string> flags::names() const {
    std::vector<std::string> all;
    for (int bit = 0; bit < 64; ++bit)
        if ((bits_ >> bit & 1) != 0) all.push_back(name_of(bit));
    return all;
}

} // namespace sedge::dist
