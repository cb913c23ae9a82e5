# SPDX-License-Identifier: Apache-2.0
"""A threshold is a number about one embedder: what a platform may ship without the other, and which check notices."""

import random

import pytest
from tests.simulation.sabotage import changed
from tests.simulation.stories import CALM, FIRST, announced, promoted, serving

from federation.core import event as events
from federation.core import names
from federation.core.digest import digest
from federation.simulation.actions import Activate, Finale, Settle, Ship, Tick, Wait
from federation.simulation.chaos import Chaos
from federation.simulation.play import play
from federation.simulation.played import WAYS
from federation.simulation.policies import Terms
from federation.simulation.promises import PROMISES, broken
from federation.simulation.story import WEEK

INDEX = Ship(kind="retrieval-eval", number=1, quality="good")
CALIBRATED = [Activate(terms=Terms(calibrated=True)), *FIRST[:3], INDEX, *FIRST[3:]]


def merged(*shipped):
    """Those units are merged in the second week, and the window opens."""
    return [Wait(until=WEEK), *shipped, Settle(), Tick(what="merge"), Settle(), *promoted(WEEK)]


def embedder():
    return Ship(kind="embedder", number=2, quality="good")


def index(measured):
    return Ship(kind="retrieval-eval", number=2, quality="good", measured=measured)


@pytest.mark.parametrize("way", WAYS)
def test_an_embedder_and_the_index_that_was_measured_with_it_serve_together(way):
    both = [*CALIBRATED, *merged(embedder(), index("newest"))]
    for seed in range(4):
        played = play(both, Chaos(drawn=random.Random(seed)), way)
        assert serving(played)["numbers"] == {
            "textgen-lora": 1,
            "embedder": 2,
            "runtime-distilled": 1,
            "retrieval-eval": 2,
        }
        assert broken(played, play(both, CALM)) == ()


@pytest.mark.parametrize(
    ("shipped", "why"),
    [
        ([embedder()], "states thresholds for embedder"),
        ([index("unknown")], "states thresholds for embedder"),
        ([index("unsaid")], "does not say which embedder made its index"),
    ],
)
def test_a_threshold_of_another_embedder_is_merged_with_none_until_it_is_measured_again(shipped, why):
    apart = [*CALIBRATED, *merged(*shipped)]
    played = play(apart, CALM)
    assert serving(played)["name"].endswith("v1.0.0")
    assert why in announced(played, events.MERGE_SKIPPED)[-1].data["why"]
    healed = play([*apart, Finale(kind="runtime-distilled")], CALM)
    assert broken(healed, healed) == ()


def test_an_index_of_what_serves_goes_on_and_the_embedder_beside_it_waits():
    played = play([*CALIBRATED, *merged(embedder(), index("serving"))], CALM)
    assert serving(played)["numbers"] == {"textgen-lora": 1, "embedder": 1, "runtime-distilled": 1, "retrieval-eval": 2}
    assert announced(played, events.UNIT_LEFT_OUT)[-1].subject == "spiralverse/embedder-v2"
    assert broken(played, played) == ()


def test_the_first_release_goes_without_an_embedder_whose_route_has_no_threshold():
    played = play([action for action in CALIBRATED if action != INDEX], CALM)
    assert serving(played)["numbers"] == {"textgen-lora": 1, "runtime-distilled": 1}
    (told,) = announced(played, events.UNIT_LEFT_OUT)
    assert "route search needs a threshold" in told.data["why"]
    assert broken(played, played) == ()


def test_the_first_release_waits_for_the_index_where_every_kind_is_required():
    whole = [
        Activate(terms=Terms(calibrated=True, whole=True)) if isinstance(action, Activate) else action
        for action in CALIBRATED
        if action != INDEX
    ]
    played = play(whole, CALM)
    assert played.world.channel() is None
    assert "needs a threshold" in announced(played, events.MERGE_SKIPPED)[-1].data["why"]


def test_a_policy_that_gives_the_embedder_up_gives_up_its_index_too():
    without = Activate(terms=Terms(calibrated=True, without_embedder=True))
    runtime = Ship(kind="runtime-distilled", number=2, quality="good")
    played = play([*CALIBRATED, without, *merged(runtime)], CALM)
    assert serving(played)["numbers"] == {"textgen-lora": 1, "runtime-distilled": 2}


@pytest.mark.parametrize("field", ["threshold", "embedder"])
def test_a_route_that_was_never_measured_so_is_noticed(field):
    played = play(CALIBRATED, CALM)
    assert list(PROMISES[1](played)) == []
    name = names.release(serving(played)["name"])
    (*others, search) = played.world.document(name)["routes"]
    changed(played, name, routes=[*others, {**search, field: None}])
    assert any("answers search at" in fault for fault in PROMISES[1](played))
    changed(played, name, routes=[*others, {**search, field: digest("another")}])
    assert any("answers search at" in fault for fault in PROMISES[1](played))


def test_a_threshold_where_no_policy_asked_for_one_is_noticed():
    played = play(FIRST, CALM)
    name = names.release(serving(played)["name"])
    (chat,) = played.world.document(name)["routes"]
    changed(played, name, routes=[{**chat, "threshold": "0.5"}])
    assert any("answers chat at 0.5" in fault for fault in PROMISES[1](played))


def test_an_index_beside_another_embedder_and_one_that_says_nothing_are_noticed():
    played = play(CALIBRATED, CALM)
    name = names.release(serving(played)["name"])
    units = played.world.document(name)["units"]
    changed(played, name, units={**units, "embedder": {**units["embedder"], "artifact": digest("another")}})
    assert any("beside an embedder" in fault for fault in PROMISES[1](played))
    silent = play(CALIBRATED, CALM)
    silent.measured.clear()
    assert any("beside an embedder" in fault for fault in PROMISES[1](silent))
