// SPDX-License-Identifier: Apache-2.0
#include "epmd/presence.hpp"

#include <sedge/epmd/directory.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <optional>

namespace sedge::epmd {

namespace {

constexpr std::size_t addresses_asked_max = 8; ///< Of one host; each may cost `look_up_time`.

bool is_of(address_family family, const wire::ip_address& a) {
    return family == address_family::any || a.is_v4() == (family == address_family::v4);
}

} // namespace

class directory::impl {
public:
    impl(environment& env, directory_options options) : env_(env), options_(std::move(options)) {}

    task<result<std::uint32_t>> publish(wire::publication what) {
        if (present_)
            co_return error{sedge::errc::invalid_argument, "publish " + what.alive_name + ": published already"};
        node_entry node;
        node.name = std::move(what.alive_name);
        node.port = what.port;
        node.type = static_cast<std::uint8_t>(what.hidden ? node_type::hidden : node_type::normal);
        auto made = std::make_unique<presence>(env_, options_, std::move(node));
        auto creation = co_await made->begin();
        if (creation) present_ = std::move(made);
        co_return creation;
    }

    void withdraw() noexcept { present_.reset(); }
    bool is_mapper() const noexcept { return present_ && present_->is_mapper(); }

    task<result<std::vector<wire::endpoint>>> locate(std::string alive, std::string host) {
        const std::string step = "find " + printable(alive) + " on host " + printable(host);
        auto resolving = env_.net().resolve(host);
        auto resolved = co_await with_deadline(env_, env_.now() + options_.look_up_time, std::move(resolving));
        if (!resolved && resolved.error() == make_error_code(sedge::errc::timed_out))
            co_return error{errc::resolver_silent, step};
        if (!resolved) co_return resolved.error().within(step);
        std::vector<wire::ip_address> addresses = *std::move(resolved);
        std::erase_if(addresses, [this](const auto& a) { return !is_of(options_.family, a); });
        if (addresses.size() > addresses_asked_max) addresses.resize(addresses_asked_max);
        if (addresses.empty()) co_return error{wire::errc::name_not_found, step + ": no address of the family wanted"};

        std::optional<error> failure;
        for (std::size_t i = 0; i < addresses.size(); ++i) {
            auto node = co_await ask(addresses[i], alive);
            if (node) {
                std::rotate(addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(i), addresses.end());
                std::vector<wire::endpoint> candidates;
                for (const auto& a : addresses) candidates.push_back({a, node->port});
                co_return candidates;
            }
            if (!failure || node.error() == make_error_code(errc::not_found)) failure = std::move(node).error();
        }
        if (*failure == make_error_code(errc::not_found)) {
            co_return error{errc::not_found, "no node named " + printable(alive) + " on host " + printable(host)};
        }
        co_return failure->within(step);
    }

private:
    task<result<node_entry>> ask(wire::ip_address address, std::string alive) {
        const wire::endpoint asked{address, options_.port};
        auto due = env_.now() + options_.look_up_time;
        auto node = co_await look_up(env_, asked, alive, due);
        if (node || node.error() != make_error_code(errc::no_answer) || !is_ours(address)) co_return node;
        // A mapper on this machine may listen on loopback only.
        const wire::endpoint home{wire::ip_address::loopback_v4(), options_.port};
        due = env_.now() + options_.look_up_time;
        auto at_home = co_await look_up(env_, home, std::move(alive), due);
        co_return at_home ? std::move(at_home) : std::move(node);
    }

    bool is_ours(const wire::ip_address& address) {
        const auto interfaces = env_.net().interfaces();
        return std::ranges::find(interfaces, address, &wire::interface_address::address) != interfaces.end();
    }

    environment& env_;
    const directory_options options_;
    std::unique_ptr<presence> present_;
};

directory::directory(environment& env, directory_options options)
    : impl_(std::make_unique<impl>(env, std::move(options))) {}
directory::~directory() = default;

task<result<std::uint32_t>> directory::publish(wire::publication what) { return impl_->publish(std::move(what)); }
void directory::withdraw() noexcept { impl_->withdraw(); }
task<result<std::vector<wire::endpoint>>> directory::locate(std::string alive, std::string host) {
    return impl_->locate(std::move(alive), std::move(host));
}
bool directory::is_mapper() const noexcept { return impl_->is_mapper(); }

} // namespace sedge::epmd
