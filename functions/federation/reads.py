# SPDX-License-Identifier: Apache-2.0
"""How does `gather` read? It asks the ports, and records every answer.

At first it assumes that there was no earlier delivery of the same event; `gathering.Reads.earlier` says when that is
safe.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec

from federation.core import names
from federation.core.admission import Observed
from federation.core.channel import Channel, channel_of
from federation.core.digest import digest, digest_of
from federation.core.policy import Policy, policy_of, stored_policy
from federation.errors import ContractError, MissingError
from federation.gathering import Relevant
from federation.memory import memory_of
from federation.ports import Firing, Ports, Receipt, Served
from federation.stored import NOTHING_MOVES, decoded

REFUSED: Final = "refused"
"""Key of the recorded answer about a URI that may not be read; its value is a sentence that says why."""

GUESSED_SECONDS: Final = 3600.0
"""How long an expired listing of policies may still pass for the current one, for a decision that must not wait."""

T = TypeVar("T")


class LiveReads:
    """Reads from the ports, each recorded in `trace`.

    `guessed` are names assumed free, and listings assumed current, without asking the store.
    """

    def __init__(self, ports: Ports, *, look: bool = True) -> None:
        """Reads from these ports.

        Args:
            ports: The world.
            look: Whether `earlier` asks the store; otherwise it asks only this process's cache.
        """
        self._ports = ports
        self._look = look
        self._policy: Policy | None = None
        self.guessed: set[str] = set()
        self.trace: list[Mapping[str, Any]] = []

    def policy(self) -> Policy:
        """The active policy: the one of the highest version."""
        if self._policy is None:
            self._policy = active_policy(self.names(names.POLICIES), self._body, _checked_policy)
        return self._policy

    def policy_at_least(self, version: int | None) -> Policy:
        """The active policy; an expired cached listing is good enough if it contains that version."""
        if version is not None:
            memory_of(self._ports.store).expect(names.policy(version))
            if known := self._remembered():
                self._policy = active_policy(known, self._body, _checked_policy)
        return self.policy()

    def policy_without_delay(self) -> Policy:
        """The active policy as stored; as a guess, a cached listing that expired within GUESSED_SECONDS is good enough.

        It is not checked again, since a check that the code has gained in the meantime must not stop a roll-back.
        """
        known = self._remembered(GUESSED_SECONDS)
        if known:
            self.guessed.add(names.POLICIES)
        if known or self._policy is None:
            self._policy = active_policy(known or self.names(names.POLICIES), self._body, recorded_policy)
        return self._policy

    def _remembered(self, within: float | None = None) -> Sequence[str]:
        """The cached listing of policies, expired at most `within` seconds ago; empty if the store must be asked."""
        known = () if self._look else memory_of(self._ports.store).recall_policies(within)
        if known:
            self._note("names", names.POLICIES, list(known))
        return known or ()

    def document(self, name: str) -> Any | None:
        """The document under a name, or None; ContractError if it is damaged."""
        body = self._body(name)
        return decoded(name, body) if body is not None else None

    def earlier(self, name: str) -> Any | None:
        """The result of an earlier delivery of this event; without `look`, from the cache only, and None is then a guess."""
        body = memory_of(self._ports.store).recall(name)
        if body is None and self._look:
            body = self._ports.store.read(name)
        elif body is None:
            self.guessed.add(name)
        self._note("earlier", name, digest_of(body) if body is not None else None)
        return decoded(name, body) if body is not None else None

    def names(self, prefix: str, relevant: Relevant | None = None) -> Sequence[str]:
        """Every name with this prefix, sorted, or the relevant ones; the others are not recorded."""
        listed = self._ports.store.names(prefix)
        found = list(relevant(listed) if relevant else listed)
        self._note("names", prefix, found)
        return found

    def channel(self, name: str) -> Channel:
        """The channel now."""
        body = self._ports.store.channel(name)
        document = decoded(f"the channel {name}", body, NOTHING_MOVES) if body is not None else None
        self._note("channel", name, document)
        return channel_of(document, name)

    def artifact(self, uri: str, limit: int) -> bytes | None:
        """The bytes at a URI, or None if nothing is there yet."""
        body = self._shipped("artifact", uri, lambda: self._ports.artifacts.read(uri, limit))
        self._note("artifact", uri, digest_of(body) if body is not None else None)
        return body

    def observe(self, uri: str) -> Observed | None:
        """SHA-256 and size of the file at a URI, or None."""
        found = self._shipped("observe", uri, lambda: self._ports.artifacts.observe(uri))
        self._note("observe", uri, msgspec.to_builtins(found))
        return found

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """How the clouds' jobs ended, as their platforms report it."""
        found = [dict(data) for data in self._ports.trainer.finished()]
        self._note("finished", "", found)
        return found

    def located(self, resource: str) -> str | None:
        """URI of a finished job's unit, as its platform states it; None if the platform does not know."""
        found = self._ports.trainer.artifact(resource)
        self._note("located", resource, found)
        return found

    def unstartable(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why this home could not start a job as it is described, or None."""
        found = self._ports.trainer.refusal(name, job)
        self._note("unstartable", digest({name: job}), found)
        return found

    def firing(self) -> Sequence[Firing]:
        """The alarms that fire now."""
        found = self._ports.alarms.firing()
        self._note("firing", "", msgspec.to_builtins(found))
        return found

    def served(self, channel: str) -> Served | None:
        """What is really served."""
        found = self._ports.traffic.serving(channel)
        self._note("served", channel, msgspec.to_builtins(found))
        return found

    def probe(self, channel: str, release: str) -> bool | None:
        """Whether a release can serve now; None if it cannot be asked."""
        answer = self._ports.traffic.probe(channel, release)
        self._note("probe", release, answer)
        return answer

    def unservable(self, channel: str, release: str) -> str | None:
        """Why the nodes could not begin to serve a release, or None."""
        found = self._ports.traffic.refusal(channel, release)
        self._note("unservable", release, found)
        return found

    def published(self, release: str) -> Receipt | None:
        """What the registry really has under the release's name."""
        found = self._ports.registry.find(release)
        self._note("published", release, msgspec.to_builtins(found))
        return found

    def _shipped(self, what: str, uri: str, read: Callable[[], T]) -> T | None:
        """The answer about a URI, or None if nothing is there; a refusal to read it is recorded, too."""
        try:
            return none_if_missing(read)
        except ContractError as error:
            self._note(what, uri, {REFUSED: str(error)})
            raise

    def _body(self, name: str) -> bytes | None:
        body = self._ports.store.read(name)
        self._note("document", name, _digest(body) if body is not None else None)
        return body

    def _note(self, what: str, of: str, is_: Any) -> None:
        self.trace.append({"what": what, "of": of, "is": is_})


def active_policy(
    versions: Sequence[str], body: Callable[[str], bytes | None], read: Callable[[str, bytes], Policy]
) -> Policy:
    """The policy of the highest version.

    Args:
        versions: The names of all policies, sorted.
        body: Returns the body under one of these names.
        read: Reads the body of that name, with the checks of this version, or without them where an old policy must do.

    Raises:
        MissingError: There is none.
        ContractError: It is damaged.
    """
    if not versions:
        raise MissingError("no policy is stored; store one with `federation init --policy POLICY.json`")
    found = body(versions[-1])
    if found is None:
        raise MissingError(f"{versions[-1]} was listed, but is no longer there")
    return read(versions[-1], found)


_digest = lru_cache(maxsize=64)(digest_of)
"""Cached, since a process reads the same policy and the same release at every event."""


@lru_cache(maxsize=16)
def _checked_policy(name: str, body: bytes) -> Policy:
    """The policy of a stored document, if this version of the code accepts it."""
    return policy_of(decoded(name, body, NOTHING_MOVES), what=name)


@lru_cache(maxsize=16)
def recorded_policy(name: str, body: bytes) -> Policy:
    """The policy of a stored document, which was checked when it was stored."""
    return stored_policy(decoded(name, body, NOTHING_MOVES), what=name)


def none_if_missing(read: Callable[[], T]) -> T | None:
    """The result of a read, or None if nothing is there yet."""
    try:
        return read()
    except MissingError:
        return None
