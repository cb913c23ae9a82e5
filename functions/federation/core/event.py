# SPDX-License-Identifier: Apache-2.0
"""Events: the part of CloudEvents 1.0 that this system uses.

An event's id is the digest of its type and dedupe key, so every delivery of the same fact has the same id.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec.structs import force_setattr

from federation.core.digest import Digest, digest_of
from federation.core.faults import cut

ARTIFACT_COMPLETED: Final = "federation.artifact.completed.v1"
ARTIFACT_WAITING: Final = "federation.artifact.waiting.v1"
ARTIFACT_REJECTED: Final = "federation.artifact.rejected.v1"
UNIT_ACCEPTED: Final = "federation.unit.accepted.v1"
UNIT_REJECTED: Final = "federation.unit.rejected.v1"
GATE_REQUESTED: Final = "federation.gate.requested.v1"
UNIT_PASSED: Final = "federation.unit.passed.v1"
UNIT_REFUSED: Final = "federation.unit.refused.v1"
UNIT_INCONCLUSIVE: Final = "federation.unit.inconclusive.v1"
UNIT_LEFT_OUT: Final = "federation.unit.left_out.v1"
TICK_SWEEP: Final = "federation.tick.sweep.v1"
TICK_AUDIT: Final = "federation.tick.audit.v1"
TICK_REGISTRY: Final = "federation.tick.registry.v1"
TICK_ALARMS: Final = "federation.tick.alarms.v1"
TICK_MERGE: Final = "federation.tick.merge.v1"
TICK_PROMOTE: Final = "federation.tick.promote.v1"
MERGE_REQUESTED: Final = "federation.merge.requested.v1"
MERGE_SKIPPED: Final = "federation.merge.skipped.v1"
RELEASE_ASSEMBLED: Final = "federation.release.assembled.v1"
PROMOTION_ORDERED: Final = "federation.promotion.ordered.v1"
PROMOTION_HELD: Final = "federation.promotion.held.v1"
RELEASE_PROMOTED: Final = "federation.release.promoted.v1"
SLO_BREACHED: Final = "federation.slo.breached.v1"
SLO_NOTED: Final = "federation.slo.noted.v1"
ROLLBACK_ORDERED: Final = "federation.rollback.ordered.v1"
ROLLBACK_SKIPPED: Final = "federation.rollback.skipped.v1"
RELEASE_ROLLED_BACK: Final = "federation.release.rolled_back.v1"
APPROVAL_GIVEN: Final = "federation.approval.given.v1"
QUARANTINE_ORDERED: Final = "federation.quarantine.ordered.v1"
LIFT_ORDERED: Final = "federation.lift.ordered.v1"
ANCHOR_ORDERED: Final = "federation.anchor.ordered.v1"
HOLD_ORDERED: Final = "federation.hold.ordered.v1"
RESUME_ORDERED: Final = "federation.resume.ordered.v1"
POLICY_ORDERED: Final = "federation.policy.ordered.v1"
ORDER_CARRIED_OUT: Final = "federation.order.carried_out.v1"
ORDER_REFUSED: Final = "federation.order.refused.v1"
JOB_REQUESTED: Final = "federation.job.requested.v1"
JOB_LAUNCHED: Final = "federation.job.launched.v1"
JOB_REFUSED: Final = "federation.job.refused.v1"
JOB_HELD: Final = "federation.job.held.v1"
JOB_FAILED: Final = "federation.job.failed.v1"
RELEASE_UNPROVEN: Final = "federation.release.unproven.v1"
DRIFT_DETECTED: Final = "federation.drift.detected.v1"
TAMPER_DETECTED: Final = "federation.tamper.detected.v1"

REFUSALS: Final = frozenset(
    {
        ARTIFACT_REJECTED,
        ARTIFACT_WAITING,
        UNIT_REJECTED,
        UNIT_REFUSED,
        UNIT_INCONCLUSIVE,
        UNIT_LEFT_OUT,
        MERGE_SKIPPED,
        PROMOTION_HELD,
        SLO_NOTED,
        ROLLBACK_SKIPPED,
        ORDER_REFUSED,
    }
)
"""Events that report a refusal or a delay. `why` in their data is a sentence with the reason."""

_LONGEST_SUBJECT: Final = 1024
_LONGEST_KEY: Final = 2048


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One fact. `time` is when it happened (RFC 3339, UTC). Deliveries with the same dedupe `key` report the same fact.

    To fit the schema, a long subject is cut, and a long key is replaced by its digest.
    """

    type: str
    source: str
    subject: str
    time: str
    key: str
    data: Mapping[str, Any]

    def __post_init__(self) -> None:
        if len(self.subject) > _LONGEST_SUBJECT:
            force_setattr(self, "subject", cut(self.subject, _LONGEST_SUBJECT - 3))
        if len(self.key) > _LONGEST_KEY:
            force_setattr(self, "key", digest_of(self.key.encode()))

    @property
    def id(self) -> Digest:
        """The event's id; the same fact always has the same one."""
        return _event_id(self.type, self.key)

    def document(self) -> dict[str, Any]:
        """The event as CloudEvents 1.0 JSON (schemas/event.v1.json)."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "type": self.type,
            "source": self.source,
            "subject": self.subject,
            "time": self.time,
            "datacontenttype": "application/json",
            "dedupekey": self.key,
            "data": dict(self.data),
        }

    def follow_up(self, step: str, type_: str, subject: str, *, key: str, data: Mapping[str, Any]) -> "Event":
        """An event that a step announces about this one, with the same time."""
        return step_event(step, type_, subject, time=self.time, key=key, data=data)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Event":
        """The event in a checked CloudEvents document."""
        return cls(
            type=document["type"],
            source=document["source"],
            subject=document["subject"],
            time=document["time"],
            key=document["dedupekey"],
            data=document["data"],
        )


def step_event(step: str, type_: str, subject: str, *, time: str, key: str, data: Mapping[str, Any]) -> Event:
    """An event that a step announces."""
    return Event(type=type_, source=f"//federation/{step}", subject=subject, time=time, key=key, data=data)


def unsigned(order: Event) -> str | None:
    """Why an order is refused: it does not say who gives it, or why. None if it says both."""
    missing = [word for word in ("who", "why") if not str(order.data.get(word) or "").strip()]
    if not missing:
        return None
    return f"an order needs {' and '.join(missing)}; both are stored with the decision"


@lru_cache(maxsize=256)
def _event_id(type_: str, key: str) -> Digest:
    """The id of the event with this type and key. Cached, because it is read many times."""
    return digest_of(f"{type_}\n{key}".encode())
