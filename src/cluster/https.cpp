// SPDX-License-Identifier: Apache-2.0
#include "cluster/https.hpp"

namespace sedge::cluster {
namespace {

task<result<std::unique_ptr<wire::stream>>> secured(environment* env, std::unique_ptr<wire::stream> plain,
                                                    std::shared_ptr<const wire::tls_context> context,
                                                    std::string host) {
    wire::tls_connect_options options;
    options.host = std::move(host);
    auto connecting = wire::tls_connect(*env, std::move(plain), std::move(context), std::move(options));
    auto link = co_await std::move(connecting);
    if (!link) co_return std::move(link).error();
    co_return std::move(link->stream);
}

} // namespace

http_client::securing verified_by(environment& env, std::shared_ptr<const wire::tls_context> context) {
    return [&env, context = std::move(context)](std::unique_ptr<wire::stream> plain, std::string host) {
        return secured(&env, std::move(plain), context, std::move(host));
    };
}

} // namespace sedge::cluster
