# SPDX-License-Identifier: Apache-2.0
"""Which units answer which prompt, at which threshold, and what that threshold is worth."""

from msgspec.structs import replace
from tests.core.proposals import ELSEWHERE, calibrated, critical, policy, unit

from federation.core.manifest import Calibration
from federation.core.routing import fallback, routing

EMBEDDER = unit("embedder")
ADAPTER = unit("textgen-lora", thresholds={"code": "0.42"}, measured_with=EMBEDDER.artifact)
RUNTIME = unit("runtime-distilled", 4)


def by_kind(*units):
    return {one.kind: one for one in units}


def test_a_route_names_its_units_in_the_order_they_are_applied():
    (chat,) = routing(by_kind(ADAPTER, EMBEDDER, RUNTIME), policy(), None).routes
    assert chat["serve"] == ["spiralverse/textgen-lora-v1", "spiralverse/runtime-distilled-v4"]
    assert chat["threshold"] is None
    assert chat["embedder"] is None


def test_a_route_that_needs_no_threshold_takes_none_though_a_unit_states_one():
    stating = unit("textgen-lora", thresholds={"chat": "0.42"}, measured_with=EMBEDDER.artifact)
    (chat,) = routing(by_kind(stating, EMBEDDER, RUNTIME), policy(), None).routes
    assert (chat["threshold"], chat["embedder"]) == (None, None)


def test_a_threshold_carries_the_embedder_that_it_was_measured_with():
    found = routing(by_kind(ADAPTER, EMBEDDER, RUNTIME), policy(**calibrated("code")), None)
    assert found.faults == []
    assert [(route["threshold"], route["embedder"]) for route in found.routes] == [
        (None, None),
        ("0.42", EMBEDDER.artifact),
    ]


def test_of_two_thresholds_for_one_route_none_is_taken_because_no_node_could_tell_whose_index_to_ask():
    other = unit("runtime-distilled", 4, thresholds={"code": "0.91"}, measured_with=EMBEDDER.artifact)
    (fault,) = routing(by_kind(ADAPTER, EMBEDDER, other), policy(**calibrated("code")), None).faults
    assert fault == (
        "route code needs one threshold, but spiralverse/runtime-distilled-v4 and spiralverse/textgen-lora-v1 each state "
        "one; ship all but one of them again without it"
    )
    assert routing(by_kind(ADAPTER, EMBEDDER, other), policy(), None).faults == []


def test_a_route_is_left_out_while_one_of_its_kinds_is_missing():
    assert routing(by_kind(EMBEDDER, RUNTIME), policy(), None).routes == []


def test_a_left_out_route_needs_no_threshold():
    assert routing(by_kind(EMBEDDER, RUNTIME), policy(**calibrated("code")), None).faults == []


def test_routes_stand_in_the_policys_order_because_the_first_match_wins():
    found = routing(by_kind(ADAPTER, EMBEDDER, RUNTIME), policy(**critical()), None).routes
    assert [route["prompt_type"] for route in found] == ["chat", "medical"]


def test_thresholds_without_any_embedder_are_refused():
    found = routing(by_kind(ADAPTER, RUNTIME), policy(**calibrated("code")), None)
    assert [route["prompt_type"] for route in found.routes] == ["chat", "code"], "the units are all that these serve"
    (fault,) = found.faults
    assert fault == "spiralverse/textgen-lora-v1 states thresholds, but the release has no embedder to use them with"


def test_thresholds_of_another_embedder_are_refused_even_where_no_route_asks_for_them():
    stale = unit("textgen-lora", thresholds={"code": "0.42"}, measured_with=ELSEWHERE)
    (fault,) = routing(by_kind(stale, EMBEDDER, RUNTIME), policy(), None).faults
    assert ELSEWHERE in fault
    assert "spiralverse/embedder-v1" in fault


def test_an_index_says_whose_vectors_it_holds_even_where_no_route_needs_a_threshold():
    """Else the next embedder would be released with an index that it cannot read."""
    index = replace(unit("textgen-lora"), kind="retrieval-eval", name="spiralverse/retrieval-eval-v1")
    (fault,) = routing(by_kind(index, EMBEDDER, RUNTIME), policy(), None).faults
    assert fault == (
        "spiralverse/retrieval-eval-v1 does not say which embedder made its index; ship it again with "
        "calibration.embedder"
    )
    bound = replace(index, calibration=Calibration(embedder=EMBEDDER.artifact, thresholds={}))
    assert routing(by_kind(bound, EMBEDDER, RUNTIME), policy(), None).faults == []


def test_a_repacked_embedder_of_the_same_content_keeps_its_thresholds():
    repacked = unit("embedder", 2, content="1")
    assert repacked.artifact == EMBEDDER.artifact
    assert routing(by_kind(ADAPTER, repacked, RUNTIME), policy(**calibrated("code")), None).faults == []


def test_only_safety_critical_answers_are_voted_on():
    ballot = {"rule": "veto", "members": [RUNTIME.name], "correlation": []}
    chat, medical = routing(by_kind(ADAPTER, EMBEDDER, RUNTIME), policy(**critical()), ballot).routes
    assert chat["voting"] is None
    assert medical["voting"] == ballot


def test_the_fallback_is_what_answers_when_nothing_matches():
    assert fallback(by_kind(ADAPTER, RUNTIME), policy()) == ["spiralverse/runtime-distilled-v4"]
