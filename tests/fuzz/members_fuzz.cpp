// SPDX-License-Identifier: Apache-2.0
//
// Files that a blackout or a hand may have bent: `.hosts.erlang`, and the snapshot of members. A snapshot that is read
// is the one that we would write, up to the order of its lines.
#include "cluster/member_snapshot.hpp"

#include <sedge/base/assert.hpp>
#include <sedge/base/bytes.hpp>
#include <sedge/cluster/hosts_file.hpp>

#include <cstddef>
#include <cstdint>

using namespace sedge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text({data, size});
    static_cast<void>(cluster::parse_hosts_file(text));
    if (auto members = cluster::decode_snapshot(text))
        SEDGE_ASSERT(cluster::decode_snapshot(cluster::encode_snapshot(*members)).value() == *members);
    return 0;
}
