# SPDX-License-Identifier: Apache-2.0
"""Nodes that have obeyed moves of nobody here: a backup was put back, or a copy of the home lives on another machine."""

import pytest

from federation.core.outcome import Shift


@pytest.mark.parametrize("release", ["spiralverse-ai-federated-v1.0.1", "spiralverse-ai-federated-v1.0.9"])
def test_of_two_living_homes_one_is_stopped_before_anybody_overtakes_the_other(second, release):
    """Each would otherwise count past the other, and the nodes would obey whoever moved last."""
    second.local.ports.traffic.shift(Shift(channel="production", counter=9, release=release, warm=()))
    (told,) = second.tick("sweep", "2026-01-14T12:00:00Z")
    why = told.data["why"]
    assert "This happens after a backup was restored, or while a copy of this home moves them" in why
    assert why.index("If there is a copy, first stop one of the two") < why.index("`federation hold`")
