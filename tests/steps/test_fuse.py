"""A merge is due: which units make the next release?"""

from federation.core import event as events
from federation.core import names
from federation.core.digest import digest
from federation.simulation.platform import POLICY
from tests.steps.home import MONDAY, NEXT_TUESDAY, THURSDAY


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
    assert skipped.data["why"] == "no unit has passed that is newer than what serves"


def test_the_same_set_is_one_release_however_often_it_is_merged(home):
    home.first_release()
    home.ship("embedder", 2)
    home.tick("merge", THURSDAY)
    home.tick("merge", "2026-01-12T08:00:00Z")
    assert len(home.store.names(names.RELEASES)) == 2


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
    home.tick("merge", "2026-01-12T08:00:00Z")
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


def test_a_policy_may_merge_on_every_pass(home_under):
    home = home_under(cadence={**POLICY["cadence"], "merge_on_pass": True})
    home.ship("embedder", 1)
    home.ship("runtime-distilled", 1)
    assert [event.subject for event in home.told(events.RELEASE_ASSEMBLED)] == ["spiralverse-ai-federated-v1.0.0"]


def test_a_changed_contract_needs_the_policys_consent(home_under):
    gates = {kind: {**rules, "compatibility": {"major": True}} for kind, rules in POLICY["gates"].items()}
    home = home_under(api="fusion-api-v2", gates=gates)
    home.ship("runtime-distilled", 1)
    home.tick("merge", MONDAY)
    assert (
        "was built for fusion-api-v1, and fusion-api-v2 is in force" in home.told(events.MERGE_SKIPPED)[0].data["why"]
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
    assert "not in quarantine: spiralverse/embedder-v2 passed" in home.told(events.MERGE_SKIPPED)[-1].data["why"]
