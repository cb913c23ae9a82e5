# SPDX-License-Identifier: Apache-2.0
"""Which event does a dead letter contain? One of ours unchanged, any other as its envelope describes it.

A step's queue contains our events, on AWS as the detail of an EventBridge envelope. The entry point's queue contains the
clouds' payloads. This module raises for no body.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from federation.core import instant
from federation.core.event import Event

_OURS: Final = ("type", "source", "subject", "time", "dedupekey", "data")


def event_in(body: bytes, name: str, at: str) -> Event:
    """The event in a dead letter's body.

    Args:
        body: The body as it was delivered.
        name: The platform's id of the dead letter, used if the body has none.
        at: When the dead letter was sent (RFC 3339, UTC), used if the body states no time.
    """
    document = _object(body)
    return _own_event(document) or _own_event(document.get("detail")) or _foreign_event(document, name, at)


def is_ours(body: bytes) -> bool:
    """Whether a body is one of our events, without an envelope."""
    return _own_event(_object(body)) is not None


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _own_event(document: Any) -> Event | None:
    if not isinstance(document, dict) or not all(key in document for key in _OURS):
        return None
    texts = (document[key] for key in _OURS[:-1])
    return Event.of(document) if all(isinstance(text, str) for text in texts) else None


def _foreign_event(document: Mapping[str, Any], name: str, at: str) -> Event:
    """The event that an envelope of EventBridge or CloudEvents describes, by the member names of either."""
    resources = document.get("resources")
    resource = resources[0] if isinstance(resources, list) and resources else name
    return Event(
        type=_text(document, "detail-type", "type") or "unknown",
        source=_text(document, "source") or "unknown",
        subject=_text(document, "subject") or str(resource),
        time=instant.normalise(document.get("time")) or at,
        key=_text(document, "id") or name,
        data={},
    )


def _text(document: Mapping[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := document.get(name), str) and value), "")
