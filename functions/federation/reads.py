# SPDX-License-Identifier: Apache-2.0
"""How does `gather` read, and how is the same read answered again?

`LiveReads` asks the ports and writes down every answer; `RecordedReads` answers from such a record, takes immutable
documents from the store again, and refuses when one of them is gone or differs.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from federation.core import names
from federation.core.admission import Observed
from federation.core.channel import Channel, channel_of
from federation.core.decision import Trace
from federation.core.digest import digest_of
from federation.core.policy import Policy, policy_of
from federation.errors import MissingError
from federation.ports import Artifacts, Firing, Ports, Receipt, Served, Store

_decode = msgspec.json.Decoder().decode
T = TypeVar("T")


class LiveReads:
    """Reads of the world as it is."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._policy: Policy | None = None
        self.trace: list[Mapping[str, Any]] = []

    def policy(self) -> Policy:
        """The active policy: the one of the highest version."""
        if self._policy is None:
            self._policy = _active_policy(self.names(names.POLICIES), self._body)
        return self._policy

    def document(self, name: str) -> Any | None:
        """The document under a name, or None."""
        body = self._body(name)
        return _decode(body) if body is not None else None

    def names(self, prefix: str) -> Sequence[str]:
        """Every name that begins so, sorted."""
        found = list(self._ports.store.names(prefix))
        self._note("names", prefix, found)
        return found

    def channel(self, name: str) -> Channel:
        """The channel now."""
        body = self._ports.store.channel(name)
        document = _decode(body) if body is not None else None
        self._note("channel", name, document)
        return channel_of(document, name)

    def artifact(self, uri: str, limit: int) -> bytes | None:
        """The bytes at a URI, or None when nothing is there yet."""
        body = _there(lambda: self._ports.artifacts.read(uri, limit))
        self._note("artifact", uri, digest_of(body) if body is not None else None)
        return body

    def observe(self, uri: str) -> Observed | None:
        """SHA-256 and size of what lies at a URI, or None."""
        found = _there(lambda: self._ports.artifacts.observe(uri))
        self._note("observe", uri, msgspec.to_builtins(found))
        return found

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """What the clouds' jobs really ended with."""
        found = [dict(data) for data in self._ports.trainer.finished()]
        self._note("finished", "", found)
        return found

    def located(self, resource: str) -> str | None:
        """Where the unit of a finished job lies, asked of its platform."""
        found = self._ports.trainer.artifact(resource)
        self._note("located", resource, found)
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

    def probe(self, channel: str, release: str) -> bool:
        """Whether a release can serve now."""
        answer = self._ports.traffic.probe(channel, release)
        self._note("probe", release, answer)
        return answer

    def published(self, release: str) -> Receipt | None:
        """What the registry really holds."""
        found = self._ports.registry.find(release)
        self._note("published", release, msgspec.to_builtins(found))
        return found

    def _body(self, name: str) -> bytes | None:
        body = self._ports.store.read(name)
        self._note("document", name, digest_of(body) if body is not None else None)
        return body

    def _note(self, what: str, of: str, is_: Any) -> None:
        self.trace.append({"what": what, "of": of, "is": is_})


class RecordedReads:
    """Reads as they were answered when a decision was taken."""

    def __init__(self, trace: Trace, store: Store, artifacts: Artifacts) -> None:
        self._answers = {(entry["what"], entry["of"]): entry["is"] for entry in trace}
        self._store = store
        self._artifacts = artifacts
        self._policy: Policy | None = None

    def policy(self) -> Policy:
        """The policy that was active then."""
        if self._policy is None:
            self._policy = _active_policy(self.names(names.POLICIES), self._body)
        return self._policy

    def document(self, name: str) -> Any | None:
        """The document that was there then."""
        body = self._body(name)
        return _decode(body) if body is not None else None

    def names(self, prefix: str) -> Sequence[str]:
        """The names that were there then."""
        found: list[str] = self._answer("names", prefix)
        return found

    def channel(self, name: str) -> Channel:
        """The channel as it was then."""
        return channel_of(self._answer("channel", name), name)

    def artifact(self, uri: str, limit: int) -> bytes | None:
        """The bytes that were there then."""
        recorded = self._answer("artifact", uri)
        if recorded is None:
            return None
        return _same(uri, recorded, _there(lambda: self._artifacts.read(uri, limit)))

    def observe(self, uri: str) -> Observed | None:
        """What was observed then."""
        found = self._answer("observe", uri)
        return msgspec.convert(found, Observed | None)

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """What had ended then."""
        found: list[Mapping[str, Any]] = self._answer("finished", "")
        return found

    def located(self, resource: str) -> str | None:
        """Where it lay then."""
        found: str | None = self._answer("located", resource)
        return found

    def firing(self) -> Sequence[Firing]:
        """The alarms that fired then."""
        return msgspec.convert(self._answer("firing", ""), list[Firing])

    def served(self, channel: str) -> Served | None:
        """What was served then."""
        return msgspec.convert(self._answer("served", channel), Served | None)

    def probe(self, channel: str, release: str) -> bool:
        """Whether it could serve then."""
        del channel
        return bool(self._answer("probe", release))

    def published(self, release: str) -> Receipt | None:
        """What the registry held then."""
        return msgspec.convert(self._answer("published", release), Receipt | None)

    def _body(self, name: str) -> bytes | None:
        recorded = self._answer("document", name)
        return None if recorded is None else _same(name, recorded, self._store.read(name))

    def _answer(self, what: str, of: str) -> Any:
        try:
            return self._answers[what, of]
        except KeyError:
            raise MissingError(
                f"the decision did not read {what} {of!r}; today's code asks for more than it did"
            ) from None


def _active_policy(versions: Sequence[str], body: Callable[[str], bytes | None]) -> Policy:
    if not versions:
        raise MissingError("no policy is stored; put one there with: federation init --policy POLICY.json")
    found = body(versions[-1])
    if found is None:
        raise MissingError(f"{versions[-1]} was listed and is gone")
    return _policy(found)


@lru_cache(maxsize=16)
def _policy(body: bytes) -> Policy:
    return policy_of(_decode(body))


def _there(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except MissingError:
        return None


def _same(name: str, recorded: str, body: bytes | None) -> bytes:
    if body is None:
        raise MissingError(f"{name} was read by the decision and is gone")
    if digest_of(body) != recorded:
        raise MissingError(f"{name} was {recorded} when it was read, and is {digest_of(body)} now")
    return body
