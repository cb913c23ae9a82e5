# SPDX-License-Identifier: Apache-2.0
"""Which records of an SQS batch are good, and which ids are returned to the queue?

One poison record must not cause redelivery of the good ones, so each is judged alone and only the ids of rejected ones
are returned as `batchItemFailures`. A record without an id cannot be returned: then the whole invocation is unusable.
After the first record of a FIFO queue that cannot be read all later ones are returned too, or they would overtake it.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html; a Pipe hands over the bare array of records:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html
"""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from msgspec.structs import replace

from federation.sources import sns
from federation.sources.arn import parse_arn, trusted_account
from federation.sources.body import MAX_CARRIER_BYTES, json_object, json_value, no_duplicates, object_of, text_of
from federation.sources.carrier import joint_reading, read_or_reject, without_repeats
from federation.sources.payload import read_payload
from federation.sources.reading import Reading, Request, UnreadableError, rejected
from federation.sources.trust import Trust


def read(request: Request, trust: Trust) -> Reading:
    """The reading of an SQS event source's invocation of a function, record by record.

    Raises:
        UnreadableError: `not_an_event`, `missing_message_id`, and the faults of a body.
    """
    records = _records(request.body)
    if not isinstance(records, list):
        raise UnreadableError(
            "not_an_event", "Records is missing or not an array. Check what invokes the function: SQS sends an array."
        )
    identified = [(_message_id(record), record) for record in records]
    readings = without_repeats(
        [read_or_reject(record, lambda body: _record_reading(body, trust)) for _, record in identified]
    )
    numbered = [replace(reading, message_id=name) for (name, _), reading in zip(identified, readings, strict=True)]
    return joint_reading(_in_order(numbered) if any(map(_is_fifo, records)) else tuple(numbered))


def _records(body: bytes) -> Any:
    """The records of the batch; a Pipe sends the array alone, without the object around it."""
    parsed = json_value(body, limit=MAX_CARRIER_BYTES)
    no_duplicates(parsed)
    return parsed.value if isinstance(parsed.value, list) else object_of(parsed.value).get("Records")


def _message_id(record: Any) -> str:
    value = object_of(record, "not_an_event", "The member of Records").get("messageId")
    return text_of(value, "missing_message_id", "The record's messageId")


def _is_fifo(record: Mapping[str, Any]) -> bool:
    return str(record.get("eventSourceARN")).endswith(".fifo")


def _record_reading(record: Mapping[str, Any], trust: Trust) -> Reading:
    queue = parse_arn(record.get("eventSourceARN"))
    if record.get("eventSource") != "aws:sqs" or queue is None or queue.service != "sqs":
        raise UnreadableError(
            "not_an_event",
            "The record's eventSource must be 'aws:sqs', and its eventSourceARN a queue. "
            "Check what invokes the function.",
        )
    trusted_account(queue.account, trust)
    body = text_of(record.get("body"), "body_not_string", "The record's body")
    parsed = json_value(body.encode())
    if isinstance(parsed.value, dict) and "TopicArn" in parsed.value:
        return sns.read_notification(json_object(body.encode()), trust)
    return read_payload(parsed, trust)


def _in_order(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """The readings of a FIFO batch, in which every record after the first failure is rejected too."""
    good = tuple(takewhile(lambda reading: reading.verdict != "reject", readings))
    fault = UnreadableError(
        "after_failed_record",
        "An earlier record of this FIFO batch was rejected, so this one goes back to the queue, "
        "to keep their order. Look at that record.",
    )
    later = [replace(rejected(fault), message_id=reading.message_id) for reading in readings[len(good) + 1 :]]
    return (*good, *readings[len(good) : len(good) + 1], *later)
