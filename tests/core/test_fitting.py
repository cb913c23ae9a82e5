# SPDX-License-Identifier: Apache-2.0
"""Some new units do not fit the others: which go on, and which wait?"""

import json

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.core.proposals import ELSEWHERE, all_kinds, members, proposal, released, unit

from federation.core.checklist import refusals
from federation.core.fitting import fitting_subset
from federation.core.manifest import unit_of
from federation.core.policy import policy_of
from federation.core.uri import SENTINEL
from federation.simulation.platform import INDEX, shipment
from federation.simulation.policies import Terms
from federation.simulation.policies import policy as simulated

WITH_INDEX = policy_of(simulated(1, Terms(calibrated=True)))
OLD = unit("embedder", 1)
NEW = unit("embedder", 2)


def index(number, embedder):
    """An index, with a threshold that was measured with an embedder's artifact."""
    files = shipment(INDEX, number, "good", None, embedder=embedder).files
    return unit_of(json.loads(files[SENTINEL])["units"][0])


FIRST = (OLD, index(1, OLD.artifact), unit("runtime-distilled"), unit("textgen-lora"))
STANDING = members(*FIRST, origin="carried")
SERVING = released(by_kind=members(*FIRST), under=WITH_INDEX)


def merged(*new):
    """The new units, and what serves of every other kind."""
    found = {**STANDING, **members(*new)}
    return fitting_subset(proposal(found, under=WITH_INDEX, baseline=SERVING), STANDING)


def numbers(found):
    return {kind: one.unit.number for kind, one in found.members.items()}


def test_units_that_fit_all_go_on():
    found = merged(NEW, index(2, NEW.artifact), unit("runtime-distilled", 2))
    assert numbers(found) == {"textgen-lora": 1, "embedder": 2, INDEX: 2, "runtime-distilled": 2}
    assert found.left_out == {}


def test_an_embedder_waits_for_its_index_and_the_others_do_not():
    found = merged(NEW, unit("runtime-distilled", 2))
    assert numbers(found) == {"textgen-lora": 1, "embedder": 1, INDEX: 1, "runtime-distilled": 2}
    ((name, why),) = found.left_out.items()
    assert name == "spiralverse/embedder-v2"
    assert why.startswith("spiralverse/retrieval-eval-v1 states thresholds for")


def test_an_embedder_and_an_index_of_another_one_wait_both():
    found = merged(NEW, index(2, ELSEWHERE), unit("runtime-distilled", 2))
    assert numbers(found) == {"textgen-lora": 1, "embedder": 1, INDEX: 1, "runtime-distilled": 2}
    assert found.left_out.keys() == {"spiralverse/embedder-v2", "spiralverse/retrieval-eval-v2"}


def test_nothing_is_left_out_in_vain():
    """An embedder alone makes no release without itself, and a kind that is required and absent mends nobody's absence."""
    alone = merged(NEW)
    assert (numbers(alone)["embedder"], alone.left_out) == (2, {})
    needy = policy_of(simulated(1, Terms(calibrated=True, whole=True)))
    found = proposal(all_kinds(), under=needy)
    assert fitting_subset(found, {}).members == found.members


def test_no_kind_that_serves_is_lost_by_leaving_out_its_new_unit():
    """What serves of it may be in quarantine, or is not to be carried: then there is nothing to put in its place."""
    found = {"textgen-lora": STANDING["textgen-lora"], **members(NEW, unit("runtime-distilled", 2))}
    without = {kind: one for kind, one in STANDING.items() if kind not in {"embedder", INDEX}}
    assert fitting_subset(proposal(found, under=WITH_INDEX, baseline=SERVING), without).members == found


def test_a_unit_of_another_api_waits_for_the_policy():
    found = merged(replace(unit("runtime-distilled", 2), api="fusion-api-v2"), unit("textgen-lora", 2))
    assert numbers(found) == {"textgen-lora": 2, "embedder": 1, INDEX: 1, "runtime-distilled": 1}


@given(st.sets(st.sampled_from(["embedder", INDEX, "elsewhere", "runtime-distilled", "textgen-lora"]), min_size=1))
def test_what_goes_on_makes_a_release_whenever_a_part_does(shipped):
    offered = {
        "embedder": NEW,
        INDEX: index(2, NEW.artifact),
        "elsewhere": index(3, ELSEWHERE),
        "runtime-distilled": unit("runtime-distilled", 2),
        "textgen-lora": unit("textgen-lora", 2),
    }
    found = merged(*(offered[name] for name in sorted(shipped, reverse=True)))
    releasable = not refusals(proposal(found.members, under=WITH_INDEX, baseline=SERVING))
    assert releasable or not shipped & {"runtime-distilled", "textgen-lora"}
    assert {"runtime-distilled", "textgen-lora"} & shipped <= {
        kind for kind, one in found.members.items() if one.origin == "new"
    }
