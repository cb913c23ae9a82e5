# SPDX-License-Identifier: Apache-2.0
"""A unit was accepted: does it take the place of what serves?"""

import json

import pytest

from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical, digest
from federation.simulation.platform import POLICY, SENTINEL, shipment


def asked_again(home, subject):
    version = home.document(names.version("textgen-lora", 2))
    return home.tell(events.GATE_REQUESTED, subject=subject, unit=version["unit"], kind="textgen-lora", number=2)


def test_a_first_unit_is_judged_against_the_floors(home):
    told = home.ship("textgen-lora", 1)
    assert told[-1].type == events.UNIT_PASSED


@pytest.mark.parametrize(
    ("quality", "verdict", "said"),
    [
        ("worse", events.UNIT_REFUSED, "accuracy fell by"),
        ("unsafe", events.UNIT_REFUSED, "of suite policy failed"),
        ("slow", events.UNIT_REFUSED, "times the baseline's"),
        ("tiny", events.UNIT_INCONCLUSIVE, "different items"),
        ("missing", events.UNIT_INCONCLUSIVE, "no quality evidence"),
        ("broken", events.UNIT_INCONCLUSIVE, "NaN"),
    ],
)
def test_what_is_not_good_enough_is_told_why(home, quality, verdict, said):
    home.first_release()
    judged = home.ship("textgen-lora", 2, quality)[-1]
    assert judged.type == verdict
    assert said in judged.data["why"]


def test_the_report_names_what_it_was_judged_against(home):
    serving = home.first_release()
    home.ship("textgen-lora", 2)
    (name,) = home.store.names(names.reports("textgen-lora", 2))
    report = home.document(name)["report"]
    assert report["basis"]["baseline"] == serving.digest
    assert report["verdict"] == "pass"
    assert {finding["gate"] for finding in report["findings"]} == {"quality", "latency", "safety", "compatibility"}


def test_a_verdict_names_the_unit_its_kind_and_what_it_was_judged_on(home):
    home.first_release()
    told = home.ship("embedder", 2)[-1]
    (name,) = home.store.names(names.reports("embedder", 2))
    basis = home.document(name)["report"]["basis"]
    assert (told.type, told.subject) == (events.UNIT_PASSED, "spiralverse/embedder-v2")
    assert (told.data["kind"], told.data["number"], told.data["policy"]) == ("embedder", 2, 1)
    assert told.data["unit"] == home.document(names.version("embedder", 2))["unit"]
    assert told.data["basis"] == digest(basis)


def test_a_unit_measured_against_another_baseline_is_inconclusive(home):
    early = home.ship("textgen-lora", 2)[-1]
    assert early.type == events.UNIT_PASSED
    home.ship("embedder", 1)
    home.ship("runtime-distilled", 1)
    home.tick("merge", "2026-01-05T08:00:00Z")
    home.tick("promote", "2026-01-06T09:30:00Z")
    home.ship("textgen-lora", 3)
    (judged,) = asked_again(home, "again")
    assert judged.type == events.UNIT_INCONCLUSIVE
    assert "did not run next to" in judged.data["why"]


def test_records_that_changed_after_they_were_accepted_are_not_believed(home):
    home.first_release()
    home.ship("textgen-lora", 2)
    home.place("bucket/textgen-lora-2-own/quality.jsonl", b'{"item":"q0","scores":{"accuracy":1}}\n')
    (judged,) = asked_again(home, "again")
    assert judged.type == events.UNIT_PASSED, "the report on this basis stands"
    home.local.database.changed("delete from documents where name like 'reports/%'")
    (judged,) = asked_again(home, "once more")
    assert judged.type == events.UNIT_INCONCLUSIVE
    assert "no longer has the sha256 that the manifest states" in judged.data["why"]


def test_an_unknown_unit_is_nothing_to_judge(home):
    unknown = {"unit": "sha256:" + "0" * 64, "kind": "textgen-lora", "number": 1}
    assert home.tell(events.GATE_REQUESTED, **unknown) == []
    home.ship("textgen-lora", 1)
    assert home.tell(events.GATE_REQUESTED, subject="other content", **unknown) == []


WITHOUT_EMBEDDER = {
    "matrix": {"hf": ["textgen-lora"], "aws": ["runtime-distilled"]},
    "gates": {kind: rules for kind, rules in POLICY["gates"].items() if kind != "embedder"},
    "fusion": {**POLICY["fusion"], "carry": ["textgen-lora", "runtime-distilled"]},
}


def test_a_kind_that_the_policy_gave_up_between_acceptance_and_gate_does_not_pass(home):
    home.ship("embedder", 1)
    (accepted,) = home.told(events.UNIT_ACCEPTED)
    home.activate(2, **WITHOUT_EMBEDDER)
    (told,) = home.tell(events.GATE_REQUESTED, **{**accepted.data, "policy": 2})
    assert "the policy has no latency rule, so no unit can pass" in told.data["why"]
    assert told.type == events.UNIT_REFUSED


def test_nobody_waits_for_units_of_a_kind_that_the_policy_gave_up(home):
    for kind in ("textgen-lora", "embedder", "runtime-distilled"):
        home.ship(kind, 1)
    home.activate(2, **WITHOUT_EMBEDDER)
    home.tick("merge", "2026-01-05T08:10:00Z")
    assembled = home.told(events.RELEASE_ASSEMBLED)[-1]
    release = home.document(names.release(assembled.data["release"]))
    assert set(release["units"]) == {"textgen-lora", "runtime-distilled"}


def test_on_a_newer_suite_a_unit_is_judged_where_its_job_had_what_serves_answer_it_too(home):
    """What serves was measured on the older suite only; its answers to the newer one come with the candidate."""
    artifact = home.first_release().units["textgen-lora"]
    sent = shipment("textgen-lora", 2, "good", artifact)
    manifest = json.loads(sent.files[SENTINEL])
    quality = manifest["units"][0]["evidence"]["quality"]
    quality["suite"] = {"name": "newer", "digest": digest("newer suite")}
    quality["against"] = [{"artifact": artifact, "records": quality["records"]}]
    for path, body in {**sent.files, SENTINEL: canonical(manifest)}.items():
        home.place(f"bucket/newer/{path}", body)
    told = home.tell(events.ARTIFACT_COMPLETED, subject="x", artifact_uri="s3://bucket/newer/", provider="s3")
    assert [event.type for event in told] == [events.UNIT_ACCEPTED, events.UNIT_PASSED], told
