# SPDX-License-Identifier: Apache-2.0
"""Ports for the programs of a test; tests/support/free_port.hpp is the same for C++."""

import itertools
import os
import socket

# Below those that Linux chooses from (net.ipv4.ip_local_port_range: 32768 and up), above the ones with names.
FIRST, COUNT = 10_000, 22_000
OF_ONE_PROGRAM = 31  # so that programs that run at the same time begin apart

_numbers = itertools.count(os.getpid() * OF_ONE_PROGRAM)


def free_port():
    """A port of loopback at which nobody listens, TCP or UDP; another one at each call. The kernel gives it to nobody
    who does not ask for it by number: one that it chose for us, it may choose again for the next who wants any."""
    for number in itertools.islice(_numbers, COUNT):
        port = FIRST + number % COUNT
        try:
            with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tcp.bind(("127.0.0.1", port))
                tcp.listen()
                udp.bind(("127.0.0.1", port))
            return port
        except OSError:
            continue
    raise OSError("no port of loopback is free")
