# SPDX-License-Identifier: Apache-2.0
"""The input and output of every source.

A `Request` is a delivery at one entry; a `Reading` is the whole answer. Sources are pure: the edge verifies the
signatures of tokens and messages, and passes the claims in.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec.structs import force_setattr

from federation.errors import ContractError

ReadingVerdict = Literal["accept", "ignore", "reject"]
State = Literal["firing", "resolved", "unknown"]
_SHOWN: Final = 80


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A bearer token after the edge verified it: its claims, or the name of its fault.

    Args:
        claims: iss, aud, email, email_verified ... of a token whose signature and expiry are valid.
        failure: `oidc_missing`, `oidc_signature`, `oidc_expired` or another name that begins with `oidc_`.
    """

    claims: Mapping[str, Any] = msgspec.field(default_factory=dict)
    failure: str | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery: the body as received, the headers under lower-case names, and the edge's proof of the sender.

    Args:
        entry: Where it arrived, one of `federation.sources.readers.ENTRIES`.
        body: The exact bytes; for a Lambda entry, the invocation's payload.
        headers: The headers, with names in upper or lower case.
        token: The bearer token, if one was sent.
        proven: The edge has proved the sender by other means: mutual TLS, a message signature, an IAM check.
    """

    entry: str
    body: bytes
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    token: Token | None = None
    proven: bool = False

    def __post_init__(self) -> None:
        force_setattr(self, "headers", {name.lower(): value for name, value in self.headers.items()})


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact that a job finished. Without `artifact_uri`, `requires_enrichment` says how to get the URI.

    `artifact_is_prefix`: the URI names a folder, not one object. `previous_revision` is the ref's previous commit, so
    that a missed push shows as a gap.
    """

    provider: Literal["sagemaker", "vertex", "huggingface", "s3", "gcs"]
    resource: str
    dedupe_key: str
    artifact_uri: str | None = None
    artifact_is_prefix: bool = False
    completed_at: str | None = None
    revision: str | None = None
    previous_revision: str | None = None
    ref: str | None = None
    requires_enrichment: str | None = None


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm, a tick or an endpoint's change of state. Its verdict is independent of the reading's.

    `at` is when the state changed, `scheduled_for` when a tick was due, `name` the kind of tick. `names` are the names
    that a policy may use for the alarm, each with when it began to fire; empty if some are unknown.
    """

    kind: Literal["alarm", "tick", "endpoint"]
    verdict: ReadingVerdict
    state: State | None = None
    key: str | None = None
    at: str | None = None
    scheduled_for: str | None = None
    suppressed_by: str | None = None
    name: str | None = None
    names: Mapping[str, str | None] = msgspec.field(default_factory=dict)
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a request: what to record, what to signal, and how to respond over HTTP.

    `error` names the fault of a rejection. `park`: the sender is authentic, but the body is unusable and must be kept
    for a person. `answer` and `answer_headers` are the body and headers of a handshake's response. `batch` contains one
    reading per record if the carrier has several.
    """

    verdict: ReadingVerdict
    why: str
    error: str | None = None
    completions: tuple[Completion, ...] = ()
    signal: Signal | None = None
    respond: int | None = None
    park: bool = False
    answer: str = ""
    answer_headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    message_id: str | None = None
    batch: tuple["Reading", ...] | None = None

    @property
    def completion(self) -> Completion | None:
        """The first completion; a push that moves two refs has two."""
        return self.completions[0] if self.completions else None

    @property
    def batch_item_failures(self) -> tuple[str, ...]:
        """The message ids to return as `batchItemFailures`: those of the records that were rejected."""
        return tuple(record.message_id for record in self.batch or () if record.failed and record.message_id)

    @property
    def failed(self) -> bool:
        """Whether this, or anything that it carries, was rejected."""
        return self.verdict == "reject" or any(record.failed for record in self.batch or ())


class UnreadableError(ContractError):
    """A reader's refusal, which `federation.sources.read` turns into a Reading, so that it never leaves this package."""

    def __init__(self, error: str, why: str) -> None:
        super().__init__(why, (error,))
        self.error = error
        self.why = why


def accepted(why: str, *completions: Completion) -> Reading:
    """A delivery of artifacts to record."""
    return Reading(verdict="accept", why=why, completions=completions)


def ignored(why: str, signal: Signal | None = None) -> Reading:
    """A valid delivery without an artifact; an alarm or a tick is in `signal`."""
    return Reading(verdict="ignore", why=why, signal=signal)


def rejected(fault: UnreadableError) -> Reading:
    """A rejection with the fault's name and reason."""
    return Reading(verdict="reject", error=fault.error, why=fault.why)


def quoted(value: Any) -> str:
    """A foreign value for a sentence, as JSON writes it or its absence: escaped, ASCII, at most 80 characters."""
    if value is None:
        return "missing or null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'an array'} of {len(value)}"
    text = ascii(value[:_SHOWN] if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
