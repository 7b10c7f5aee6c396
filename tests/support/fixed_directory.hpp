// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/wire/directory.hpp>
#include <sedge/wire/transport.hpp>

#include <map>
#include <string>

namespace sedge::test {

/// Names and addresses in a table that all nodes of a test share; answers at once.
class shared_names {
public:
    std::map<std::string, wire::endpoint> where; ///< By `alive@host`.
    std::uint32_t creations = 0;
};

/// One node's view of the table. The host part of names must be an address literal.
class fixed_directory final : public wire::directory {
public:
    fixed_directory(shared_names& table, std::string host) : table_(table), host_(std::move(host)) {}

    task<result<std::uint32_t>> publish(wire::publication what) override {
        published_ = what.alive_name + "@" + host_;
        table_.where[published_] = {*wire::ip_address::parse(host_), what.port};
        co_return ++table_.creations;
    }
    void withdraw() noexcept override { table_.where.erase(published_); }
    task<result<std::vector<wire::endpoint>>> locate(std::string alive, std::string host) override {
        auto found = table_.where.find(alive + "@" + host);
        if (found == table_.where.end()) co_return error{wire::errc::name_not_found, alive + "@" + host};
        co_return std::vector<wire::endpoint>{found->second};
    }

private:
    shared_names& table_;
    std::string host_;
    std::string published_;
};

} // namespace sedge::test
