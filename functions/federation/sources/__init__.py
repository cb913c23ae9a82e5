# SPDX-License-Identifier: Apache-2.0
"""What do the clouds' payloads mean?

`readers` maps each entry to a reader; each reader's file documents what its sender writes. `read` is the only way in: it
is pure, it stores nothing, and no input makes it raise. docs/sources.md lists every fault.
"""

from federation.sources.memory import Memory, seen
from federation.sources.reading import Completion, Reading, Request, Signal, Token
from federation.sources.trust import Trust

__all__ = ["Completion", "Memory", "Reading", "Request", "Signal", "Token", "Trust", "read", "seen"]


def read(request: Request, trust: Trust) -> Reading:
    """What the request means: an artifact to accept, nothing, or a rejection with a named error; and its signal."""
    from federation.sources.readers import read_at_entry  # noqa: PLC0415 - only a door needs the readers

    return read_at_entry(request, trust)
