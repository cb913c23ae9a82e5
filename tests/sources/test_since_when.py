# SPDX-License-Identifier: Apache-2.0
"""Since when does an incident fire? That says of which release it speaks, and it may be told an hour later."""

import base64
import json
from typing import Any

import pytest
from tests.sources.cases import case

from federation.sources import read

PUBLISHED = "2026-11-18T10:41:13.881Z"


def moment(name: str, **change: Any) -> str | None:
    """The moment that an incident states, some of whose members are changed."""
    one = case(f"gcp_monitoring/{name}")
    envelope = json.loads(one.body)
    data = json.loads(base64.b64decode(envelope["message"]["data"]))
    data["incident"] |= change
    envelope["message"]["data"] = base64.b64encode(json.dumps(data).encode()).decode()
    signal = read(one.request(json.dumps(envelope).encode()), one.trust).signal
    assert signal is not None
    return signal.at


@pytest.mark.parametrize(
    ("name", "change", "at"),
    [
        ("incident_open", {}, "2026-11-18T16:04:40Z"),
        ("incident_open", {"ended_at": 1795018900}, "2026-11-18T16:04:40Z"),
        ("incident_closed", {}, "2026-11-18T16:21:40Z"),
        ("incident_open", {"started_at": None}, PUBLISHED),
        ("incident_closed", {"ended_at": None}, PUBLISHED),
    ],
    ids=["it began", "it began though an end is stated", "it ended", "nobody says when", "nobody says when it ended"],
)
def test_an_incident_changed_when_it_says_and_only_else_when_it_was_published(name: str, change: Any, at: str):
    assert moment(name, **change) == at
