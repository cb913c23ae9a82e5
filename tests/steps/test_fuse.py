# SPDX-License-Identifier: Apache-2.0
"""A merge is due: which units make the next release?"""

from federation.core import event as events
from federation.core import names
from federation.core.digest import digest
from federation.simulation.platform import POLICY
from federation.simulation.policies import Terms, policy
from tests.steps.home import MONDAY, NEXT_TUESDAY, THURSDAY, TUESDAY, WEDNESDAY

RELEASE = "spiralverse-ai-federated-v"


def test_units_that_passed_become_one_published_release(home):
    home.first_release()
    (assembled,) = home.told(events.RELEASE_ASSEMBLED)
    release = home.document(names.release(assembled.subject))
    assert set(release["units"]) == {"textgen-lora", "embedder", "runtime-distilled"}
    assert release["change"]["bump"] == "first"
    receipt = home.document(names.receipt(assembled.subject))
    assert receipt["digest"] == digest(release)


def test_what_did_not_change_is_carried_over(home):
    home.first_release()
    home.ship("embedder", 2)
    home.tick("merge", THURSDAY)
    release = home.document(names.release("spiralverse-ai-federated-v1.0.1"))
    assert {kind: unit["origin"] for kind, unit in release["units"].items()} == {
        "textgen-lora": "carried",
        "embedder": "new",
        "runtime-distilled": "carried",
    }


def test_a_kind_that_the_policy_does_not_carry_is_only_in_a_release_that_brings_one(home_under):
    home = home_under(fusion={**POLICY["fusion"], "carry": ["textgen-lora", "runtime-distilled"]})
    home.first_release()
    home.ship("runtime-distilled", 2)
    home.tick("merge", THURSDAY)
    release = home.document(names.release(f"{RELEASE}1.1.0"))
    assert names_in(release) == ["runtime-distilled-v2", "textgen-lora-v1"]


def test_what_serves_and_is_in_quarantine_since_is_not_carried_on(home):
    home.first_release()
    bad = home.document(names.version("embedder", 1))["artifact"]
    home.tell(events.QUARANTINE_ORDERED, who="ada", why="leaks prompts", artifact=bad)
    home.ship("runtime-distilled", 2)
    home.tick("merge", THURSDAY)
    release = home.document(names.release(f"{RELEASE}1.1.0"))
    assert names_in(release) == ["runtime-distilled-v2", "textgen-lora-v1"]


def test_the_newest_passed_unit_counts_and_a_failed_newer_one_does_not(home):
    home.first_release()
    home.ship("embedder", 3, "worse")
    home.ship("embedder", 2)
    home.tick("merge", THURSDAY)
    release = home.document(names.release("spiralverse-ai-federated-v1.0.1"))
    assert release["units"]["embedder"]["name"] == "spiralverse/embedder-v2"


def test_a_merge_with_nothing_new_is_skipped_and_says_so(home):
    home.first_release()
    home.tick("merge", THURSDAY)
    (skipped,) = home.told(events.MERGE_SKIPPED)
    assert skipped.data["why"] == "no unit newer than what serves has passed"


def test_a_required_kind_that_is_missing_stops_the_merge(home):
    home.ship("embedder", 1)
    home.tick("merge", MONDAY)
    (skipped,) = home.told(events.MERGE_SKIPPED)
    assert "runtime-distilled is required" in skipped.data["why"]


def test_a_merge_waits_for_its_quorum_but_never_without_a_date(home_under):
    home = home_under(fusion={**POLICY["fusion"], "quorum": 2})
    home.first_release()
    home.now = "2026-01-07T00:00:00Z"
    home.ship("embedder", 2)
    home.tick("merge", THURSDAY)
    assert home.told(events.MERGE_SKIPPED)[-1].data["why"].endswith("the merge waits until 2026-01-11T00:00:00Z")
    home.tick("merge", "2026-01-10T23:59:59Z")
    assert len(home.told(events.RELEASE_ASSEMBLED)) == 1
    home.tick("merge", "2026-01-11T00:00:00Z")
    assert home.told(events.RELEASE_ASSEMBLED)[-1].subject.endswith("v1.0.1")


def test_a_merge_waits_for_what_came_first_even_where_both_came_within_a_second(home_under):
    home = home_under(fusion={**POLICY["fusion"], "quorum": 3})
    home.first_release()
    for home.now, kind in (("2026-01-07T00:00:00Z", "embedder"), ("2026-01-07T00:00:00.5Z", "textgen-lora")):
        home.ship(kind, 2)
    home.tick("merge", THURSDAY)
    assert home.told(events.MERGE_SKIPPED)[-1].data["why"].endswith("the merge waits until 2026-01-11T00:00:00Z")


def test_after_a_promotion_whatever_was_left_behind_is_judged_again_and_merged(home):
    home.first_release()
    home.ship("embedder", 2)
    home.tick("merge", THURSDAY)
    home.ship("textgen-lora", 2)
    home.tick("promote", NEXT_TUESDAY)
    assert home.channel.serving.name.endswith("v1.0.1")
    asked = [event.subject for event in home.told(events.GATE_REQUESTED)]
    assert asked == ["spiralverse/textgen-lora-v2"]
    home.tick("merge", "2026-01-15T08:00:00Z")
    release = home.document(names.release("spiralverse-ai-federated-v1.0.2"))
    assert release["units"]["textgen-lora"]["name"] == "spiralverse/textgen-lora-v2"
    assert release["baseline"]["name"].endswith("v1.0.1")


def test_an_embedder_without_its_index_holds_up_no_other_unit(home_under):
    home = home_under(**policy(1, Terms(calibrated=True)))
    for kind in ("textgen-lora", "embedder", "runtime-distilled"):
        home.ship(kind, 1)
    first = home.document(names.version("embedder", 1))["artifact"]
    home.ship("retrieval-eval", 1, embedder=first)
    home.tick("merge", MONDAY)
    home.tick("promote", TUESDAY)

    home.ship("embedder", 2, at=WEDNESDAY)
    home.ship("runtime-distilled", 2, at=WEDNESDAY)
    home.tick("merge", THURSDAY)
    release = home.document(names.release(f"{RELEASE}1.0.1"))
    assert names_in(release) == ["embedder-v1", "retrieval-eval-v1", "runtime-distilled-v2", "textgen-lora-v1"]
    why = next(outcome.why for step, outcome in reversed(home.outcomes) if step == "fuse" and outcome.documents)
    assert "Left out: spiralverse/embedder-v2, because spiralverse/retrieval-eval-v1 states thresholds for" in why
    (told,) = home.told(events.UNIT_LEFT_OUT)
    assert told.subject == "spiralverse/embedder-v2"
    home.tick("merge", "2026-01-08T09:00:00Z")
    assert len(home.told(events.UNIT_LEFT_OUT)) == 2, "each merge says so, also one that makes no other release"

    home.tick("promote", NEXT_TUESDAY)
    second = home.document(names.version("embedder", 2))["artifact"]
    home.ship("retrieval-eval", 2, at="2026-01-14T12:00:00Z", embedder=second)
    home.tick("merge", "2026-01-15T08:00:00Z")
    both = home.document(names.release(f"{RELEASE}1.0.2"))
    assert names_in(both) == ["embedder-v2", "retrieval-eval-v2", "runtime-distilled-v2", "textgen-lora-v1"]


def names_in(release):
    return sorted(unit["name"].rpartition("/")[2] for unit in release["units"].values())


def test_a_release_states_how_those_that_vote_in_it_fail_together(home_under):
    voters = ("textgen-lora", "runtime-distilled")
    route = {"prompt_type": "medical", "serve": ["textgen-lora"], "calibrated": False, "safety_critical": True}
    home = home_under(
        voting={"rule": "veto", "members": [*voters, "embedder"]},
        routes=[*POLICY["routes"], route],
        fusion={**POLICY["fusion"], "required": [*voters, "embedder"]},
    )
    home.first_release()
    release = home.document(names.release(f"{RELEASE}1.0.0"))
    (stated,) = [one["voting"] for one in release["routes"] if one["prompt_type"] == "medical"]
    together = {tuple(pair["members"]) for pair in stated["correlation"]}
    assert ("spiralverse/runtime-distilled-v1", "spiralverse/textgen-lora-v1") in together
    assert len(together) == 3


def test_a_changed_contract_needs_the_policys_consent(home_under):
    gates = {kind: {**rules, "compatibility": {"major": True}} for kind, rules in POLICY["gates"].items()}
    home = home_under(api="fusion-api-v2", gates=gates)
    home.ship("runtime-distilled", 1)
    home.tick("merge", MONDAY)
    assert (
        "was built for fusion-api-v1, but the policy asks for fusion-api-v2"
        in home.told(events.MERGE_SKIPPED)[0].data["why"]
    )


def test_a_passed_unit_in_quarantine_is_named_when_nothing_else_is_new(home):
    home.first_release()
    home.ship("embedder", 2)
    home.tell(
        events.QUARANTINE_ORDERED,
        who="ada",
        why="leaks prompts",
        artifact=home.document(names.version("embedder", 2))["artifact"],
    )
    home.tick("merge", THURSDAY)
    why = home.told(events.MERGE_SKIPPED)[-1].data["why"]
    assert why.endswith("; passed, but in quarantine until lifted: spiralverse/embedder-v2")


def test_a_platform_whose_clock_is_ahead_does_not_decide_what_is_newest(home):
    home.first_release()
    home.now = "2026-01-07T00:00:00Z"
    home.ship("embedder", 2, at="2026-03-01T00:00:00Z")
    home.tick("merge", THURSDAY)
    home.now = "2026-01-09T00:00:00Z"
    home.ship("embedder", 3)
    home.tick("merge", "2026-01-12T08:00:00Z")
    home.tick("promote", NEXT_TUESDAY)
    assert home.channel.serving.numbers["embedder"] == 3


def test_a_platform_that_lost_its_right_brings_nothing_in_though_its_unit_has_passed(home):
    home.first_release()
    home.ship("embedder", 2)
    matrix = {**POLICY["matrix"], "gcp": ["reranker"], "hf": ["textgen-lora", "embedder"]}
    home.activate(2, matrix=matrix, gates={**POLICY["gates"], "reranker": POLICY["gates"]["embedder"]})
    home.tick("merge", THURSDAY)
    assert home.told(events.MERGE_SKIPPED)[-1].data["why"] == (
        "no unit newer than what serves may be released; gcp may not ship embedder: the policy's matrix allows it only "
        "reranker"
    )


def test_what_a_release_leaves_out_is_in_its_reason(home):
    home.first_release()
    home.ship("embedder", 2)
    home.ship("textgen-lora", 2)
    matrix = {**POLICY["matrix"], "gcp": ["reranker"], "hf": ["textgen-lora", "embedder"]}
    home.activate(2, matrix=matrix, gates={**POLICY["gates"], "reranker": POLICY["gates"]["embedder"]})
    home.tick("merge", THURSDAY)
    whys = [outcome.why for step, outcome in home.outcomes if step == "fuse" and "assembled. " in outcome.why]
    assert whys[-1].endswith("; gcp may not ship embedder: the policy's matrix allows it only reranker")


def test_a_unit_that_lies_where_its_platform_ships_from_no_more_brings_nothing_in_though_it_has_passed(home):
    home.first_release()
    home.ship("embedder", 2)
    home.activate(2, origins={"gcp": ["gs://ours/"]})
    home.tick("merge", THURSDAY)
    assert home.told(events.MERGE_SKIPPED)[-1].data["why"] == (
        "no unit newer than what serves may be released; the manifest names platform gcp, which may ship from gs://ours/, "
        "but it is at s3://bucket/embedder-2-own/_MANIFEST.json"
    )
