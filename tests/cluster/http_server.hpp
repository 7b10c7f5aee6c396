// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/nursery.hpp>
#include <sedge/wire/environment.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sedge::test {

/// An HTTP server in a simulation that says what the test wants, byte by byte.
class http_server {
public:
    /// What is done with one request: `bytes` are sent, then the connection is closed if `close` says so.
    struct reply {
        std::string bytes;
        bool close = false;
        duration after{}; ///< Before anything is sent.
    };
    using answering = std::function<reply(const std::string& request)>;

    http_server(environment& env, std::uint16_t port, answering answer) : env_(env), answer_(std::move(answer)) {
        listener_ = *env_.net().listen({wire::ip_address::any_v4(), port});
        tasks_.start(serve());
    }

    std::vector<std::string> requests; ///< Heads and bodies, in order.
    int connections = 0;

    /// A complete answer with a body.
    static std::string with_body(std::string_view body, std::string_view status = "200 OK") {
        std::string out{"HTTP/1.1 "};
        out.append(status).append("\r\nContent-Length: ").append(std::to_string(body.size()));
        return out.append("\r\n\r\n").append(body);
    }

private:
    task<> serve() {
        for (;;) {
            auto accepting = listener_->accept();
            auto accepted = co_await std::move(accepting);
            if (!accepted) co_return;
            ++connections;
            tasks_.start(talk(std::move(*accepted)));
        }
    }

    task<> talk(std::unique_ptr<wire::stream> with) {
        std::string read;
        for (;;) {
            while (!is_whole(read)) {
                std::array<std::uint8_t, 4096> buffer;
                auto reading = wire::read_some(*with, buffer);
                auto count = co_await std::move(reading);
                if (!count) co_return;
                read.append(reinterpret_cast<const char*>(buffer.data()), *count);
            }
            requests.push_back(std::exchange(read, {}));
            auto what = answer_(requests.back());
            if (what.after > duration{}) {
                auto pause = sleep_for(env_, what.after);
                co_await std::move(pause);
            }
            auto writing = wire::write_all(*with, as_bytes(what.bytes));
            auto written = co_await std::move(writing);
            if (!written || what.close) co_return;
        }
    }

    static bool is_whole(const std::string& request) {
        const auto end = request.find("\r\n\r\n");
        if (end == std::string::npos) return false;
        const auto length = request.find("Content-Length: ");
        if (length == std::string::npos) return true;
        return request.size() >= end + 4 + std::stoul(request.substr(length + 16));
    }

    environment& env_;
    answering answer_;
    std::unique_ptr<wire::listener> listener_;
    nursery tasks_;
};

} // namespace sedge::test
