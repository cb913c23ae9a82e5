# SPDX-License-Identifier: Apache-2.0
"""Is this an EventBridge envelope that we trust, and which source reads its detail?

A `source` that begins with `aws.` cannot be forged with PutEvents; the account is stamped by EventBridge. Everything
else in the envelope may be missing. The faults come in a fixed order, which docs/sources.md lists.
https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from federation.core.strict_json import Parsed
from federation.sources import cloudwatch, s3, sagemaker, schedule
from federation.sources.arn import all_in_account, trusted_account
from federation.sources.body import json_value, no_duplicates, object_of, text_of
from federation.sources.carrier import read_or_reject
from federation.sources.reading import Reading, Request, UnreadableError, ignored, quoted
from federation.sources.trust import Trust

_REQUIRED: Final = ("source", "detail-type", "account")


def read(request: Request, trust: Trust) -> Reading:
    """The reading of an EventBridge rule's invocation of a function.

    Raises:
        UnreadableError: The envelope's fault, or its source's.
    """
    parsed = json_value(request.body)
    if isinstance(parsed.value, list):
        raise UnreadableError(
            "not_an_object",
            f"The invocation is {quoted(parsed.value)}, but not of a queue's records. "
            "If a Pipe sends this, remove its input template, so that it sends the records unchanged.",
        )
    return read_parsed(parsed, trust)


def read_parsed(parsed: Parsed, trust: Trust) -> Reading:
    """The reading of an invocation, from a parsed body with its repeated keys."""
    envelope = object_of(parsed.value)
    _require_envelope(envelope, parsed)
    account = trusted_account(envelope["account"], trust)
    reader = _READERS.get(envelope["source"])
    if reader is None:
        return ignored(f"Events of this source and detail-type are not read: {schedule.quote_kind(envelope)}.")
    if envelope["source"] != "aws.s3":
        return _read_in_account(envelope, account, lambda event: reader(event, trust))
    return reader(envelope, trust)


def _read_in_account(
    envelope: Mapping[str, Any], account: str, reader: Callable[[Mapping[str, Any]], Reading]
) -> Reading:
    """The reading. A resource in another account is a fault only if the event would have an effect."""
    try:
        all_in_account(envelope.get("resources"), account)
    except UnreadableError:
        reading = read_or_reject(envelope, reader)
        if reading.verdict == "ignore" and reading.signal is None:
            return reading
        raise
    return reader(envelope)


def _require_envelope(envelope: Mapping[str, Any], parsed: Parsed) -> None:
    missing = [key for key in _REQUIRED if key not in envelope]
    if missing:
        raise UnreadableError(
            "not_an_event",
            f"The body has no {missing[0]}; an event of EventBridge has source, detail-type and account. "
            "Send the complete event.",
        )
    text_of(envelope["source"], "source_not_string", "source in the envelope")
    text_of(envelope["detail-type"], "detail_type_not_string", "detail-type in the envelope")
    no_duplicates(parsed)
    if "detail" not in envelope:
        raise UnreadableError(
            "missing_detail", "The envelope has no detail. Send the event whole, without an input path or transformer."
        )
    if (envelope["source"], envelope["detail"]) != ("aws.scheduler", "{}"):
        object_of(envelope["detail"], "detail_not_object", "detail in the envelope")


def _batch_job_reading(envelope: Mapping[str, Any], trust: Trust) -> Reading:  # noqa: ARG001 - a reader of events
    return ignored("An AWS Batch event reports no artifact; a SageMaker job that Batch started sends its own event.")


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], Trust], Reading]]] = {
    "aws.sagemaker": sagemaker.read,
    "aws.cloudwatch": cloudwatch.read_event,
    "aws.s3": s3.read_event,
    "aws.events": schedule.read_event,
    "aws.scheduler": schedule.read_event,
    "aws.batch": _batch_job_reading,
}
