// SPDX-License-Identifier: Apache-2.0
#include <sedge/cluster/visitor.hpp>

#include "cluster/start_settings.hpp"

#include <sedge/dist/error.hpp>
#include <sedge/epmd/directory.hpp>
#include <sedge/otp/kernel.hpp>

#include <filesystem>
#include <optional>

namespace sedge::cluster {
namespace {

/// Finds others by their port mappers, and tells none of them about us.
class unpublished final : public wire::directory {
public:
    unpublished(environment& env, epmd::directory_options options) : env_(env), others_(env, std::move(options)) {}

    task<result<std::uint32_t>> publish(wire::publication) override {
        // 1 to 3 are creations of old nodes, 0 is none.
        co_return static_cast<std::uint32_t>(4 + env_.random_below(0xffffffff - 4));
    }
    void withdraw() noexcept override {}
    task<result<std::vector<wire::endpoint>>> locate(std::string alive, std::string host) override {
        return others_.locate(std::move(alive), std::move(host));
    }

private:
    environment& env_;
    epmd::directory others_;
};

/// A certificate is for the machine it names, so with TLS a visitor comes from there.
std::optional<std::string> host_in(const configuration& config, bool long_names) {
    auto options = tls_options_of(config.tls);
    if (!options || !*options) return std::nullopt;
    auto context = wire::tls_context::load(**options);
    if (!context || !(*context)->own()) return std::nullopt; // told when the node starts
    const auto& own = *(*context)->own();
    for (const auto& name : own.dns_names)
        if (long_names == (name.find('.') != std::string::npos)) return name;
    if (long_names && !own.addresses.empty()) return wire::to_string(own.addresses.front());
    return std::nullopt;
}

/// The cookie that was given, or the one `sedge start` keeps for this user; never a new one.
result<dist::cookie> cookie_of(const configuration& config, environment& env) {
    const auto own_file = own_cookie_file();
    if (config.node.cookie.empty() && config.node.cookie_file.empty() && !std::filesystem::exists(own_file))
        return error{dist::errc::cookie_unusable,
                     "no cookie was given and there is none in " + own_file + "; use --cookie-file with the cluster's"};
    auto chosen = choose_cookie(config, env, own_file);
    if (!chosen) return std::move(chosen).error();
    return std::move(chosen->value);
}

} // namespace

class visitor::impl {
public:
    impl(visitor& owner, visitor_options options)
        : owner_(owner), options_(std::move(options)), env_(std::move(options_.log)) {}

    task<result<int>> live(std::function<task<int>(visitor&)> main) {
        auto cookie = cookie_of(options_.config, env_);
        if (!cookie) co_return cookie.error();
        // Random, so that visitors never get into each other's way; 48 bits are plenty for that.
        const auto alive = "sedge-" + std::to_string(env_.random_below(std::uint64_t{1} << 48));
        auto machine = env_.net().host_name();
        machine = machine.substr(0, machine.find('.'));
        auto name = node_name::parse(alive + "@" + machine + (options_.long_names ? ".local" : ""));
        if (const auto host = host_in(options_.config, options_.long_names))
            name = node_name::parse(alive + "@" + *host);
        if (!name) name = node_name::parse(alive + (options_.long_names ? "@127.0.0.1" : "@localhost"));
        if (!name) co_return name.error();

        auto node_options = node_options_of(options_.config, *name, std::move(*cookie));
        if (!node_options) co_return node_options.error();
        node_options->hidden = true;
        node_options->listen_on = wire::ip_address::loopback_v4();
        node_options->port_min = node_options->port_max = 0;
        auto directory_options = directory_options_of(options_.config.epmd, *name);
        if (!directory_options) co_return directory_options.error();
        directory_.emplace(env_, std::move(*directory_options));

        node_.emplace(std::move(*node_options), env_, *directory_);
        auto starting = node_->start();
        auto started = co_await std::move(starting);
        if (!started) {
            node_.reset();
            co_return started.error();
        }
        otp::kernel_options kernel_options;
        kernel_options.output = options_.output;
        kernel_.emplace(*node_, std::move(kernel_options));
        auto serving = kernel_->start();
        auto running = main(owner_);
        auto code = co_await std::move(running);
        kernel_->stop();
        auto stopping = node_->stop();
        co_await std::move(stopping);
        kernel_.reset();
        node_.reset();
        if (!serving) co_return serving.error();
        co_return code;
    }

    visitor& owner_;
    visitor_options options_;
    wire::system_environment env_; // everything below stands on it
    std::optional<unpublished> directory_;
    std::optional<sedge::node> node_;
    std::optional<otp::kernel> kernel_;
};

visitor::visitor(visitor_options options) : impl_(std::make_unique<impl>(*this, std::move(options))) {}
visitor::~visitor() = default;

result<int> visitor::run(std::function<task<int>(visitor&)> main) {
    return impl_->env_.block_on(impl_->live(std::move(main)));
}

wire::system_environment& visitor::env() noexcept { return impl_->env_; }
node& visitor::node() noexcept { return *impl_->node_; }

} // namespace sedge::cluster
