# SPDX-License-Identifier: Apache-2.0
"""What nodes may log while nodes are killed and cables are cut.

OTP nodes: what a cluster without sedge logs for the same, as found by `scripts/soak --nodes 0+6` and
tests/machines/partition_test.py. Each pattern says why it is written.
"""

import re

EXPECTED = {
    "otp": {
        # net_kernel: a silent peer has been given up, after three quarters to five quarters of net_ticktime.
        "not responding": r"error \*\* Node '[^']+' not responding \*\*.*Removing \(timedout\) connection \*\*",
        # global, prevent_overlapping_partitions: a node that another one has lost is dropped by all.
        "global requested disconnect": r"warning 'global' at node '[^']+' requested disconnect from node '[^']+' in "
                                       r"order to prevent overlapping partitions",
        "global disconnected": r"warning 'global' at node '[^']+' disconnected node '[^']+' in order to prevent "
                               r"overlapping partitions",
        # The same, when a node that others told of cannot be reached.
        "global failed to connect": r"warning 'global' at '[^']+' failed to connect to '[^']+'",
        # An answer to a request for a lock that came after the one who asked had given it up: the node was
        # lost and is connected again. Nodes of OTP answer each other so late, and nodes of sedge do as they do.
        "late answer of a lock": r"warning The global_name_server (locker|register) process received an unexpected "
                                 r"message:, \{\{#Ref<[\d.]+>,'[^']+'\},(true|false)\}",
    },
    "sedge": {
        # The same as on nodes of OTP.
        "global requested disconnect": r"warning \[sedge\] 'global' at node \S+ requested disconnect from node \S+ in "
                                       r"order to prevent overlapping partitions",
        "global disconnected": r"warning \[sedge\] 'global' at node \S+ disconnected node \S+ in order to prevent "
                               r"overlapping partitions",
        "global failed to connect": r"warning \[sedge\] 'global' at \S+ failed to connect to \S+",
        # A topology tells why a node that is wanted cannot be reached; once for each reason, and now and then again.
        "unable to connect": r"warning \[sedge:soak\] (still )?unable to connect to ",
        # A node was killed, or its cable cut, between its TCP connection and its name.
        "connection attempt failed": r"warning \[sedge\] connection from 172\.24\.176\.\d+:\d+: ",
    },
}


def sort_out(kind, lines):
    """({short name of the expected: count}, [unexpected lines])."""
    counts, unknown = {}, []
    for line in lines:
        why = next((why for why, pattern in EXPECTED[kind].items() if re.match(pattern, line)), None)
        if why:
            counts[why] = counts.get(why, 0) + 1
        else:
            unknown.append(line)
    return counts, unknown
