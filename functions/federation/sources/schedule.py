# SPDX-License-Identifier: Apache-2.0
"""Which tick is this, and for when was it due?

Every scheduler may run a tick twice, so its key is made of the schedule and the scheduled time, never of the attempt's
id. A missing or unreadable time becomes None, since a tick without a time is still a tick. Forms: EventBridge's classic
rule and its Scheduler, with or without an Input, and Google's Cloud Scheduler over HTTP or Pub/Sub.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from federation.core.instant import normalise
from federation.sources import oidc
from federation.sources.arn import in_account, parse_arn, require_arn, trusted_account
from federation.sources.body import json_object, json_value, no_duplicates, object_of, within
from federation.sources.reading import Reading, Request, Signal, UnreadableError, ignored, quoted
from federation.sources.trust import Trust

_WORD: Final = r"[A-Za-z][A-Za-z0-9._-]{0,63}"
_TIMES: Final = ("scheduled_time", "scheduledTime", "scheduled-time", "scheduled_for", "time")
_SCHEDULE_MEMBERS: Final = frozenset({"kind", "schedule", *_TIMES}) - {"time"}
_JOB: Final = r"[A-Za-z0-9/._-]{1,500}"


def read_event(envelope: Mapping[str, Any], trust: Trust) -> Reading:  # noqa: ARG001 - a reader of events
    """The reading of a `Scheduled Event` of `aws.events` or `aws.scheduler`. The rule or schedule names the tick.

    Raises:
        UnreadableError: `account_mismatch`.
    """
    if envelope["detail-type"] != "Scheduled Event":
        return ignored(f"{quote_kind(envelope)} is not a tick: a tick has the detail-type 'Scheduled Event'.")
    resources = envelope.get("resources")
    schedule = parse_arn(resources[0] if isinstance(resources, list) and resources else None)
    if schedule is not None:
        in_account(schedule, envelope["account"])
    return _tick_reading(schedule.name if schedule else None, schedule.text if schedule else None, envelope.get("time"))


def quote_kind(envelope: Mapping[str, Any]) -> str:
    """An envelope's source and detail-type, for a sentence."""
    return f"{quoted(envelope['source'])} {quoted(envelope['detail-type'])}"


def is_input(body: Mapping[str, Any]) -> bool:
    """Whether an invocation's payload is a schedule's Input: empty, or with members that only schedules have."""
    return not body or not _SCHEDULE_MEMBERS.isdisjoint(body)


def read_input(request: Request, trust: Trust) -> Reading:
    """The reading of EventBridge Scheduler's invocation of a function: the schedule's Input, else an envelope.

    Raises:
        UnreadableError: `not_an_event`, `bad_arn`, `account_not_allowed`, `account_mismatch`, and the faults of a body.
    """
    body = json_object(request.body)
    if "detail-type" in body:
        trusted_account(body.get("account"), trust)
        kind, source = body["detail-type"], body.get("source")
        if kind != "Scheduled Event" or source not in ("aws.scheduler", "aws.events"):
            raise UnreadableError(
                "not_an_event",
                f"{quoted(source)} {quoted(kind)} is not a tick; a tick is a 'Scheduled Event' of aws.scheduler "
                "or aws.events.",
            )
        return read_event(body, trust)
    return read_input_body(body, trust)


def read_input_body(body: Mapping[str, Any], trust: Trust) -> Reading:
    """The reading of a schedule's Input, from a parsed body."""
    schedule = body.get("schedule")
    if isinstance(schedule, str) and schedule.startswith("arn:"):
        trusted_account(require_arn(schedule, "scheduler", "schedule").account, trust)
    time = next((body[name] for name in _TIMES if name in body), None)
    return _tick_reading(body.get("kind"), schedule, time)


def read_http(request: Request, trust: Trust) -> Reading:
    """The reading of Cloud Scheduler's HTTP request: the time is in a header, and the token is the only proof.

    Raises:
        UnreadableError: Those of the token, and the faults of a body.
    """
    oidc.sent_by(request, trust.scheduler_email, trust)
    oidc.meant_for(request, oidc.TICKS, trust)
    job = request.headers.get("x-cloudscheduler-jobname")
    name = _name_in(request.body) or job
    return _tick_reading(name, job, request.headers.get("x-cloudscheduler-scheduletime"))


def read_published(data: bytes, published_at: str | None, subscription: str | None) -> Reading:
    """The reading of a tick through Pub/Sub. Its data is free-form, and its only time is that of publishing.

    Raises:
        UnreadableError: `data_not_text`, and the faults of a body.
    """
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise UnreadableError(
            "data_not_text", "The data of the tick's message is not UTF-8 text. Correct the publisher."
        ) from error
    return _tick_reading(_name_in(data, free_form=True), subscription, published_at)


def _name_in(body: bytes, *, free_form: bool = False) -> Any:
    """The name of the tick in a body: a bare word, or the `kind` of a JSON object; None if there is none."""
    word = within(body).strip()
    if not word:
        return None
    if re.fullmatch(_WORD, word.decode("ascii", "replace")):
        return word.decode("ascii")
    if free_form and not word.startswith(b"{"):
        return None
    parsed_body = json_value(body)
    kind = object_of(parsed_body.value).get("kind")
    no_duplicates(parsed_body)
    return kind


def _tick_reading(name: Any, schedule: Any, time: Any) -> Reading:
    due = normalise(time)
    word = name if isinstance(name, str) and re.fullmatch(_WORD, name) else None
    by = schedule if isinstance(schedule, str) and (re.fullmatch(_JOB, schedule) or parse_arn(schedule)) else word
    signal = Signal(
        kind="tick",
        verdict="accept",
        name=word,
        scheduled_for=due,
        key=f"{by}|{due}" if by is not None and due else None,
    )
    return ignored(f"A tick{f' for {word}' if word else ''}{f', due {due}' if due else ', without a time'}.", signal)
