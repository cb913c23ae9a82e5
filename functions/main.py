# SPDX-License-Identifier: Apache-2.0
"""Google Cloud's entry points: one plain def per function, with the names of infra/gcp.

An exception is answered with 500: the event is redelivered, and in the end becomes a dead letter. A return means that
it is done.
"""

# ruff: noqa: E402 - see the first statement
import gc

gc.set_threshold(150_000)  # the 80,000 objects made before the first answer are not garbage

import os
from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import functions_framework
from cloudevents.http import CloudEvent
from flask import Request as Incoming

from federation import chain
from federation.core import contract, strict_json
from federation.core.event import Event
from federation.errors import ContractError
from federation.gcp import logs
from federation.gcp.identity import PushTokens
from federation.ports import Bus, Ports
from federation.relay import relay
from federation.settings import Settings
from federation.sources import Reading, Request, Trust, entry
from federation.steps import StepName
from federation.wiring.clock import clock_of
from federation.wiring.gcp import bus_on_aws, gcp_ports, gcp_trust, push_tokens
from federation.wiring.renewed import Renewed

logs.configure(os.environ.get("LOG_LEVEL", "INFO"))


@functions_framework.http
def receive(request: Incoming) -> tuple[str, int, dict[str, str]]:
    """Handle a push from Pub/Sub or Eventarc, a webhook from the Hub or an alert manager, or a schedule."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    reading = _deliver(
        Request(
            entry=entry.of_request(request.path, headers),
            body=request.get_data(),
            headers=headers,
            token=_tokens().judge(headers.get("authorization")),
        )
    )
    return reading.answer, reading.respond or 200, dict(reading.answer_headers)


@functions_framework.cloud_event
def validate(event: CloudEvent) -> None:
    """Is what was shipped complete, allowed, and what it claims to be?"""
    _step("validate", event)


@functions_framework.cloud_event
def gate(event: CloudEvent) -> None:
    """Is it good enough to take the place of what serves?"""
    _step("gate", event)


@functions_framework.cloud_event
def fuse(event: CloudEvent) -> None:
    """Do the units that have passed make a release?"""
    _step("fuse", event)


@functions_framework.cloud_event
def promote(event: CloudEvent) -> None:
    """Is there a release that may serve now?"""
    _step("promote", event)


@functions_framework.cloud_event
def roll_back(event: CloudEvent) -> None:
    """Is the breach about what serves now, and which stable release is there to return to?"""
    _step("roll_back", event)


@functions_framework.cloud_event
def launch(event: CloudEvent) -> None:
    """Which training job is asked for, and may it run?"""
    _step("launch", event)


@functions_framework.cloud_event
def sweep(event: CloudEvent) -> None:
    """What did we miss?"""
    _step("sweep", event)


@functions_framework.cloud_event
def govern(event: CloudEvent) -> None:
    """What does a person order?"""
    _step("govern", event)


def _step(step: StepName, message: CloudEvent) -> None:
    document = strict_json.document(_published_bytes(message.get_data()), what="the event")
    contract.check("event.v1", document, what="the event")
    chain.run(step, Event.of(document), _ports(), _clock(), inline=_settings().inline)


def _published_bytes(data: Any) -> bytes:
    """The published bytes. The framework passes Pub/Sub's message as the data of a CloudEvent.

    Raises:
        ContractError: The data is not such a message.
    """
    message = data.get("message") if isinstance(data, Mapping) else None
    if not isinstance(message, Mapping) or not isinstance(message.get("data"), str):
        raise ContractError("the CloudEvent carries no Pub/Sub message with data; see infra/gcp for its subscription")
    return b64decode(message["data"])


def _deliver(request: Request) -> Reading:
    """Deliver a request here if the home is on Google Cloud, else through the relay to a home on another cloud."""
    if _settings().home == "gcp":
        return chain.deliver_as_deployed(request, _trust_for(request), _ports(), _clock(), inline=_settings().inline)
    return relay(request, _trust_for(request), _bus(), _clock()())


@cache
def _settings() -> Settings:
    return Settings.read(os.environ)


@cache
def _ports() -> Ports:
    return gcp_ports(_settings())


@cache
def _bus() -> Bus:
    return bus_on_aws(_settings())


def _trust_for(request: Request) -> Trust:
    """The trust with only the secret that this sender shows: an alarm does not wait for the Hub's secret."""
    return _trust(entry.secret_shown(request.entry))()


@cache
def _trust(shown: str | None) -> Renewed[Trust]:
    return Renewed(lambda: gcp_trust(_settings(), shown))


@cache
def _tokens() -> PushTokens:
    return push_tokens(_settings())


@cache
def _clock() -> Callable[[], str]:
    return clock_of(_settings())
