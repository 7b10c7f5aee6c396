// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/base/bytes.hpp>
#include <sedge/base/result.hpp>
#include <sedge/base/task.hpp>
#include <sedge/wire/address.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sedge::wire {

/// What the network can answer; system codes (connection refused, no route, ...) pass through unchanged.
enum class errc {
    name_not_found = 1, ///< No address for that host name. Check the name, DNS or /etc/hosts.
    closed,             ///< The peer ended the stream, or this side closed it.
    no_such_interface,  ///< No interface of this machine has that address or name.
};
const std::error_category& wire_category() noexcept;
inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), wire_category()}; }

/// What a non-blocking read or write did.
struct io_step {
    enum class outcome {
        done,        ///< `count` > 0 bytes were moved.
        would_block, ///< Nothing now: await `readable` or `writable`.
        closed,      ///< The peer finished (read only).
        failed,      ///< See `code`; the stream is of no further use.
    };
    outcome what = outcome::would_block;
    std::size_t count = 0;
    std::error_code code;
};

/// One connected byte stream: TCP, TLS over it, or in memory.
///
/// The two halves are independent: one task may wait to read while another waits to write. Data moves by the
/// `try_` functions, which never wait, so that whoever finds the stream idle can write without a change of task.
///
/// Life:    destroying a stream closes it; waits still pending must have been destroyed before.
/// Threads: only on the environment's thread.
class stream {
public:
    virtual ~stream() = default;

    virtual io_step try_read(std::span<std::uint8_t> into) = 0;
    virtual io_step try_write(byte_view bytes) = 0;
    /// Completes when `try_read` may give something, an end or an error included. At most one waiter.
    virtual task<> readable() = 0;
    /// Completes when `try_write` may take something. At most one waiter.
    virtual task<> writable() = 0;
    /// Bytes that `try_write` took and the stream holds itself; TLS has such. `close` would drop them, and nothing but
    /// `try_write` and `writable` moves them on: whoever has no more to write awaits `writable` until this is 0.
    [[nodiscard]] virtual std::size_t held() const noexcept { return 0; }
    /// Ends the stream at once; both waits complete, further steps fail with `errc::closed`.
    virtual void close() noexcept = 0;

    [[nodiscard]] virtual endpoint local() const = 0;
    [[nodiscard]] virtual endpoint remote() const = 0;
};

/// Reads at least one byte. Errors: errc::closed at the end of the stream, system codes.
task<result<std::size_t>> read_some(stream& from, std::span<std::uint8_t> into);
/// Fills `into`. Errors: as read_some.
task<result<void>> read_exactly(stream& from, std::span<std::uint8_t> into);
/// Writes all of `bytes`, which must stay valid until then. Errors: system codes, errc::closed.
task<result<void>> write_all(stream& to, byte_view bytes);

class listener {
public:
    virtual ~listener() = default;
    /// The next connection. When descriptors run out it waits and tries again instead of failing.
    /// Errors: errc::closed after `close`.
    virtual task<result<std::unique_ptr<stream>>> accept() = 0;
    virtual void close() noexcept = 0;
    [[nodiscard]] virtual endpoint local() const = 0;
};

struct listen_options {
    bool v6_only = true; ///< For `::`: false accepts IPv4 as well.
};

struct datagram {
    std::size_t size = 0;
    endpoint from;
    ip_address to;               ///< Destination address in the packet: group, broadcast or own address.
    std::uint32_t interface = 0; ///< Index of the interface it came in on; 0 if unknown.
};

struct multicast_options {
    ip_address group;
    /// IPv4 address (or for IPv6 groups, scope) of the interface to join and send on; unset: the kernel's choice.
    std::optional<ip_address> interface;
    int ttl = 1;
    bool loop = true; ///< Other programs on this machine hear us.
};

struct datagram_options {
    endpoint bind;
    bool reuse_address = false; ///< Share the port with other programs, a BEAM among them (SO_REUSEADDR only).
    bool broadcast = false;
    std::optional<multicast_options> multicast;
};

class datagram_socket {
public:
    virtual ~datagram_socket() = default;
    /// The next datagram; longer ones than `into` are cut and `size` is their true size (so size > into.size()).
    virtual task<result<datagram>> receive(std::span<std::uint8_t> into) = 0;
    /// Hands over one datagram; never waits. A full socket buffer drops it and succeeds.
    virtual result<void> send(const endpoint& to, byte_view bytes) = 0;
    [[nodiscard]] virtual endpoint local() const = 0;
};

struct interface_address {
    std::string name; ///< `eth0`
    std::uint32_t index = 0;
    ip_address address;
    int prefix_bits = 0; ///< Of the address's own family: 24 for 10.0.0.5/24.
    std::optional<ip_address> broadcast;
    bool up = false;
    bool multicast = false;
};

/// The seam to the network; `environment` owns one. Deadlines are the caller's: `with_deadline`.
class transport {
public:
    virtual ~transport() = default;
    virtual task<result<std::unique_ptr<stream>>> connect(endpoint to) = 0;
    virtual result<std::unique_ptr<listener>> listen(endpoint at, listen_options options = {}) = 0;
    virtual result<std::unique_ptr<datagram_socket>> open_datagram(datagram_options options) = 0;
    /// Addresses of a host name or literal, in the order to try. Errors: errc::name_not_found.
    virtual task<result<std::vector<ip_address>>> resolve(std::string host) = 0;
    [[nodiscard]] virtual std::vector<interface_address> interfaces() = 0;
    /// The machine's own name as `hostname` prints it; may or may not contain dots.
    [[nodiscard]] virtual std::string host_name() = 0;
};

} // namespace sedge::wire

template <>
struct std::is_error_code_enum<sedge::wire::errc> : std::true_type {};
