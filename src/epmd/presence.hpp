// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/nursery.hpp>
#include <sedge/epmd/client.hpp>
#include <sedge/epmd/directory.hpp>
#include <sedge/epmd/server.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace sedge::epmd {

/// One name, kept registered on this machine: at whichever mapper has the port, ours if nobody else's does.
///
/// Life: `begin` once; destroying it gives the name back and ends the embedded mapper.
class presence {
public:
    presence(environment& env, const directory_options& options, node_entry node);
    ~presence();

    /// Completes when the name is registered for the first time, with the creation to keep.
    task<result<std::uint32_t>> begin();

    [[nodiscard]] bool is_mapper() const noexcept { return mapper_ != nullptr; }

private:
    /// An address under which other machines ask for our name, besides loopback. Usually the mapper of this machine
    /// listens there too. It does not if that mapper runs inside a node with another address: then the name is
    /// registered here a second time, at a mapper of this address.
    struct outpost {
        wire::ip_address address;
        std::unique_ptr<server> mapper;
        std::optional<registration> held;
        nursery watch;
    };

    task<std::vector<wire::ip_address>> own_addresses();
    task<result<registration>> register_at_home();
    task<result<registration>> try_at_home();
    result<void> start_mapper();
    task<> keep();
    task<registration> renew();
    task<bool> cover(outpost& where);
    task<bool> try_to_cover(outpost& where);
    task<> keep_covered(outpost& where);
    task<> short_pause();
    [[nodiscard]] wire::endpoint mapper_at(const wire::ip_address& address) const { return {address, options_.port}; }
    [[nodiscard]] server_options mapper_options() const;

    environment& env_;
    const directory_options& options_;
    node_entry node_;
    std::unique_ptr<server> mapper_; // null while we are somebody's client
    std::optional<registration> home_;
    std::vector<std::unique_ptr<outpost>> outposts_;
    nursery tasks_; // last: its frames use all of the above
};

} // namespace sedge::epmd
