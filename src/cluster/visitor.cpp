// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/visitor.hpp>

#include "cluster/start_settings.hpp"

#include <sedge/epmd/directory.hpp>
#include <sedge/wire/directory.hpp>

#include <unistd.h>

#include <optional>

namespace sedge::cluster {
namespace {

/// Finds others, and keeps itself to itself.
class unpublished final : public wire::directory {
public:
    unpublished(environment& env, epmd::directory_options options) : env_(env), mappers_(env, std::move(options)) {}

    task<result<std::uint32_t>> publish(wire::publication) override {
        co_return static_cast<std::uint32_t>(env_.random_below(0xfffffff0) + 4); // 0 to 3 are reserved
    }
    void withdraw() noexcept override {}
    task<result<std::vector<wire::endpoint>>> locate(std::string alive, std::string host) override {
        return mappers_.locate(std::move(alive), std::move(host));
    }

private:
    environment& env_;
    epmd::directory mappers_;
};

bool is_long(const std::string& host) {
    return host.find('.') != std::string::npos || host.find(':') != std::string::npos;
}

/// The host part of our own name: only its kind matters, since nobody dials us.
std::string own_host(environment& env, const std::string& other) {
    if (!is_long(other)) return "localhost";
    auto machine = env.net().host_name();
    return is_long(machine) ? machine : "127.0.0.1";
}

} // namespace

class visitor::impl {
public:
    explicit impl(std::shared_ptr<log_sink> log) : env(std::move(log)) {}
    wire::system_environment env;
    std::uint16_t mapper_port = 0;
    std::optional<unpublished> where;
    std::optional<sedge::node> self;
};

visitor::visitor(std::unique_ptr<impl> i) : impl_(std::move(i)) {}
visitor::~visitor() {
    stop();
}

result<std::unique_ptr<visitor>> visitor::make(const configuration& config, const std::string& host,
                                               std::shared_ptr<log_sink> log) {
    auto made = std::make_unique<impl>(std::move(log));
    auto& env = made->env;
    if (env.log_to().least() < log_level::warning) env.log_to().set_least(log_level::warning);
    auto cookie = choose_cookie(config, env, own_cookie_file());
    if (!cookie) return cookie.error();
    auto name = node_name::parse("visitor-" + std::to_string(getpid()) + "-" + std::to_string(env.random_below(1'000'000)) +
                                 "@" + own_host(env, host));
    if (!name) return name.error();
    auto options = node_options_of(config, *name, cookie->value);
    if (!options) return options.error();
    options->name = name->full.str();
    options->long_names = is_long(host);
    options->hidden = true;
    options->listen_on = wire::ip_address::loopback_v4();
    options->port_min = options->port_max = 0;
    auto mappers = directory_options_of(config.epmd, *name);
    if (!mappers) return mappers.error();
    made->mapper_port = mappers->port;
    made->where.emplace(env, std::move(*mappers));
    made->self.emplace(std::move(*options), env, *made->where);
    auto started = env.block_on(made->self->start());
    if (!started) return started.error();
    return std::unique_ptr<visitor>{new visitor{std::move(made)}};
}

wire::system_environment& visitor::env() noexcept {
    return impl_->env;
}
node& visitor::node() noexcept {
    return *impl_->self;
}
std::uint16_t visitor::mapper_port() const noexcept {
    return impl_->mapper_port;
}
void visitor::stop() {
    if (!impl_->self) return;
    impl_->env.block_on(impl_->self->stop());
    impl_->self.reset();
}

} // namespace sedge::cluster
