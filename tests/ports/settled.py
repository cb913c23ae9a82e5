# SPDX-License-Identifier: Apache-2.0
"""Traffic of an endpoint that changes in its own time: the next call comes when the change before it is done."""

from collections.abc import Callable
from typing import Any

import pytest

from federation.core.outcome import Shift
from federation.ports import Served

RELEASES = ("spiralverse-ai-federated-v1.0.0", "spiralverse-ai-federated-v1.1.0")


class Settled:
    def __init__(self, traffic: Any, settled: Callable[[], object]) -> None:
        self._traffic = traffic
        self._settled = settled

    def refusal(self, channel: str, release: str) -> str | None:
        return self._traffic.refusal(channel, release)

    def shift(self, shift: Shift) -> None:
        self._traffic.shift(shift)
        self._settled()

    def serving(self, channel: str) -> Served | None:
        return self._traffic.serving(channel)

    def probe(self, channel: str, release: str) -> bool:
        return self._traffic.probe(channel, release)


def assert_unshifted(endpoint: str, counter: str | None, where: str) -> None:
    """Nobody's traffic is moved by a test: an endpoint that was shifted already serves somebody."""
    if counter is not None:
        pytest.fail(
            f"{endpoint} was shifted already (counter {counter}), so a channel may serve from it; name an endpoint that "
            f"nobody uses, or, if a test that was killed left it so, delete {where}",
            pytrace=False,
        )
