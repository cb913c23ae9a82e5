# SPDX-License-Identifier: Apache-2.0
"""A unit that does not fit is left out, and whoever waits for it is told, however often the merge is cut short."""

import pytest
from msgspec.structs import replace
from tests.steps.home import MONDAY, THURSDAY, TUESDAY, WEDNESDAY

from federation.core import event as events
from federation.core import names
from federation.core.event import Event
from federation.runtime import handle
from federation.simulation.policies import Terms, policy

NAME = "spiralverse-ai-federated-v1.0."


class LostError(Exception):
    """The process died here."""


class Dying:
    """A port whose process dies when `at` says so."""

    def __init__(self, port, at):
        self._port, self._at = port, at

    def __getattr__(self, name):
        usual = getattr(self._port, name)

        def called(*given):
            if self._at(name, *given):
                raise LostError
            return usual(*given)

        return called


@pytest.fixture
def waiting(home_under):
    """A home where a runtime and an embedder have passed, and the embedder's index is still to come."""
    home = home_under(**policy(1, Terms(calibrated=True)))
    for kind in ("textgen-lora", "embedder", "runtime-distilled"):
        home.ship(kind, 1)
    home.ship("retrieval-eval", 1, embedder=home.document(names.version("embedder", 1))["artifact"])
    home.tick("merge", MONDAY)
    home.tick("promote", TUESDAY)
    for kind in ("embedder", "runtime-distilled"):
        home.ship(kind, 2, at=WEDNESDAY)
    home.now = THURSDAY
    return home


def tick(key):
    return Event(type=events.TICK_MERGE, source="//test", subject="schedule", time=THURSDAY, key=key, data={})


def dies_before_the_release(home, event):
    def at(name, *given):
        return name == "keep" and given[0].startswith(names.RELEASES)

    with pytest.raises(LostError):
        handle("fuse", event, replace(home.local.ports, store=Dying(home.store, at)), THURSDAY)


def dies_before_anybody_hears(home, event):
    def at(name, *_):
        return name == "announce"

    with pytest.raises(LostError):
        handle("fuse", event, replace(home.local.ports, bus=Dying(home.local.ports.bus, at)), THURSDAY)


def told(home, event):
    outcome = handle("fuse", event, home.local.ports, THURSDAY)
    return [(one.type, one.subject) for one in outcome.events]


def test_a_merge_that_died_before_anybody_heard_tells_what_it_left_out(waiting):
    dies_before_anybody_hears(waiting, tick("one"))
    assert told(waiting, tick("one")) == [
        (events.UNIT_LEFT_OUT, "spiralverse/embedder-v2"),
        (events.RELEASE_ASSEMBLED, f"{NAME}1"),
    ]


def test_what_has_come_in_since_is_left_out_no_more(waiting):
    dies_before_the_release(waiting, tick("one"))
    second = waiting.document(names.version("embedder", 2))["artifact"]
    waiting.ship("retrieval-eval", 2, at=THURSDAY, embedder=second)
    dies_before_anybody_hears(waiting, tick("one"))
    assert told(waiting, tick("one")) == [(events.RELEASE_ASSEMBLED, f"{NAME}1")]


def test_a_merge_whose_name_another_one_took_still_tells_it(waiting):
    dies_before_the_release(waiting, tick("one"))
    handle("fuse", tick("another"), waiting.local.ports, THURSDAY)
    waiting.ship("runtime-distilled", 3, at=THURSDAY)
    dies_before_anybody_hears(waiting, tick("one"))
    assert told(waiting, tick("one")) == [
        (events.UNIT_LEFT_OUT, "spiralverse/embedder-v2"),
        (events.RELEASE_ASSEMBLED, f"{NAME}2"),
    ]
