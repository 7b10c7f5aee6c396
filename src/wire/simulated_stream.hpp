// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/simulated_program.hpp"
#include "wire/wait_slot.hpp"

#include <sedge/wire/delivery.hpp>

#include <deque>

namespace sedge::wire {

struct simulated_listener_state {
    simulated_program* owner = nullptr;
    endpoint at;
    listen_options options;
    bool open = true;
    std::deque<std::shared_ptr<connection>> backlog;
    wait_slot accepting;

    [[nodiscard]] bool takes(const endpoint& to) const;
};

/// Both ends of one TCP connection and the segments under way between them, as two kernels would hold them.
///
/// Ends are 0, who connected, and 1, who accepted. Segments to one end arrive in order. A segment that meets a cut
/// path stays where it is until `resume`; so one mechanism serves data, connecting and closing alike.
class connection : public std::enable_shared_from_this<connection> {
public:
    connection(simulated_program& from, endpoint local, endpoint remote, simulated_machine& to);
    ~connection();

    enum class phase { connecting, established, refused };
    [[nodiscard]] phase state() const noexcept { return state_; }
    [[nodiscard]] const endpoint& address_of(int end) const noexcept { return ends_[end].at; }

    io_step try_read(int end, std::span<std::uint8_t> into);
    io_step try_write(int end, byte_view bytes);
    [[nodiscard]] bool can_read(int end) const;
    [[nodiscard]] bool can_write(int end) const;
    wait_slot& reading(int end) noexcept { return ends_[end].reading; }
    wait_slot& writing(int end) noexcept { return ends_[end].writing; }

    /// As TCP_INFO tells it. Acknowledgements cross a path like data, but are not resent on their own: one that meets a
    /// cut path arrives after it is open again.
    [[nodiscard]] delivery delivered(int end) const;

    void connect();
    /// As the kernel does for close(2): FIN, or RST if something was left unread or nobody accepted.
    void close(int end, bool unaccepted = false) noexcept;
    void reset();
    void resume(); ///< A path may be open again.

    static void close_all_of(simulated_world& world, simulated_program& program, bool tell_peers);
    static void reset_between(simulated_world& world, const simulated_machine& a, const simulated_machine& b);

private:
    enum class kind : std::uint8_t { connect, connected, refused, data, finish, reset };
    struct segment {
        kind what;
        time_point due;
        byte_buffer bytes;
    };
    struct side {
        simulated_program* owner = nullptr; // null: end 1 before somebody accepts
        simulated_machine* machine = nullptr;
        endpoint at;
        byte_buffer inbox; // arrived, from `read` on not yet read
        std::size_t read = 0;
        std::deque<segment> arriving;
        std::size_t arriving_bytes = 0;
        bool scheduled = false; // an occurrence for the first of `arriving` is planned
        bool finished = false;  // the peer's FIN came
        bool closed = false;
        bool lost = false;                 // its machine was switched off: it knows nothing of this connection any more
        time_point acknowledged_at{};      // when the last acknowledgement comes, or came, back here
        bool acknowledgement_lost = false; // what was sent from here has arrived, and nobody could say so
        std::error_code failure;
        wait_slot reading;
        wait_slot writing;
    };

    void send(int to, kind what, byte_view bytes = {});
    void schedule(int to);
    void deliver(int to);
    void arrive(int end, segment&& s);
    void arrive_at_listener();
    void acknowledge(int writer);
    void fail(int end, std::error_code code);
    void wake(int end);
    [[nodiscard]] std::size_t unread(const side& s) const noexcept { return s.inbox.size() - s.read; }
    [[nodiscard]] std::size_t room(int writer) const noexcept;

    simulated_world& world_;
    const std::uint64_t number_;
    phase state_ = phase::connecting;
    side ends_[2];
};

/// What a program holds of one end.
class simulated_stream final : public stream, public knows_delivery {
public:
    simulated_stream(std::shared_ptr<connection> c, int end) : connection_(std::move(c)), end_(end) {}
    ~simulated_stream() override { connection_->close(end_); }

    io_step try_read(std::span<std::uint8_t> into) override { return connection_->try_read(end_, into); }
    io_step try_write(byte_view bytes) override { return connection_->try_write(end_, bytes); }
    task<> readable() override;
    task<> writable() override;
    std::optional<delivery> delivered() const override { return connection_->delivered(end_); }
    void close() noexcept override { connection_->close(end_); }
    endpoint local() const override { return connection_->address_of(end_); }
    endpoint remote() const override { return connection_->address_of(1 - end_); }

private:
    std::shared_ptr<connection> connection_;
    int end_;
};

} // namespace sedge::wire
