# SPDX-License-Identifier: Apache-2.0
"""What does a group of alerts say when it shows none, or one in a state that we do not know?"""

import json
from typing import Any

import pytest
from tests.sources.cases import case

from federation.sources import read

GROUP = case("alertmanager/resolved")
FIRST, SECOND = json.loads(GROUP.body)["alerts"]


@pytest.mark.parametrize(
    ("status", "alerts", "state"),
    [
        ("firing", [], "firing"),
        ("resolved", [], "resolved"),
        ("resolved", [FIRST, SECOND], "resolved"),
        ("resolved", [FIRST, {**SECOND, "status": "suppressed"}], "unknown"),
        ("resolved", [FIRST, {**SECOND, "status": "firing"}], "firing"),
        ("paused", [FIRST, SECOND], "unknown"),
    ],
    ids=["fires", "is over", "all are over", "one is in a state of its own", "one fires on", "nobody knows"],
)
def test_a_group_is_over_only_if_all_that_it_shows_is(status: str, alerts: list[Any], state: str):
    body = {**json.loads(GROUP.body), "status": status, "alerts": alerts}
    signal = read(GROUP.request(json.dumps(body).encode()), GROUP.trust).signal
    assert signal is not None
    assert signal.state == state
