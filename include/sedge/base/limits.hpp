// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

/// Every bound of the system, with its unit and its reason. All are defaults that options can change; each is
/// tested at limit - 1, limit and limit + 1.
namespace sedge::limits {

inline constexpr std::size_t mebibyte = std::size_t{1} << 20;

// Terms. What one message may make us hold, whatever lengths it claims.
inline constexpr std::size_t term_nesting_max = 10'000; ///< Levels; kept on a heap stack, never the C stack.
inline constexpr std::size_t term_inflated_bytes_max = 64 * mebibyte; ///< Of a compressed term.
inline constexpr std::size_t term_inflated_ratio_max = 100;           ///< Inflated to deflated bytes, beyond the next.
inline constexpr std::size_t term_inflated_free_bytes = 64 * 1024;    ///< Zeros deflate 1000 to 1 in small terms, too.
inline constexpr std::size_t term_growth_ratio_max = 16;              ///< Canonical to received bytes, beyond the next.
inline constexpr std::size_t term_growth_free_bytes = 64 * 1024;      ///< Small messages may grow to this in any case.
inline constexpr std::size_t integer_decimal_bytes_max = 8 * 1024;    ///< Bigger integers print in hexadecimal.
inline constexpr std::size_t atom_characters_max = 255;               ///< OTP's own limit.
inline constexpr std::size_t reference_words_max = 5;                 ///< OTP's own limit.
inline constexpr std::size_t fun_free_variables_max = 255;            ///< OTP's own limit.

// Text that people write: configuration files, shell lines.
inline constexpr std::size_t syntax_bytes_max = mebibyte; ///< Of one text.
inline constexpr std::size_t syntax_nesting_max = 256;    ///< Levels; parsers and evaluators recurse this deep.
inline constexpr std::size_t syntax_digits_max = 4096;    ///< Of one number; conversion takes quadratic time.

// Distribution.
inline constexpr std::size_t message_bytes_max = 64 * mebibyte;   ///< That comes in, whole or in parts.
inline constexpr std::size_t frame_bytes_max = message_bytes_max; ///< One packet after the handshake.
inline constexpr std::size_t handshake_frame_bytes_max = 1024;    ///< One handshake message; names are at most 255.
inline constexpr std::size_t handshake_connections_max = 128;     ///< Not yet authenticated, all sources.
inline constexpr std::size_t handshake_connections_per_source_max = 8; ///< Same, from one address (not loopback).
inline constexpr std::size_t handshake_bytes_max = 4096;               ///< Read from one connection before the digest.
inline constexpr std::size_t tls_handshake_bytes_max = 64 * 1024; ///< Of the peer; its certificates are most of it.
inline constexpr std::size_t tls_file_bytes_max = 4 * mebibyte;   ///< Of a PEM file; the system's CAs have 200 KiB.
inline constexpr std::chrono::seconds handshake_time_max{5};      ///< From accept to the verified digest.
inline constexpr std::size_t handshake_failures_max = 5;          ///< In the window below; then the source is blocked.
inline constexpr std::chrono::seconds handshake_failure_window{60};
inline constexpr std::chrono::seconds handshake_block_time{60};
inline constexpr std::size_t handshake_sources_remembered_max = 1024; ///< Addresses whose failures are counted.
inline constexpr std::size_t fragment_sequences_max = 4096; ///< Open at a time, per peer: processes that send at once.
inline constexpr std::size_t fragment_bytes_max = 512 * mebibyte; ///< Of open sequences together, per peer.
inline constexpr std::chrono::seconds fragment_time_max{60};      ///< Without a further fragment, for each open one.
inline constexpr std::size_t send_queue_bytes_max = 8 * mebibyte; ///< Per peer; above it the connection is dropped.
inline constexpr std::size_t peers_max = 1024;                    ///< Connections after the handshake.

// Processes.
inline constexpr std::size_t signals_per_peer_max = 100'000; ///< Links and monitors one peer may set here.
inline constexpr unsigned workers_max = 64; ///< Of a node. Each has a thread, and an outbox for each other one.
inline constexpr std::size_t inbox_crowded_messages = 4096; ///< On their way to a worker: above it `send_wait` waits.
inline constexpr std::size_t mailbox_crowded_elsewhere_messages =
    2000; ///< The same of a mailbox, for senders on other workers, who then wait until half of it is gone.
inline constexpr std::size_t mailbox_messages_max =
    1'000'000; ///< Per process; the sender's messages are dropped above it.
inline constexpr std::size_t mailbox_crowded_messages = 1000; ///< Above it `send_wait` lets the receiver go first.

// Calls of other nodes.
inline constexpr std::size_t calls_per_peer_max = 10'000; ///< Functions under way for one node; then `system_limit`.
inline constexpr std::size_t refusals_logged_max = 1000;  ///< Different ones; each is logged once.

// EPMD server.
inline constexpr std::size_t epmd_connections_max = 256;
inline constexpr std::chrono::seconds epmd_request_time_max{2}; ///< From accept to a complete request.
inline constexpr std::size_t epmd_request_bytes_max = 3057;     ///< OTP's epmd refuses from 3058.
inline constexpr std::size_t epmd_remembered_names_max = 1000;  ///< Whose creation goes on counting.
inline constexpr std::size_t epmd_registrations_max = 256;      ///< Names held at a time; one descriptor each.
inline constexpr std::size_t epmd_name_characters_max = 255;    ///< OTP's own limit; at most 4 bytes each.
inline constexpr std::size_t epmd_extra_bytes_max = 1020;       ///< OTP's own limit.
inline constexpr std::size_t epmd_answer_bytes_max = mebibyte;  ///< As a client: a list of 1,000 long names.

// Gossip.
inline constexpr std::size_t gossip_packet_bytes_max = 1400; ///< Below every usual MTU.
inline constexpr std::size_t gossip_map_keys_max = 8;
inline constexpr std::size_t gossip_packets_per_second_max = 64; ///< Per source address.
inline constexpr std::size_t gossip_sources_max = 1024;          ///< Source addresses counted at a time.
inline constexpr std::size_t node_name_characters_max = 255;     ///< OTP's own limit, `@` and host included.

// Topologies.
inline constexpr std::size_t topology_nodes_max = 1024;     ///< Wanted by one topology; as many as there can be peers.
inline constexpr std::size_t topology_discovered_max = 256; ///< Untrusted names that one topology remembers.
inline constexpr std::size_t dials_max = 16;                ///< Under way at a time; a dead host holds one for 7 s.
inline constexpr std::size_t config_bytes_max = mebibyte;   ///< Of one configuration file.
inline constexpr std::size_t config_nesting_max = 16;       ///< Levels of tables and lists in it.

// Senders and large messages.
inline constexpr std::size_t send_wait_bytes = mebibyte; ///< Queued for a peer; above it `send_wait` waits, as in OTP.
inline constexpr std::size_t send_control_bytes = 64 * 1024; ///< Kept for exits, links and acknowledgements.
inline constexpr std::size_t peer_cookies_max = 10'000;      ///< Cookies of single peers that a node remembers.

} // namespace sedge::limits
