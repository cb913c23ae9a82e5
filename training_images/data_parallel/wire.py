# SPDX-License-Identifier: Apache-2.0
"""How many bytes did this process send and receive? The kernel counts them for each TCP connection.

`struct tcp_info` of Linux, include/uapi/linux/tcp.h: tcpi_bytes_received at byte 128, tcpi_bytes_sent at byte 200
(since 4.19). Traffic over NVLink or InfiniBand is not TCP and not counted.
"""

import os
import socket
import struct
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_DESCRIPTORS: Final = Path("/proc/self/fd")
_RECEIVED: Final = 128
_SENT: Final = 200
_LENGTH: Final = 208
_COUNTER: Final = struct.Struct("=Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficCounters:
    """Bytes, by direction."""

    sent: int
    received: int

    def since(self, before: "TrafficCounters") -> "TrafficCounters":
        """The bytes that were added since `before`."""
        return TrafficCounters(sent=self.sent - before.sent, received=self.received - before.received)


def read_counters(but: Collection[int] = ()) -> TrafficCounters | None:
    """The bytes that all connections of this process have carried; None if the kernel does not count them.

    Args:
        but: Ports whose connections do not count, because processes only find each other there.
    """
    if sys.platform != "linux":
        return None
    sent = received = 0
    for info in _connections(but):
        if len(info) < _LENGTH:
            return None
        sent += _COUNTER.unpack_from(info, _SENT)[0]
        received += _COUNTER.unpack_from(info, _RECEIVED)[0]
    return TrafficCounters(sent=sent, received=received)


def _connections(but: Collection[int]) -> Iterator[bytes]:
    for entry in _DESCRIPTORS.iterdir():
        try:
            if not str(entry.readlink()).startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(entry.name))) as connection:
                if _is_tcp(connection) and not {connection.getsockname()[1], connection.getpeername()[1]} & set(but):
                    yield connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)  # type: ignore[attr-defined,unused-ignore]
        except OSError:  # closed meanwhile, or only listening
            continue


def _is_tcp(connection: socket.socket) -> bool:
    return connection.family in {socket.AF_INET, socket.AF_INET6} and connection.type == socket.SOCK_STREAM
