# SPDX-License-Identifier: Apache-2.0
"""Reads from the ports for `gather`, and records every answer.

At first the reads assume that this is the event's first delivery; `gathering.Reads.earlier` says when that is safe.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec

from federation.core import names
from federation.core.admission import StoredFile
from federation.core.channel import Channel, channel_of
from federation.core.digest import digest, digest_of
from federation.core.policy import Policy, policy_of, stored_policy
from federation.errors import ContractError, MissingError
from federation.gathering import Relevant
from federation.memory import memory_of
from federation.ports import Firing, Ports, Receipt, Served
from federation.stored import NOTHING_MOVES, decoded

REFUSED: Final = "refused"
"""The key of the recorded answer about a URI that may not be read. Its value is a sentence that says why."""

GUESSED_SECONDS: Final = 3600.0
"""How long after its expiry a listing of policies may be used by a decision that must not wait, in seconds."""

T = TypeVar("T")


class LiveReads:
    """Reads from the ports, each recorded in `trace`.

    `guessed` are names assumed to be free, and listings assumed to be current, without asking the store.
    """

    def __init__(self, ports: Ports, *, look: bool = True) -> None:
        """Reads from these ports.

        Args:
            ports: The ports of this home.
            look: Whether `earlier` asks the store; if not, it asks only this process's cache.
        """
        self._ports = ports
        self._look = look
        self._policy: Policy | None = None
        self.guessed: set[str] = set()
        self.trace: list[Mapping[str, Any]] = []

    def policy(self) -> Policy:
        """The active policy, which is the one with the highest version."""
        if self._policy is None:
            self._policy = active_policy(self.names(names.POLICIES), self._body, _checked_policy)
        return self._policy

    def policy_at_least(self, version: int | None) -> Policy:
        """The active policy. An expired cached listing may be used if it contains this version."""
        if version is not None:
            memory_of(self._ports.store).expect(names.policy(version))
            if listing := self._cached_listing():
                self._policy = active_policy(listing, self._body, _checked_policy)
        return self.policy()

    def policy_without_delay(self) -> Policy:
        """The active policy, perhaps from a cached listing that expired within GUESSED_SECONDS, as a guess.

        It is not checked again, because a new check in a later version must not stop a roll-back.
        """
        listing = self._cached_listing(GUESSED_SECONDS)
        if listing:
            self.guessed.add(names.POLICIES)
        if listing or self._policy is None:
            self._policy = active_policy(listing or self.names(names.POLICIES), self._body, recorded_policy)
        return self._policy

    def _cached_listing(self, within: float | None = None) -> Sequence[str]:
        """The cached listing of policies, if it expired at most `within` seconds ago; else empty."""
        listing = () if self._look else memory_of(self._ports.store).recall_policies(within)
        if listing:
            self._record("names", names.POLICIES, list(listing))
        return listing or ()

    def document(self, name: str) -> Any | None:
        """The document under a name, or None; ContractError if it is damaged."""
        body = self._body(name)
        return decoded(name, body) if body is not None else None

    def earlier(self, name: str) -> Any | None:
        """The result of an earlier delivery of this event. Without `look` only the cache is asked, and None is a guess."""
        body = memory_of(self._ports.store).recall(name)
        if body is None and self._look:
            body = self._ports.store.read(name)
        elif body is None:
            self.guessed.add(name)
        self._record("earlier", name, digest_of(body) if body is not None else None)
        return decoded(name, body) if body is not None else None

    def names(self, prefix: str, relevant: Relevant | None = None) -> Sequence[str]:
        """Every name with this prefix, sorted; or only the relevant ones, and only those are recorded."""
        all_names = self._ports.store.names(prefix)
        selected = list(relevant(all_names) if relevant else all_names)
        self._record("names", prefix, selected)
        return selected

    def channel(self, name: str) -> Channel:
        """The channel now."""
        body = self._ports.store.channel(name)
        document = decoded(f"the channel {name}", body, NOTHING_MOVES) if body is not None else None
        self._record("channel", name, document)
        return channel_of(document, name)

    def artifact(self, uri: str, limit: int) -> bytes | None:
        """The bytes at a URI, or None if nothing is there yet."""
        body = self._artifact_answer("artifact", uri, lambda: self._ports.artifacts.read(uri, limit))
        self._record("artifact", uri, digest_of(body) if body is not None else None)
        return body

    def observe(self, uri: str) -> StoredFile | None:
        """SHA-256 and size of the file at a URI, or None."""
        observed = self._artifact_answer("observe", uri, lambda: self._ports.artifacts.observe(uri))
        self._record("observe", uri, msgspec.to_builtins(observed))
        return observed

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """How the clouds' jobs ended, as their platforms report it."""
        jobs = [dict(data) for data in self._ports.trainer.finished()]
        self._record("finished", "", jobs)
        return jobs

    def located(self, resource: str) -> str | None:
        """The URI of a finished job's unit, or None if its platform does not know."""
        uri = self._ports.trainer.artifact(resource)
        self._record("located", resource, uri)
        return uri

    def unstartable(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why this home could not start a job with this description; None if it could."""
        reason = self._ports.trainer.refusal(name, job)
        self._record("unstartable", digest({name: job}), reason)
        return reason

    def firing(self) -> Sequence[Firing]:
        """The alarms that fire now."""
        alarms = self._ports.alarms.firing()
        self._record("firing", "", msgspec.to_builtins(alarms))
        return alarms

    def served(self, channel: str) -> Served | None:
        """What the nodes really serve."""
        served = self._ports.traffic.serving(channel)
        self._record("served", channel, msgspec.to_builtins(served))
        return served

    def probe(self, channel: str, release: str) -> bool | None:
        """Whether a release can serve now; None if it cannot be reached."""
        answer = self._ports.traffic.probe(channel, release)
        self._record("probe", release, answer)
        return answer

    def unservable(self, channel: str, release: str) -> str | None:
        """Why the nodes could not start to serve a release; None if they could."""
        reason = self._ports.traffic.refusal(channel, release)
        self._record("unservable", release, reason)
        return reason

    def published(self, release: str) -> Receipt | None:
        """What the registry really has under the release's name."""
        receipt = self._ports.registry.find(release)
        self._record("published", release, msgspec.to_builtins(receipt))
        return receipt

    def _artifact_answer(self, what: str, uri: str, read: Callable[[], T]) -> T | None:
        """The answer about a URI, or None if nothing is there. A refusal to read it is recorded, too."""
        try:
            return none_if_missing(read)
        except ContractError as error:
            self._record(what, uri, {REFUSED: str(error)})
            raise

    def _body(self, name: str) -> bytes | None:
        body = self._ports.store.read(name)
        self._record("document", name, _digest(body) if body is not None else None)
        return body

    def _record(self, what: str, of: str, is_: Any) -> None:
        self.trace.append({"what": what, "of": of, "is": is_})


def active_policy(
    versions: Sequence[str], body: Callable[[str], bytes | None], read: Callable[[str, bytes], Policy]
) -> Policy:
    """The policy with the highest version.

    Args:
        versions: The names of all policies, sorted.
        body: Returns the body under one of these names.
        read: Parses a policy from its name and body, with or without the checks of this version.

    Raises:
        MissingError: There is no policy.
        ContractError: The policy is damaged.
    """
    if not versions:
        raise MissingError("no policy is stored; store one with `federation init --policy POLICY.json`")
    policy_body = body(versions[-1])
    if policy_body is None:
        raise MissingError(f"{versions[-1]} was listed, but is no longer there")
    return read(versions[-1], policy_body)


_digest = lru_cache(maxsize=64)(digest_of)
"""Cached, because a process reads the same policy and release at every event."""


@lru_cache(maxsize=16)
def _checked_policy(name: str, body: bytes) -> Policy:
    """The policy of a stored document. ContractError if this version of the code rejects it."""
    return policy_of(decoded(name, body, NOTHING_MOVES), what=name)


@lru_cache(maxsize=16)
def recorded_policy(name: str, body: bytes) -> Policy:
    """The policy of a stored document, without checks. It was checked when it was stored."""
    return stored_policy(decoded(name, body, NOTHING_MOVES), what=name)


def none_if_missing(read: Callable[[], T]) -> T | None:
    """The result of a read, or None if nothing is there yet."""
    try:
        return read()
    except MissingError:
        return None
