# SPDX-License-Identifier: Apache-2.0
"""What is true in the demo's store when its story has been told?"""

import json

import pytest
from tests.demo.conftest import EXAMPLES

from federation.core import contract, names
from federation.core import event as events
from federation.demo.show import play
from federation.errors import ConflictError
from federation.wiring.local import local_home

FIRST = "spiralverse-ai-federated-v1.0.0"
SECOND = "spiralverse-ai-federated-v1.0.1"


def _artifact(reads, kind, number):
    return reads.document(names.version(kind, number))["artifact"]


def _verdicts(reads, kind, number):
    return {reads.document(name)["report"]["verdict"] for name in reads.names(names.reports(kind, number))}


def test_the_first_release_serves_again_and_the_nodes_know_it(channel, folder):
    assert channel.serving.name == FIRST
    assert json.loads((folder / "serving" / "production.json").read_text())["release"] == FIRST


def test_the_channel_was_promoted_twice_and_rolled_back_once(channel):
    kinds = [moved.kind for moved in channel.moves if moved.kind in {"promote", "roll_back"}]
    assert kinds == ["promote", "promote", "roll_back"]


def test_what_the_second_release_brought_is_in_quarantine_and_nothing_else(reads, channel):
    brought = {"textgen-lora", "embedder", "retrieval-eval", "runtime-distilled"}
    assert set(channel.quarantine) == {_artifact(reads, kind, 2) for kind in brought}


def test_the_release_that_was_left_carried_what_did_not_pass(reads):
    units = reads.document(names.release(SECOND))["units"]
    origins = {kind: (unit["name"].rpartition("-")[2], unit["origin"]) for kind, unit in units.items()}
    assert origins == {
        "textgen-lora": ("v2", "new"),
        "embedder": ("v2", "new"),
        "retrieval-eval": ("v2", "new"),
        "runtime-distilled": ("v2", "new"),
        "policy-adapter": ("v1", "carried"),
        "inference-benchmark": ("v1", "carried"),
    }


def test_a_worse_unit_was_refused_and_one_with_too_little_evidence_left_open(reads):
    assert "fail" in _verdicts(reads, "policy-adapter", 2)
    assert "inconclusive" in _verdicts(reads, "inference-benchmark", 2)


def test_the_bad_units_return_under_a_new_number_is_in_no_release(reads, channel):
    assert _artifact(reads, "textgen-lora", 3) == _artifact(reads, "textgen-lora", 2)
    assert _artifact(reads, "textgen-lora", 3) in channel.quarantine
    released = {unit["name"] for name in reads.names(names.RELEASES) for unit in reads.document(name)["units"].values()}
    assert "spiralverse/textgen-lora-v3" not in released


def test_there_are_two_releases_and_both_are_published(home, reads):
    assert reads.names(names.RELEASES) == [names.release(FIRST), names.release(SECOND)]
    assert all(home.ports.registry.find(name) for name in (FIRST, SECOND))


def test_what_the_hub_sent_in_vain_is_parked(reads):
    parked = [reads.document(name) for name in reads.names(names.PARKED)]
    assert [one["error"] for one in parked if one["entry"] == "http:hf-webhook"] == ["bad_sha"]


def test_whoever_does_not_know_the_secret_leaves_no_trace(home):
    bodies = [home.ports.store.read(name) for name in home.ports.store.names("")]
    assert not any(b"f" * 40 in body for body in bodies)


def test_a_foreign_account_completes_nothing(reads):
    heard = [reads.document(name) for name in reads.names(names.EVENTS)]
    assert not any("999988887777" in event["subject"] for event in heard)


def test_the_lost_notification_was_found_by_the_sweep_and_its_late_arrival_changed_nothing(lines):
    sweep = next(line for line in lines if line.what.startswith("The daily sweep asks"))
    assert any("embedder-v1 accepted" in sentence for sentence in sweep.became)
    late = next(line for line in lines if line.what.startswith("Cloud Storage, late"))
    assert late.documents == []


def test_the_same_webhook_twice_is_one_fact(lines):
    again = next(line for line in lines if line.what.startswith("The Hub sends the same webhook again"))
    assert again.documents == []


def test_only_the_vertex_pipeline_waits_because_nobody_has_asked_where_its_artifact_is(reads):
    settled = {name.removeprefix(names.SETTLED) for name in reads.names(names.SETTLED)}
    waits = [
        reads.document(name)["event"]["subject"]
        for name in reads.names(names.WAITING)
        if name.removeprefix(names.WAITING).partition("/")[0] not in settled
    ]
    assert {subject.split("/")[-2] for subject in waits} == {"pipelineJobs"}


def test_a_stale_alarm_and_a_repeated_one_moved_nothing(reads):
    outcomes = [reads.document(name)["outcome"] for name in reads.names(f"{names.DECISIONS}roll_back/")]
    told = [event["type"] for outcome in outcomes for event in outcome["events"]]
    assert sorted(told) == [events.RELEASE_ROLLED_BACK, events.ROLLBACK_SKIPPED]


def test_every_release_report_and_channel_satisfies_its_schema(home, reads, channel):
    for name in reads.names(names.RELEASES):
        contract.check("release.v1", reads.document(name), what=name)
    for name in reads.names(names.REPORTS):
        contract.check("report.v1", reads.document(name)["report"], what=name)
    contract.check("channel.v1", channel.document())
    assert home.bus.dead() == []


def test_every_document_that_a_line_names_is_stored(lines, home):
    named = [name for line in lines for name in line.documents]
    assert len(named) == len(set(named))
    assert all(home.ports.store.read(name) is not None for name in named)


def test_told_again_the_story_is_the_same_byte_for_byte(lines, home, tmp_path):
    again = list(play(tmp_path / "again", EXAMPLES))
    assert again == lines
    other = local_home(tmp_path / "again")
    try:
        stores = home.ports.store, other.ports.store
        assert stores[0].names("") == stores[1].names("")
        assert all(stores[0].read(name) == stores[1].read(name) for name in stores[0].names(""))
        assert stores[0].channel("production") == stores[1].channel("production")
    finally:
        other.close()


def test_a_home_is_not_played_into(folder):
    with pytest.raises(ConflictError, match="empty folder"):
        list(play(folder, EXAMPLES))
