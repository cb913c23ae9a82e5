# SPDX-License-Identifier: Apache-2.0
"""Answers the reads of a replay from the trace recorded with the decision.

Documents and artifacts are read again. It is an error if one is gone, or if its digest differs.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from federation.core import names
from federation.core.admission import StoredFile
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
    """Reads with the answers of the time when a decision was taken."""

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
        """The policy that was used then."""
        del version
        return self.policy()

    def policy_without_delay(self) -> Policy:
        """The policy that was used then."""
        return self.policy()

    def document(self, name: str) -> Any | None:
        """The document that was there then."""
        body = self._body("document", name)
        return decoded(name, body) if body is not None else None

    def earlier(self, name: str) -> Any | None:
        """The earlier delivery's result, if it was known then."""
        body = self._body("earlier", name)
        return decoded(name, body) if body is not None else None

    def names(self, prefix: str, relevant: Relevant | None = None) -> Sequence[str]:
        """The names that were there then, or the relevant ones. Old decisions also recorded others."""
        recorded: list[str] = self._typed_answer("names", prefix, list[str])
        return list(relevant(recorded)) if relevant else recorded

    def channel(self, name: str) -> Channel:
        """The channel as it was then."""
        return channel_of(self._answer("channel", name), name)

    def artifact(self, uri: str, limit: int) -> bytes | None:
        """The bytes that were there then."""
        recorded = self._artifact_answer("artifact", uri)
        if recorded is None:
            return None
        return _unchanged_body(uri, recorded, none_if_missing(lambda: self._artifacts.read(uri, limit)))

    def observe(self, uri: str) -> StoredFile | None:
        """What was observed then."""
        self._artifact_answer("observe", uri)
        observed: StoredFile | None = self._typed_answer("observe", uri, StoredFile | None)
        return observed

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """The jobs that had ended then."""
        jobs: list[dict[str, Any]] = self._typed_answer("finished", "", list[dict[str, Any]])
        return jobs

    def located(self, resource: str) -> str | None:
        """Where the unit was then."""
        uri: str | None = self._typed_answer("located", resource, str | None)
        return uri

    def unstartable(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why the home could not start the job then."""
        reason: str | None = self._typed_answer("unstartable", digest({name: job}), str | None)
        return reason

    def firing(self) -> Sequence[Firing]:
        """The alarms that fired then."""
        alarms: list[Firing] = self._typed_answer("firing", "", list[Firing])
        return alarms

    def served(self, channel: str) -> Served | None:
        """What was served then."""
        served: Served | None = self._typed_answer("served", channel, Served | None)
        return served

    def probe(self, channel: str, release: str) -> bool | None:
        """Whether the release could serve then."""
        del channel
        answer: bool | None = self._typed_answer("probe", release, bool | None)
        return answer

    def unservable(self, channel: str, release: str) -> str | None:
        """Why the release could not serve then."""
        del channel
        reason: str | None = self._typed_answer("unservable", release, str | None)
        return reason

    def published(self, release: str) -> Receipt | None:
        """What the registry had under the release's name then."""
        receipt: Receipt | None = self._typed_answer("published", release, Receipt | None)
        return receipt

    def _artifact_answer(self, what: str, uri: str) -> Any:
        answer = self._answer(what, uri)
        if isinstance(answer, Mapping) and REFUSED in answer:
            raise ContractError(answer[REFUSED])
        return answer

    def _body(self, what: str, name: str) -> bytes | None:
        recorded = self._answer(what, name)
        return None if recorded is None else _unchanged_body(name, recorded, self._store.read(name))

    def _typed_answer(self, what: str, of: str, as_: Any) -> Any:
        """The recorded answer, converted to this type.

        Raises:
            ContractError: It has another type, so the record is damaged.
        """
        try:
            return msgspec.convert(self._answer(what, of), as_)
        except msgspec.ValidationError as error:
            raise ContractError(f"the decision's record of {what} {of!r:.200} is damaged: {error}") from error

    def _answer(self, what: str, of: str) -> Any:
        try:
            return self._answers[what, of]
        except KeyError:
            raise MissingError(
                f"the decision did not read {what} {of!r}; the current code reads more than it did"
            ) from None


def _unchanged_body(name: str, recorded: str, body: bytes | None) -> bytes:
    if body is None:
        raise MissingError(f"{name} was read by the decision, but is no longer there")
    if digest_of(body) != recorded:
        raise MissingError(f"{name} was {recorded} when it was read, but is {digest_of(body)} now")
    return body
