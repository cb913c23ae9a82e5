# SPDX-License-Identifier: Apache-2.0
"""The readers of the clouds' payloads.

`readers` maps each entry to a reader; each reader's file documents the payload. `read` is the only public function: it is
pure, stores nothing, and never raises, whatever the input. docs/sources.md lists every fault.
"""

from federation.sources.memory import Memory, without_repeated
from federation.sources.reading import Completion, Reading, Request, Signal, Token
from federation.sources.trust import Trust

__all__ = ["Completion", "Memory", "Reading", "Request", "Signal", "Token", "Trust", "read", "without_repeated"]


def read(request: Request, trust: Trust) -> Reading:
    """The reading of a request: an artifact to accept, nothing, or a rejection with a named error; and its signal."""
    from federation.sources.readers import read_at_entry  # noqa: PLC0415 - only an entry point needs the readers

    return read_at_entry(request, trust)
