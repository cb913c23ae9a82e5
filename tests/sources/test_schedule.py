# SPDX-License-Identifier: Apache-2.0
"""Whose schedule may tick at our door? A tick merges, promotes, and reads what the clouds have."""

import json

import pytest
from tests.sources.cases import case

from federation.sources import read

TICK = case("scheduler/eventbridge_scheduler_without_input")
OTHERS = "999988887777"


def knock(**change):
    return read(TICK.request(json.dumps({**json.loads(TICK.body), **change}).encode()), TICK.trust)


def test_ours_does():
    assert knock().signal.verdict == "accept"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"account": OTHERS}, "account_not_allowed"),
        ({"resources": [f"arn:aws:scheduler:eu-west-1:{OTHERS}:schedule/default/merge"]}, "account_mismatch"),
        ({"detail-type": "Object Created"}, "not_an_event"),
        ({"source": "anybody"}, "not_an_event"),
    ],
    ids=["of another account", "a schedule of another account", "no tick", "no schedule"],
)
def test_nobody_elses_does(change, error):
    reading = knock(**change)
    assert (reading.verdict, reading.error) == ("reject", error)
    assert reading.signal is None or reading.signal.verdict == "reject"
