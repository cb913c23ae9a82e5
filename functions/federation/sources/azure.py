# SPDX-License-Identifier: Apache-2.0
"""Which of our jobs ended on Azure Machine Learning, so that a sweep is due at once?

Event Grid says that a run ended, but not whether or where it left a unit. So its event is a tick: the sweep asks Azure's
own API about the job, as it does about a job whose event was lost. Both Event Grid's schema and CloudEvents are read;
members are spelt `RunTags` in one sample and `runTags` in the next.
https://learn.microsoft.com/azure/event-grid/event-schema-machine-learning and webhook-event-delivery
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from federation.core.instant import normalise
from federation.sources.bearer import authentic
from federation.sources.body import json_value, mapping_in, matching, no_duplicates, object_of, text_of
from federation.sources.carrier import read_all
from federation.sources.reading import Reading, Request, Signal, UnreadableError, ignored, quoted
from federation.sources.trust import Trust

TAG: Final = "federation_job"
"""The tag of every job that we start; its value is the job's name."""
_COMPLETED: Final = "Microsoft.MachineLearningServices.RunCompleted"
_CHANGED: Final = "Microsoft.MachineLearningServices.RunStatusChanged"
_VALIDATION: Final = "Microsoft.EventGrid.SubscriptionValidationEvent"
_ENDED: Final = frozenset({"completed", "failed", "canceled", "notresponding"})
_ORIGIN: Final = r"eventgrid\.azure\.(?:net|us|cn)"
_CODE: Final = r"[A-Za-z0-9-]{1,128}"
_RUN: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,255}"


def read(request: Request, trust: Trust) -> Reading:
    """The reading of a delivery of Event Grid, or the answer to its handshake before the first delivery.

    Raises:
        UnreadableError: `origin_not_allowed`, `sender_not_authenticated`, `workspace_not_allowed`, `not_an_event`,
            `missing_status`, `bad_job_id`, and the faults of a body.
    """
    if (origin := request.headers.get("webhook-request-origin")) is not None and not request.body:
        return _origin_reading(origin, trust)
    validates = request.headers.get("aeg-event-type", "").lower() == "subscriptionvalidation"
    if not validates:
        authentic(request, trust.azure_token)
    parsed = json_value(request.body)
    no_duplicates(parsed)
    values = parsed.value if isinstance(parsed.value, list) else [parsed.value]
    if validates:
        return _validation_reading([_event(value) for value in values], trust)
    return read_all(values, lambda value: _event_reading(_event(value), trust))


def _event(value: Any) -> dict[str, Any]:
    return object_of(value, "not_an_event", "An event in the body")


def _origin_reading(origin: str, trust: Trust) -> Reading:
    """Whether Event Grid may send CloudEvents here. It asks with OPTIONS, a request without our secret.

    https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection
    """
    if not trust.azure_workspaces or not re.fullmatch(_ORIGIN, origin):
        raise UnreadableError(
            "origin_not_allowed",
            f"The origin is {quoted(origin)}, which is not Event Grid, or azure_workspaces of the trust document is empty. "
            "If it is Event Grid, add your workspace.",
        )
    headers = {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"}
    return Reading(verdict="ignore", why="Event Grid may send events here.", answer_headers=headers)


def _validation_reading(events: list[dict[str, Any]], trust: Trust) -> Reading:
    """The reading that echoes the validation code, for subscriptions to our own workspaces only."""
    event = events[0] if len(events) == 1 else {}
    if event.get("eventType") != _VALIDATION:
        raise UnreadableError(
            "not_an_event",
            "The header aeg-event-type announces one SubscriptionValidationEvent, but the body is something else. "
            "Check who sends it.",
        )
    _own_workspace(event, trust)
    code = mapping_in(event, "data").get("validationCode")
    echo = {"validationResponse": matching(code, _CODE, "not_an_event", "data.validationCode")}
    json_header = {"content-type": "application/json"}
    why = "The subscription is for a trusted workspace, so the answer confirms it."
    return Reading(verdict="ignore", why=why, answer=msgspec.json.encode(echo).decode(), answer_headers=json_header)


def _event_reading(event: Mapping[str, Any], trust: Trust) -> Reading:
    if "topic" not in event and "source" not in event:
        raise UnreadableError(
            "not_an_event",
            "The body has neither topic nor source, so it is not an Event Grid event. Azure Monitor alerts are "
            "not supported: let Grafana or Alertmanager send alarms.",
        )
    workspace = _own_workspace(event, trust)
    kind = text_of(event.get("eventType") or event.get("type"), "not_an_event", "eventType or type")
    if kind not in (_COMPLETED, _CHANGED):
        return ignored(f"The event's type is {quoted(kind)}; only RunCompleted and RunStatusChanged are read.")
    members = {key.lower(): value for key, value in (*event.items(), *mapping_in(event, "data").items())}
    status = "Completed" if kind == _COMPLETED else members.get("runstatus")
    if text_of(status, "missing_status", "data.runStatus").lower() not in _ENDED:
        return ignored(f"runStatus is {quoted(status)}, which does not end the run; there is nothing to do.")
    if TAG not in mapping_in(members, "runtags"):
        return ignored("The run has no tag federation_job, so it is not one of our jobs; there is nothing to do.")
    run = matching(members.get("runid"), _RUN, "bad_job_id", "data.runId")
    return _tick_reading(
        f"{workspace}/jobs/{run}", str(status), normalise(members.get("eventtime") or members.get("time"))
    )


def _own_workspace(event: Mapping[str, Any], trust: Trust) -> str:
    source = event.get("topic") or event.get("source")
    if not isinstance(source, str) or source.lower() not in trust.azure_workspaces:
        raise UnreadableError(
            "workspace_not_allowed",
            f"The workspace is {quoted(source)}, which is not in the trust document. "
            "If it is yours, add it to azure_workspaces.",
        )
    return source.lower()


def _tick_reading(job: str, status: str, at: str | None) -> Reading:
    signal = Signal(
        kind="tick",
        verdict="accept",
        name="sweep",
        scheduled_for=at,
        key=f"{job}|{status.lower()}|{at}" if at else None,
    )
    return ignored(f"The run has ended with status {quoted(status)}; the sweep asks Azure for its output.", signal)
