// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/wire/dns.hpp>
#include <sedge/wire/environment.hpp>

#include <optional>
#include <string_view>
#include <vector>

namespace sedge::wire {

class simulated_world; // src/wire/simulated_world.hpp

/// The name servers of a simulated network: one table for all of them, whoever is asked.
///
/// Life: a handle; the simulation must outlive it. `any` is one of its environments.
class simulated_dns {
public:
    explicit simulated_dns(environment& any) noexcept;

    /// What is answered from now on for that name and type; an empty list: such a name, but no such records. Names
    /// given by `simulation::name` are answered, too. The owner's name and the type of the records are filled in.
    void answer(std::string_view name, dns_type type, std::vector<dns_record> records);
    /// The name is unknown, unless `simulation::name` gave it.
    void forget(std::string_view name);
    /// Every question fails with this; or is answered again.
    void fail(std::optional<error> failure);
    /// Nothing is said (or is again), so that questions run out of patience.
    void fall_silent(bool silent);

private:
    simulated_world& world_;
};

} // namespace sedge::wire
