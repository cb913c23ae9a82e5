# SPDX-License-Identifier: Apache-2.0
"""AWS's entry points: one plain def per function, with the names of infra/aws.

After an exception the event is redelivered, and in the end becomes a dead letter. A return means that it is done.
"""

# ruff: noqa: E402 - see the first statement
import gc

gc.set_threshold(150_000)  # the 90,000 objects made before the first answer are not garbage

import os
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from inspect import signature
from typing import Any

import msgspec
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from federation import chain
from federation.aws.json_text import json_of_batch, json_text
from federation.aws.redelivery import SqsRedelivery
from federation.core import contract, strict_json
from federation.core.event import Event
from federation.errors import ContractError
from federation.ports import Bus, Ports
from federation.relay import relay
from federation.settings import Settings
from federation.sources import Reading, Request, Trust, entry
from federation.steps import StepName
from federation.wiring.aws import aws_ports, aws_trust, own_clients
from federation.wiring.clock import clock_of
from federation.wiring.renewed import Renewed

logger = Logger(service="federation", json_serializer=json_text, json_deserializer=str)  # a sentence is not JSON


class _Batch(BatchProcessor):
    """Powertools' batch processor, which also logs each record that fails, and has it redelivered soon."""

    def failure_handler(self, record: Any, exception: Any) -> Any:
        logger.error("a record goes back to its queue", exc_info=exception, message_id=record.message_id)
        _redelivery().hasten(record.raw_event)
        return super().failure_handler(record, exception)


def _is_request(event: dict[str, Any]) -> bool:
    """Whether the event came by the function's URL. Other invocations may contain anything."""
    context = event.get("requestContext")
    return isinstance(context, dict) and "http" in context


@logger.inject_lambda_context
def receive(event: dict[str, Any] | list[Any], context: Any) -> dict[str, Any]:
    """Handle an HTTP request to the function's URL, records of a queue or (bare) of a Pipe, or a direct invocation."""
    del context
    if isinstance(event, dict) and _is_request(event):
        return _http_response(event)
    entry_name = entry.of_invocation(event)
    records = _records(event) if entry_name == "lambda:sqs" else ()
    with _hastening_on_error(records):
        body = json_of_batch(event) if entry_name == "lambda:sqs" else json_text(event).encode()
        reading = _deliver(Request(entry=entry_name, body=body))
    if entry_name == "lambda:sqs":
        return {"batchItemFailures": [{"itemIdentifier": name} for name in _failed_records(records, reading)]}
    return {"verdict": reading.verdict, "error": reading.error, "why": reading.why}


def validate(event: dict[str, Any], context: Any) -> Any:
    """Is what was shipped complete, allowed, and what it claims to be?"""
    return _step(event, context, "validate")


def gate(event: dict[str, Any], context: Any) -> Any:
    """Is it good enough to take the place of what serves?"""
    return _step(event, context, "gate")


def fuse(event: dict[str, Any], context: Any) -> Any:
    """Do the units that have passed make a release?"""
    return _step(event, context, "fuse")


def promote(event: dict[str, Any], context: Any) -> Any:
    """Is there a release that may serve now?"""
    return _step(event, context, "promote")


def roll_back(event: dict[str, Any], context: Any) -> Any:
    """Is the breach about what serves now, and which stable release is there to return to?"""
    return _step(event, context, "roll_back")


def launch(event: dict[str, Any], context: Any) -> Any:
    """Which training job is asked for, and may it run?"""
    return _step(event, context, "launch")


def sweep(event: dict[str, Any], context: Any) -> Any:
    """What did we miss?"""
    return _step(event, context, "sweep")


def govern(event: dict[str, Any], context: Any) -> Any:
    """What does a person order?"""
    return _step(event, context, "govern")


@logger.inject_lambda_context
def _step(event: dict[str, Any], context: Any, step: StepName) -> Any:
    """Handle records of the step's queue; only those that fail return to it."""
    return process_partial_response(event=event, record_handler=_handler(step), processor=_BATCH, context=context)


@cache
def _handler(step: StepName) -> Callable[[SQSRecord], None]:
    """The handler of one record. Powertools reads its signature at every invocation, so it is computed only once."""

    def handler(record: SQSRecord) -> None:
        _record(step, record.body)

    handler.__signature__ = signature(handler)  # type: ignore[attr-defined] # inspect looks there first
    return handler


class _Envelope(msgspec.Struct):
    """EventBridge's envelope around our event."""

    detail: msgspec.Raw


_envelope = msgspec.json.Decoder(_Envelope).decode
_BATCH = _Batch(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def _record(step: StepName, body: str) -> None:
    document = strict_json.document(bytes(_envelope(body).detail), what="the event")
    contract.check("event.v1", document, what="the event")
    chain.run(step, Event.of(document), _ports(), _clock(), inline=_settings().inline)


def _records(event: dict[str, Any] | list[Any]) -> Sequence[Any]:
    """The records of a queue. A Pipe sends them without an envelope."""
    return event if isinstance(event, list) else event["Records"]


def _failed_records(records: Sequence[Any], reading: Reading) -> Sequence[str]:
    """Ids of the records that failed; they are redelivered soon.

    Raises:
        ContractError: The records cannot be told apart, so all of them return.
    """
    if reading.batch is None:
        raise ContractError(reading.why)
    failed = reading.batch_item_failures
    for record in records:
        if record["messageId"] in failed:
            _redelivery().hasten(record)
    return failed


@contextmanager
def _hastening_on_error(records: Sequence[Any]) -> Iterator[None]:
    """Have all records redelivered soon if the block fails."""
    try:
        yield
    except Exception:
        for record in records:
            _redelivery().hasten(record)
        raise


def _http_response(request: dict[str, Any]) -> dict[str, Any]:
    """The response to an HTTP request. Whoever may invoke the function directly can write anything into it."""
    given = request.get("headers")
    named = given.items() if isinstance(given, dict) else ()
    headers = {name.lower(): value for name, value in named if isinstance(value, str)}
    entry_name = entry.of_request(str(request.get("rawPath")), headers)
    reading = _deliver(Request(entry=entry_name, body=_body_of(request), headers=headers))
    answer_headers = {"content-type": "text/plain", **reading.answer_headers}
    return {"statusCode": reading.respond or 200, "headers": answer_headers, "body": reading.answer}


def _body_of(request: dict[str, Any]) -> bytes:
    """The bytes of the body. Text that should be base64 and is not stays as it is."""
    body = request.get("body")
    raw = body.encode("utf-8", "backslashreplace") if isinstance(body, str) else b""
    with suppress(ValueError):
        return b64decode(raw) if request.get("isBase64Encoded") else raw
    return raw


def _deliver(request: Request) -> Reading:
    """Deliver a request here if the home is on AWS, else through the relay to a home on another cloud."""
    settings = _settings()
    if settings.home == "aws":
        return chain.deliver_as_deployed(request, _trust_for(request), _ports(), _clock(), inline=settings.inline)
    return relay(request, _trust_for(request), _bus_of(settings), _clock()())


def _bus_of(settings: Settings) -> Bus:
    from federation.wiring.gcp import gcp_bus  # noqa: PLC0415 - only a home on Google Cloud needs its SDK

    return gcp_bus(settings)


@cache
def _settings() -> Settings:
    return Settings.read(os.environ)


@cache
def _redelivery() -> SqsRedelivery:
    return SqsRedelivery(own_clients().of("sqs"))


@cache
def _ports() -> Ports:
    return aws_ports(_settings())


def _trust_for(request: Request) -> Trust:
    """The trust with only the secret that this sender shows: an alarm does not wait for the Hub's secret."""
    return _trust(entry.secret_shown(request.entry))()


@cache
def _trust(shown: str | None) -> Renewed[Trust]:
    return Renewed(lambda: aws_trust(_settings(), shown))


@cache
def _clock() -> Callable[[], str]:
    return clock_of(_settings())
