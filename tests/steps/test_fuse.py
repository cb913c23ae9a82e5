# SPDX-License-Identifier: Apache-2.0
"""A merge is due: which units make the next release?"""

import pytest
from msgspec.structs import replace

from federation.cache import CachedStore
from federation.core import event as events
from federation.core import names
from federation.core.digest import digest
from federation.core.event import Event
from federation.errors import ConflictError, ServiceError
from federation.runtime import carry_out, decide, handle
from federation.simulation.platform import POLICY
from federation.simulation.policies import Terms, policy
from tests.steps.home import MONDAY, NEXT_TUESDAY, THURSDAY, TUESDAY, WEDNESDAY

ON_PASS = {**POLICY["cadence"], "merge_on_pass": True}


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
    assert "Without spiralverse/embedder-v2, as spiralverse/retrieval-eval-v1 brings thresholds measured with" in why
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


def test_what_has_to_be_judged_first_is_named_with_what_it_is_judged_against(home):
    home.ship("embedder", 1)
    home.activate(2)
    floors = handle("fuse", asked_by("ada"), home.local.ports, MONDAY)
    assert floors.why == "1 unit to be judged first against the policy's floors: spiralverse/embedder-v1"
    home.ship("textgen-lora", 1)
    home.ship("runtime-distilled", 1)
    home.tick("merge", MONDAY)
    home.tick("promote", "2026-01-06T09:30:00Z")
    home.ship("embedder", 2)
    home.activate(3)
    later = handle("fuse", asked_by("eva"), home.local.ports, THURSDAY)
    assert later.why == f"1 unit to be judged first against {RELEASE}1.0.0: spiralverse/embedder-v2"


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
    why = home.told(events.MERGE_SKIPPED)[-1].data["why"]
    assert why.endswith("; spiralverse/embedder-v2 passed, but is in quarantine until lifted")


def contents(home, version):
    """The units of a release."""
    return {unit["name"].partition("/")[2] for unit in home.document(f"releases/{RELEASE}{version}")["units"].values()}


RELEASE = "spiralverse-ai-federated-v"


class Crashing:
    """A store that a process loses before it keeps a release."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def keep(self, name, body):
        if name.startswith(names.RELEASES):
            raise ServiceError("gone")
        self._store.keep(name, body)


def asked_by(who):
    return Event(type=events.MERGE_REQUESTED, source="//test", subject=who, time=THURSDAY, key=who, data={"who": who})


def test_the_loser_of_two_merges_takes_another_name_and_leaves_nothing_out(home):
    home.first_release()
    home.now = THURSDAY
    home.ship("embedder", 2)
    one, two = asked_by("ada"), asked_by("eva")
    early = decide("fuse", one, home.local.ports, THURSDAY)
    home.ship("textgen-lora", 2)
    late = decide("fuse", two, home.local.ports, THURSDAY)
    carry_out(early, home.local.ports)
    with pytest.raises(ConflictError):
        carry_out(late, home.local.ports)
    handle("fuse", two, home.local.ports, THURSDAY)
    assert contents(home, "1.0.1") == {"embedder-v2", "textgen-lora-v1", "runtime-distilled-v1"}
    assert contents(home, "1.0.2") == {"embedder-v2", "textgen-lora-v2", "runtime-distilled-v1"}
    assert handle("fuse", two, home.local.ports, THURSDAY).why == f"{RELEASE}1.0.2 was assembled before"


def test_a_name_that_was_chosen_before_a_crash_is_chosen_anew_when_the_change_has_become_another(home):
    for kind in ("embedder", "runtime-distilled"):
        home.ship(kind, 1)
    home.tick("merge", MONDAY)
    home.tick("promote", "2026-01-06T09:30:00Z")
    home.now = THURSDAY
    home.ship("embedder", 2)
    with pytest.raises(ServiceError):
        handle("fuse", asked_by("ada"), replace(home.local.ports, store=Crashing(home.store)), THURSDAY)
    home.ship("textgen-lora", 1)
    assert "1.1.0 assembled" in handle("fuse", asked_by("ada"), home.local.ports, THURSDAY).why
    assert "1.1.0 was assembled before" in handle("fuse", asked_by("ada"), home.local.ports, THURSDAY).why


def test_one_tick_makes_one_release_whatever_passes_between_its_deliveries(home):
    """A crash takes the release but not the name; afterwards the selection is another at each delivery."""
    home.first_release()
    home.now = THURSDAY
    home.ship("embedder", 2)
    with pytest.raises(ServiceError):
        handle("fuse", asked_by("ada"), replace(home.local.ports, store=Crashing(home.store)), THURSDAY)
    home.ship("textgen-lora", 2)
    assert "1.0.1 assembled" in handle("fuse", asked_by("ada"), home.local.ports, THURSDAY).why
    home.ship("textgen-lora", 3)
    assert "1.0.1 was assembled before" in handle("fuse", asked_by("ada"), home.local.ports, THURSDAY).why
    assert len(home.store.names(names.RELEASES)) == 2


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


@pytest.mark.parametrize("first", ["embedder", "textgen-lora"])
def test_where_merges_follow_every_pass_the_fullest_release_serves_in_whatever_order_units_were_completed(
    home_under, first
):
    home = home_under(cadence=ON_PASS)
    home.first_release()
    other = {"embedder": "textgen-lora", "textgen-lora": "embedder"}[first]
    home.now = "2026-01-07T12:00:00Z"
    home.ship(first, 2, at="2026-01-07T11:00:00Z")
    home.ship(other, 2, at="2026-01-07T10:00:00Z")
    home.tick("promote", NEXT_TUESDAY)
    assert home.channel.serving.numbers == {"embedder": 2, "textgen-lora": 2, "runtime-distilled": 1}


def test_a_unit_that_passed_waits_for_no_verdict_that_will_never_be_a_pass(home_under, tmp_path):
    """Merges follow every pass: one unit passes while another is being judged, and that one fails."""
    home = home_under(cadence=ON_PASS)
    home.first_release()
    home.now = "2026-01-07T00:00:00Z"
    home.ship("embedder", 2)
    home.ship("textgen-lora", 2, "worse")
    passed, failed = home.told(events.UNIT_PASSED)[-1], home.told(events.UNIT_REFUSED)[-1]
    unheard = ("merges/%", "%v1.0.1", "reports/textgen-lora/%2/%")
    report = home.store.names(names.reports("textgen-lora", 2))[0]
    body = home.store.read(report)
    for name in unheard:
        home.local.database.changed(f"delete from documents where name like '{name}'")  # noqa: S608 - ours
    (tmp_path / "registry/tags/spiralverse-ai-federated-v1.0.1").unlink()
    assert not handle("fuse", passed, home.local.ports, home.now), "the other one is still being judged"
    home.store.keep(report, body)
    assert "1.0.1 assembled" in handle("fuse", failed, home.local.ports, home.now).why


def test_a_failed_unit_that_nobody_waited_for_makes_no_noise_where_merges_follow_every_pass(home_under):
    home = home_under(cadence=ON_PASS)
    home.first_release()
    home.ship("runtime-distilled", 2)
    loud = (events.MERGE_SKIPPED, events.RELEASE_ASSEMBLED)
    before = [len(home.told(type_)) for type_ in loud]
    for number in (2, 3):
        home.ship("embedder", number, "worse")
    assert [len(home.told(type_)) for type_ in loud] == before


def test_verdicts_under_a_newer_policy_than_the_merge_knew_ask_for_nothing_that_is_judged(home):
    """The gate knew version 2 before `fuse` did: its verdict names it, and `fuse` looks for it."""
    home.first_release()
    for kind in ("embedder", "textgen-lora"):
        home.ship(kind, 2)
    ports = replace(home.local.ports, store=CachedStore(home.store))
    assert handle("fuse", asked_by("ada"), ports, THURSDAY).why.endswith("1.0.1 assembled. It brings " + BROUGHT)
    home.activate(2)
    told = list(handle("fuse", asked_by("eva"), replace(ports, store=CachedStore(home.store)), THURSDAY).events)
    for _ in range(4):
        verdicts = [one for event in told if event.type == events.GATE_REQUESTED for one in gated(home, event)]
        told = [one for event in verdicts for one in handle("fuse", event, ports, THURSDAY).events]
    assert not [event for event in told if event.type == events.GATE_REQUESTED]


BROUGHT = "spiralverse/embedder-v2, spiralverse/textgen-lora-v2."


def gated(home, event):
    return handle("gate", event, home.local.ports, THURSDAY).events


def test_a_merge_goes_on_under_the_policy_that_came_while_its_gates_ran(home):
    home.first_release()
    home.ship("embedder", 2)
    home.activate(2)
    tick = Event(type=events.TICK_MERGE, source="//test", subject="merge", time=THURSDAY, key="tick", data={})
    (gate,) = handle("fuse", tick, home.local.ports, THURSDAY).events
    home.activate(3)
    stale = replace(
        home.told(events.UNIT_PASSED)[-1], data={**home.told(events.UNIT_PASSED)[-1].data, "merge": gate.data["merge"]}
    )
    (again,) = handle("fuse", stale, home.local.ports, THURSDAY).events
    assert (again.type, again.data["policy"]) == (events.GATE_REQUESTED, 3)


def test_a_platform_that_lost_its_right_brings_nothing_in_though_its_unit_has_passed(home):
    home.first_release()
    home.ship("embedder", 2)
    matrix = {**POLICY["matrix"], "gcp": ["reranker"], "hf": ["textgen-lora", "embedder"]}
    home.activate(2, matrix=matrix, gates={**POLICY["gates"], "reranker": POLICY["gates"]["embedder"]})
    home.tick("merge", THURSDAY)
    assert home.told(events.MERGE_SKIPPED)[-1].data["why"] == (
        "no unit has passed that is newer than what serves; gcp may ship reranker, and embedder is none of them"
    )


def test_one_slow_unit_asks_for_one_distillation_however_many_releases_it_is_in(home_under):
    home = home_under(distillation={"kind": "runtime-distilled", "p95_ms": "1"}, cadence=ON_PASS)
    home.first_release()
    for number in (2, 3, 4):
        home.ship("runtime-distilled", number)
    assert len(home.told(events.RELEASE_ASSEMBLED)) >= 3
    assert len({event.id for event in home.told(events.JOB_REQUESTED)}) == 1
    home.activate(2, distillation={"kind": "runtime-distilled", "p95_ms": "1"}, cadence=ON_PASS)
    home.ship("runtime-distilled", 5)
    home.tick("merge", THURSDAY)
    assert len({event.id for event in home.told(events.JOB_REQUESTED)}) == 2, "another policy may have it done"


def test_what_a_release_leaves_out_is_in_its_reason(home):
    home.first_release()
    home.ship("embedder", 2)
    home.ship("textgen-lora", 2)
    matrix = {**POLICY["matrix"], "gcp": ["reranker"], "hf": ["textgen-lora", "embedder"]}
    home.activate(2, matrix=matrix, gates={**POLICY["gates"], "reranker": POLICY["gates"]["embedder"]})
    home.tick("merge", THURSDAY)
    whys = [outcome.why for step, outcome in home.outcomes if step == "fuse" and "assembled. " in outcome.why]
    assert whys[-1].endswith("; gcp may ship reranker, and embedder is none of them")


def test_a_release_that_was_left_is_not_announced_again(home):
    home.first_release()
    home.now = "2026-01-07T00:00:00Z"
    home.ship("embedder", 2, content="1")
    home.tick("merge", THURSDAY)
    home.tick("promote", NEXT_TUESDAY)
    home.now = "2026-01-13T11:00:00Z"
    home.tell(events.ROLLBACK_ORDERED, who="ada", why="wrong answers")
    home.tick("merge", "2026-01-15T08:00:00Z")
    assert home.told(events.MERGE_SKIPPED)[-1].data["why"] == (
        f"{RELEASE}1.0.1 holds just these units, and a roll-back left it; promote it by name, or ship others"
    )
