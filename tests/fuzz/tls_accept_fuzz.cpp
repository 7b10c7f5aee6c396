// SPDX-License-Identifier: Apache-2.0
//
// What anybody can send to a node with TLS before he has shown a certificate: a byte that says in which pieces it
// comes, then the stream. Nobody gets in without one, and what is sent back stays small.
#include "wire/tls_engine.hpp"

#include <sedge/base/assert.hpp>
#include <sedge/base/limits.hpp>
#include <sedge/wire/certificate_authority.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace sedge;
using namespace sedge::wire;

namespace {

constexpr std::size_t answer_bytes_max = 8 * 1024; // a server's first flight with one certificate has some 1,000

std::shared_ptr<const tls_context> make_context() {
    namespace fs = std::filesystem;
    std::string folder = (fs::temp_directory_path() / "sedge-tls-fuzz-XXXXXX").string();
    SEDGE_ASSERT(::mkdtemp(folder.data()));
    authority_request about;
    about.now = std::chrono::system_clock::now();
    const auto root = make_authority(about).value();
    certificate_request wanted;
    wanted.name = "b";
    wanted.dns_names = {"b"};
    wanted.now = about.now;
    const auto made = issue_certificate(root, wanted).value();
    const auto write = [&](const char* file, const std::string& text) { std::ofstream{folder + file} << text; };
    write("/ca.crt", root.certificate);
    write("/node.crt", made.certificate);
    write("/node.key", made.key);
    fs::permissions(folder + "/node.key", fs::perms::owner_read);
    tls_options options;
    options.ca_file = folder + "/ca.crt";
    options.certificate_file = folder + "/node.crt";
    options.key_file = folder + "/node.key";
    auto context = tls_context::load(options).value();
    fs::remove_all(folder);
    return context;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto context = make_context();
    reader in{{data, size}};
    const std::size_t piece = std::size_t{in.u8()} * 16 + 1;
    tls_engine engine{tls_engine::role::accepts, context, {}, std::chrono::system_clock::now()};
    std::size_t answered = 0;
    for (;;) {
        const auto progress = engine.shake_hands();
        SEDGE_ASSERT(progress != tls_engine::progress::done);
        answered += engine.output().size();
        engine.consume(engine.output().size());
        SEDGE_ASSERT(answered <= answer_bytes_max);
        if (progress == tls_engine::progress::failed) {
            SEDGE_ASSERT(!engine.failure().message().empty());
            break;
        }
        if (in.remaining() == 0) break;
        const auto space = engine.prepare();
        SEDGE_ASSERT(!space.empty());
        const auto bytes = in.take(std::min({piece, space.size(), in.remaining()}));
        std::copy(bytes.begin(), bytes.end(), space.begin());
        engine.commit(bytes.size());
    }
    return 0;
}
