# SPDX-License-Identifier: Apache-2.0
"""How does a replay answer the reads of a decision, months later? From the trace recorded with the decision.

Documents and artifacts are read again from where they are stored; it is an error if one is gone or its digest differs.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from federation.core import names
from federation.core.admission import Observed
from federation.core.channel import Channel, channel_of
from federation.core.decision import Trace
from federation.core.digest import digest, digest_of
from federation.core.policy import Policy
from federation.errors import ContractError, MissingError
from federation.gathering import Relevant
from federation.ports import Artifacts, Firing, Receipt, Served, Store
from federation.reads import REFUSED, active_policy, none_if_missing, recorded_policy
from federation.stored import decoded


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
            self._policy = active_policy(self.names(names.POLICIES), partial(self._body, "document"), recorded_policy)
        return self._policy

    def policy_at_least(self, version: int | None) -> Policy:
        """The policy that was taken then."""
        del version
        return self.policy()

    def policy_without_delay(self) -> Policy:
        """The policy that was taken then."""
        return self.policy()

    def document(self, name: str) -> Any | None:
        """The document that was there then."""
        body = self._body("document", name)
        return decoded(name, body) if body is not None else None

    def earlier(self, name: str) -> Any | None:
        """The earlier delivery's result, as far as it was known then."""
        body = self._body("earlier", name)
        return decoded(name, body) if body is not None else None

    def names(self, prefix: str, relevant: Relevant | None = None) -> Sequence[str]:
        """The names that were there then; what an older decision recorded besides the relevant ones is left out."""
        found: list[str] = self._told("names", prefix, list[str])
        return list(relevant(found)) if relevant else found

    def channel(self, name: str) -> Channel:
        """The channel as it was then."""
        return channel_of(self._answer("channel", name), name)

    def artifact(self, uri: str, limit: int) -> bytes | None:
        """The bytes that were there then."""
        recorded = self._shipped("artifact", uri)
        if recorded is None:
            return None
        return _same(uri, recorded, none_if_missing(lambda: self._artifacts.read(uri, limit)))

    def observe(self, uri: str) -> Observed | None:
        """What was observed then."""
        self._shipped("observe", uri)
        found: Observed | None = self._told("observe", uri, Observed | None)
        return found

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """What had ended then."""
        found: list[dict[str, Any]] = self._told("finished", "", list[dict[str, Any]])
        return found

    def located(self, resource: str) -> str | None:
        """Where the unit was then."""
        found: str | None = self._told("located", resource, str | None)
        return found

    def unstartable(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why the home could not start the job then."""
        found: str | None = self._told("unstartable", digest({name: job}), str | None)
        return found

    def firing(self) -> Sequence[Firing]:
        """The alarms that fired then."""
        found: list[Firing] = self._told("firing", "", list[Firing])
        return found

    def served(self, channel: str) -> Served | None:
        """What was served then."""
        found: Served | None = self._told("served", channel, Served | None)
        return found

    def probe(self, channel: str, release: str) -> bool | None:
        """Whether the release could serve then."""
        del channel
        found: bool | None = self._told("probe", release, bool | None)
        return found

    def unservable(self, channel: str, release: str) -> str | None:
        """Why the release could not serve then."""
        del channel
        found: str | None = self._told("unservable", release, str | None)
        return found

    def published(self, release: str) -> Receipt | None:
        """What the registry had under the release's name then."""
        found: Receipt | None = self._told("published", release, Receipt | None)
        return found

    def _shipped(self, what: str, uri: str) -> Any:
        found = self._answer(what, uri)
        if isinstance(found, Mapping) and REFUSED in found:
            raise ContractError(found[REFUSED])
        return found

    def _body(self, what: str, name: str) -> bytes | None:
        recorded = self._answer(what, name)
        return None if recorded is None else _same(name, recorded, self._store.read(name))

    def _told(self, what: str, of: str, as_: Any) -> Any:
        """An answer of that type.

        Raises:
            ContractError: It is of another, so what was recorded is damaged.
        """
        try:
            return msgspec.convert(self._answer(what, of), as_)
        except msgspec.ValidationError as error:
            raise ContractError(f"what the decision recorded of {what} {of!r:.200} is damaged: {error}") from error

    def _answer(self, what: str, of: str) -> Any:
        try:
            return self._answers[what, of]
        except KeyError:
            raise MissingError(
                f"the decision did not read {what} {of!r}; today's code asks for more than it did"
            ) from None


def _same(name: str, recorded: str, body: bytes | None) -> bytes:
    if body is None:
        raise MissingError(f"{name} was read by the decision, but is no longer there")
    if digest_of(body) != recorded:
        raise MissingError(f"{name} was {recorded} when it was read, but is {digest_of(body)} now")
    return body
