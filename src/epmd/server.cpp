// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/nursery.hpp>
#include <sedge/epmd/registry.hpp>
#include <sedge/epmd/server.hpp>
#include <sedge/wire/environment.hpp>

#include <algorithm>
#include <array>
#include <list>
#include <map>

namespace sedge::epmd {

class server::impl {
public:
    impl(environment& env, server_options options)
        : env_(env), options_(std::move(options)), names_(options_.port, static_cast<std::uint32_t>(env.random_u64())) {
    }

    result<void> listen(wire::ip_address at) {
        const wire::endpoint where{at, options_.port};
        auto opened = env_.net().listen(where);
        if (!opened) {
            std::string step = "listen as port mapper on " + to_string(where);
            if (opened.error().code() == std::errc::address_in_use) return error{errc::port_taken, step};
            return opened.error().within(step);
        }
        listeners_.push_back(*std::move(opened));
        tasks_.start(accept_all(*listeners_.back()));
        return {};
    }

    std::vector<wire::endpoint> listens_on() const {
        std::vector<wire::endpoint> all;
        for (const auto& l : listeners_) all.push_back(l->local());
        return all;
    }
    const registry& names() const noexcept { return names_; }

private:
    /// A connection whose request is not answered yet; in `waiting_` from its arrival until it leaves or ends.
    struct place {
        std::list<place*>& line;
        wire::stream& connection;
        wire::ip_address source;
        std::list<place*>::iterator at;
        bool in_line = true;

        place(std::list<place*>& l, wire::stream& c)
            : line(l), connection(c), source(c.remote().address), at(l.insert(l.end(), this)) {}
        place(const place&) = delete;
        ~place() { leave(); }
        void leave() noexcept {
            if (std::exchange(in_line, false)) line.erase(at);
        }
    };

    task<> accept_all(wire::listener& from) {
        for (;;) {
            auto came = co_await from.accept();
            if (!came) co_return; // closed
            tasks_.start(serve(*std::move(came), ++last_connection_));
            co_await yield(env_); // a flood of connections must not keep those already here from being served
        }
    }

    task<> serve(std::unique_ptr<wire::stream> connection, registry::connection id) {
        const time_point due = env_.now() + options_.request_time;
        if (waiting_.size() >= options_.connections_max) drop_one();
        place mine{waiting_, *connection};

        auto received = receive(*connection);
        auto what = co_await with_deadline(env_, due, std::move(received));
        if (!what || !mine.in_line) co_return;
        const auto interfaces = env_.net().interfaces();
        const rights allowed = rights_of(options_.access, mine.source, connection->local().address, interfaces);
        auto outcome = names_.handle(id, *what, allowed);

        struct ending { // of a registration, when this frame goes
            impl* self;
            registry::connection id;
            ~ending() { self->names_.ended(id); }
        } unregister{this, id};
        auto writing = wire::write_all(*connection, outcome.answer);
        auto written = co_await with_deadline(env_, due, std::move(writing));
        if (!written || outcome.then == registry::next::close) co_return;
        std::array<std::uint8_t, 1> more;
        if (outcome.then == registry::next::wait_for_close) {
            auto closing = wire::read_some(*connection, more);
            auto closed = co_await with_deadline(env_, due, std::move(closing));
            static_cast<void>(closed);
            co_return;
        }
        mine.leave();
        // The end of the connection and any byte on it both end the registration.
        auto end = co_await wire::read_some(*connection, more);
        static_cast<void>(end);
    }

    /// Reads one request. At most the bytes of one request and one chunk are held.
    static task<result<request>> receive(wire::stream& from) {
        byte_buffer received;
        std::array<std::uint8_t, 512> chunk;
        for (;;) {
            auto count = co_await wire::read_some(from, chunk);
            if (!count) co_return count.error();
            received.insert(received.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(*count));
            auto what = decode_request(received);
            if (!what) co_return what.error();
            if (*what) co_return **std::move(what);
        }
    }

    /// Closes the oldest connection of the source that has most of them. Its task finds that out by itself.
    void drop_one() {
        std::map<wire::ip_address, std::size_t> counts;
        for (const place* p : waiting_) ++counts[p->source];
        auto fewer = [](const auto& a, const auto& b) { return a.second < b.second; };
        const wire::ip_address greediest = std::ranges::max_element(counts, fewer)->first;
        place& oldest = **std::ranges::find(waiting_, greediest, &place::source);
        oldest.leave();
        oldest.connection.close();
    }

    environment& env_;
    server_options options_;
    registry names_;
    registry::connection last_connection_ = 0;
    std::list<place*> waiting_; // oldest first
    std::vector<std::unique_ptr<wire::listener>> listeners_;
    nursery tasks_; // last: its frames use all of the above
};

server::server(environment& env, server_options options) : impl_(std::make_unique<impl>(env, std::move(options))) {}
server::~server() = default;

result<std::unique_ptr<server>> server::start(environment& env, server_options options) {
    const auto addresses = options.addresses;
    auto is_wanted = [&](const wire::ip_address& a) { return std::ranges::find(addresses, a) != addresses.end(); };
    auto made = std::make_unique<server>(env, std::move(options));
    if (!is_wanted(wire::ip_address::any_v4())) {
        // First, because the owner of 127.0.0.1 is the mapper of the machine: of two programs that start one, one wins.
        auto v4 = made->listen(wire::ip_address::loopback_v4());
        if (!v4 && v4.error() == make_error_code(errc::port_taken)) return v4.error();
    }
    for (const auto& address : addresses) {
        if (auto extra = made->listen(address); !extra) return extra.error();
    }
    if (!is_wanted(wire::ip_address::any_v6())) {
        auto v6 = made->listen(wire::ip_address::loopback_v6());
        if (!v6 && made->listens_on().empty()) return v6.error();
    }
    return made;
}

result<void> server::listen(wire::ip_address at) { return impl_->listen(at); }
std::vector<wire::endpoint> server::listens_on() const { return impl_->listens_on(); }
std::vector<name_and_port> server::names() const { return impl_->names().names(); }

} // namespace sedge::epmd
