# SPDX-License-Identifier: Apache-2.0
"""Which event gives each function the least to do? One for which it reads a few documents and announces nothing.

Only `roll_back` announces something: why it did nothing. The store needs no more than a policy and completions that
were settled before.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench import fortnight, shipped
from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.ports import Store
from federation.sources import Request, Trust, read
from federation.steps import StepName, receive

AT: Final = fortnight.FIRST.shipped
TRUST: Final[dict[str, Any]] = json.loads((fortnight.EVENTS / "trust.json").read_bytes())
_PUSH: Final = fortnight.EVENTS / "huggingface" / "push_main"
_HEADERS: Final[dict[str, str]] = json.loads((_PUSH / "event.json").read_bytes())["headers"]
_TOLD: Final = Request(
    entry="http:hf-webhook",
    body=(_PUSH / "raw.json").read_bytes(),
    headers={name.lower(): value for name, value in _HEADERS.items()},
)
"""The input of `receive`: the Hub's webhook about a push that was settled before."""
_PATH: Final = "/hub"
TELLS: Final = frozenset({"roll_back"})
"""Functions that always announce something, and so need the bus's client too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """An HTTP request to a function."""

    path: str
    body: bytes
    headers: Mapping[str, str]


def heard() -> Mapping[StepName, Event]:
    """The event for each step."""
    return {
        "validate": _event(events.ARTIFACT_COMPLETED, provider="s3", artifact_uri="s3://b/embedder-v1/"),
        "gate": _event(events.UNIT_ACCEPTED, unit=f"sha256:{'0' * 64}", kind="embedder", number=1),
        "fuse": _event(events.UNIT_PASSED, unit=f"sha256:{'0' * 64}", kind="embedder", number=1),
        "promote": _event(events.TICK_PROMOTE),
        "roll_back": _event(events.SLO_BREACHED, at=AT),
        "launch": _event(events.RELEASE_ROLLED_BACK, release="spiralverse-ai-federated-v1.0.0", quarantined={}),
    }


def prepare(store: Store) -> None:
    """Store the policy, and mark the completions for `receive` and `validate` as settled."""
    store.keep(names.policy(1), canonical(shipped.policy("six")))
    delivery = receive.Delivery(request=_TOLD, reading=read(_TOLD, Trust.read(TRUST)))
    for claim in receive.claims(delivery, AT):
        store.keep(claim.name, canonical(claim.value))
        store.keep(names.settled(f"sha256:{claim.name.removeprefix(names.EVENTS)}"), canonical({"told": []}))
    store.keep(names.settled(heard()["validate"].id), canonical({"told": []}))


def invocation(function: str) -> dict[str, Any]:
    """The event in the form that Lambda passes: a request to the function's URL, or one message of its queue."""
    if function == "receive":
        return _requested()
    return {"Records": [_record(_envelope(heard()[_step(function)]))]}


def push(function: str) -> Pushed:
    """The event in the form that Google's function gets: the Hub's webhook, or a push of Pub/Sub."""
    if function == "receive":
        return Pushed(path=_PATH, body=_TOLD.body, headers=_HEADERS)
    message = {
        "data": base64.b64encode(canonical(heard()[_step(function)].document())).decode(),
        "attributes": {"type": heard()[_step(function)].type},
        "messageId": "1",
        "message_id": "1",
        "publishTime": AT,
        "publish_time": AT,
    }
    envelope = {"message": message, "subscription": "projects/p/subscriptions/s"}
    return Pushed(path="/", body=json.dumps(envelope).encode(), headers={"Content-Type": "application/json"})


def _requested() -> dict[str, Any]:
    http = {"method": "POST", "path": _PATH, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}
    return {
        "version": "2.0",
        "rawPath": _PATH,
        "rawQueryString": "",
        "headers": dict(_TOLD.headers),
        "requestContext": {"http": http, "requestId": "bench"},
        "body": _TOLD.body.decode(),
        "isBase64Encoded": False,
    }


def _event(type_: str, **data: Any) -> Event:
    return Event(type=type_, source="//bench", subject="bench", time=AT, key="bench", data=data)


def _step(function: str) -> StepName:
    return next(name for name in heard() if name == function)


def _envelope(event: Event) -> str:
    """EventBridge's envelope around one of our events, without white space, as EventBridge writes it."""
    envelope = {
        "version": "0",
        "id": "00000000-0000-4000-8000-000000000000",
        "detail-type": event.type,
        "source": "federation",
        "account": "111122223333",
        "time": AT,
        "region": "eu-central-1",
        "resources": [],
        "detail": event.document(),
    }
    return json.dumps(envelope, separators=(",", ":"))


def _record(body: str) -> dict[str, Any]:
    return {
        "messageId": "00000000-0000-4000-8000-000000000001",
        "receiptHandle": "receipt",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:111122223333:federation",
        "awsRegion": "eu-central-1",
    }
