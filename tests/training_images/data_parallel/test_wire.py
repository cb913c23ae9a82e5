# SPDX-License-Identifier: Apache-2.0
"""What the kernel counts of a process's connections."""

import socket
from contextlib import ExitStack

from training_images.data_parallel.wire import TrafficCounters, read_counters

BYTES = 300_000


def pair(stack):
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    here = stack.enter_context(socket.create_connection(listener.getsockname()))
    there, _ = listener.accept()
    return here, stack.enter_context(there)


def carry(here, there):
    taken = 0
    for _ in range(3):
        here.sendall(bytes(BYTES // 3))
        while taken % (BYTES // 3) or not taken:
            taken += len(there.recv(BYTES))
        taken = 0


def test_every_byte_that_was_sent_and_received_is_counted():
    with ExitStack() as stack:
        here, there = pair(stack)
        before = read_counters()
        carry(here, there)
        assert read_counters().since(before) == TrafficCounters(sent=BYTES, received=BYTES)


def test_connections_to_a_port_may_be_left_out():
    with ExitStack() as stack:
        here, there = pair(stack)
        before = read_counters(but={here.getsockname()[1]})
        carry(here, there)
        assert read_counters(but={here.getsockname()[1]}).since(before) == TrafficCounters(sent=0, received=0)
