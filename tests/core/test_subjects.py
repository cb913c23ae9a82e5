# SPDX-License-Identifier: Apache-2.0
"""What the gates get to see, and what they are told when there is nothing to see."""

import hashlib
import json

from msgspec.structs import replace
from tests.core.proposals import unit

from federation.core import contract
from federation.core.gates.rules import GateRules, QualityRule
from federation.core.manifest import File, LatencyMeasurement, Measurement, Measurements, Suite, Summary, unit_of
from federation.core.policy import policy_of
from federation.core.subjects import candidate_subject, voter_correlations
from federation.core.uri import SENTINEL
from federation.simulation.platform import POLICY, shipment

RULES = policy_of(POLICY).gates["embedder"]
SERVING = "sha256:" + "0" * 64


def told(quality="good", serving=None, **spoilt):
    """The subject that a shipped embedder makes, some of its files spoilt or gone."""
    files = dict(shipment("embedder", 3, quality, serving).files)
    found = unit_of(json.loads(files[SENTINEL])["units"][0])
    return candidate_subject(found, {**files, **spoilt}.get, RULES)


def measured(quality, bodies=None):
    """What becomes of one entry of quality evidence."""
    found = replace(unit("embedder", 3), evidence=Measurements(quality=quality))
    return candidate_subject(found, (bodies or {}).get, RULES).quality


def test_records_become_columns_with_the_suite_that_they_come_from():
    found = told()
    assert found.quality.grade("accuracy") == "records"
    assert len(found.quality.records.items) == 80
    assert found.quality.suite == unit("embedder").evidence.quality.suite.digest
    assert set(found.safety) == {"policy"}


def test_the_subject_is_the_artifact_that_is_shipped():
    shipped = unit("embedder", 3)
    found = told()
    assert (found.artifact, found.kind, found.api) == (shipped.artifact, "embedder", "fusion-api-v1")
    assert found.contract == shipped.contract


def test_latency_knows_its_machine_its_prices_and_the_run_beside_it():
    found = told(serving=SERVING).latency
    assert (found.machine, found.prices) == ("simulated", "2026-01")
    assert found.against.artifact == SERVING
    assert len(found.against.records.items) == len(found.records.items) == 80


def beside(other, others=(SERVING,)):
    """The subject of a unit whose job had what serves answer the suite too, in a file of that content."""
    files = dict(shipment("embedder", 3, "good", None).files)
    stated = json.loads(files[SENTINEL])["units"][0]
    named = {"path": "baseline.jsonl", "sha256": hashlib.sha256(other).hexdigest(), "bytes": len(other)}
    stated["evidence"]["quality"]["against"] = [{"artifact": SERVING, "records": named}]
    found = unit_of(stated)
    assert "baseline.jsonl" in {file.path for file in found.evidence_files()}
    return candidate_subject(found, {**files, "baseline.jsonl": other}.get, RULES, others=others)


def test_what_others_answered_to_the_same_suite_stands_beside_it():
    own = dict(shipment("embedder", 3, "good", None).files)["quality.jsonl"]
    found = beside(own).quality
    assert found.of_other(SERVING).records.scores == found.records.scores
    assert found.of_other(SERVING).records.items is found.records.items
    assert found.of_other("sha256:somebody") is None


def test_records_of_others_that_nobody_compares_with_are_not_read():
    found = beside(b"no records", others=["sha256:somebody"]).quality
    assert (found.fault, found.others) == (None, {})


def test_records_of_others_that_cannot_be_read_are_the_shippers_fault():
    assert "baseline.jsonl" in beside(b"no records").quality.fault


def test_a_gate_without_evidence_sees_nothing():
    assert told("missing").quality is None
    bare = candidate_subject(replace(unit("embedder"), evidence=Measurements()), {}.get, RULES)
    assert (bare.quality, bare.latency, bare.safety) == (None, None, {})


def test_evidence_that_no_rule_asks_for_is_not_read():
    files = shipment("embedder", 3, "good", None).files
    assert candidate_subject(unit("embedder", 3), files.get, GateRules()).quality is None


def test_a_file_that_is_gone_is_a_fault_and_not_an_absence():
    found = told(**{"quality.jsonl": None})
    assert found.quality.fault == "quality.jsonl is no longer there"
    assert found.quality.records is None
    assert found.latency.fault is None


def test_a_file_that_changed_after_the_manifest_is_a_fault():
    assert told(**{"safety.jsonl": b"{}"}).safety["policy"].fault == (
        "safety.jsonl no longer has the sha256 that the manifest states"
    )


def test_a_file_that_is_no_records_says_which_line():
    found = told("broken").quality
    assert found.fault.startswith("spiralverse/embedder-v3/quality.jsonl is not a file of records")
    assert "line 1" in found.fault
    assert "NaN" in found.fault


def test_the_run_beside_it_is_held_to_the_same():
    found = told(serving=SERVING, **{"serving.jsonl": None}).latency
    assert found.fault == "serving.jsonl is no longer there"
    assert found.records is None


def test_one_file_of_both_sides_requests_would_time_a_unit_against_itself():
    """However slow it is, it would be exactly as slow as what serves."""
    files = shipment("embedder", 3, "slow", SERVING).files
    stated = json.loads(files[SENTINEL])["units"][0]
    timed = stated["evidence"]["latency"]
    timed["against"]["records"] = timed["records"]
    found = candidate_subject(unit_of(stated), files.get, RULES).latency
    assert (
        found.fault == "latency.jsonl is named as the records of both the unit and the baseline; name one file for each"
    )


def test_a_copy_under_another_name_is_the_same_run_of_one_side():
    files = shipment("embedder", 3, "slow", SERVING).files
    stated = json.loads(files[SENTINEL])["units"][0]
    timed = stated["evidence"]["latency"]
    timed["against"]["records"] = {**timed["records"], "path": "serving.jsonl"}
    found = candidate_subject(unit_of(stated), {**files, "serving.jsonl": files["latency.jsonl"]}.get, RULES).latency
    assert found.fault.startswith("serving.jsonl is a copy of latency.jsonl")


def test_records_that_name_no_file_are_a_fault():
    claimed = measured(Measurement(grade="records", suite=Suite(name="canonical", digest=SERVING)))
    assert claimed.fault == "the evidence claims a record for each item, but the manifest names no file of records"
    assert claimed.suite == SERVING


def test_a_metric_that_the_records_do_not_state_is_a_fault():
    body = b'{"item":"q0","scores":{"f1":1}}\n'
    file = File(path="q.jsonl", sha256=hashlib.sha256(body).hexdigest(), bytes=len(body))
    assert "accuracy" in measured(Measurement(grade="records", records=file), {"q.jsonl": body}).fault


def test_a_summary_and_a_point_are_seen_as_what_they_are():
    summary = measured(Measurement(grade="summary", summary={"accuracy": Summary(n=1500, mean="0.888", sd="0.3154")}))
    assert summary.grade("accuracy") == "summary"
    assert (summary.summaries["accuracy"].items, summary.summaries["accuracy"].mean) == (1500, 0.888)
    point = measured(Measurement(grade="point", point={"accuracy": "0.888"}))
    assert point.grade("accuracy") == "point"
    assert point.refusal("accuracy", "records")


def both(evidence):
    """Records of accuracy, with a summary of prose beside them, under a rule that asks for so much evidence of it."""
    body = b'{"item":"q0","scores":{"accuracy":1}}\n'
    file = File(path="q.jsonl", sha256=hashlib.sha256(body).hexdigest(), bytes=len(body))
    summary = {"bits_per_byte": Summary(n=200, mean="1.14", sd="0.17")}
    stated = Measurement(grade="records", records=file, summary=summary)
    margin = RULES.quality[0].margin
    asked = (
        QualityRule(metric="accuracy", margin=margin),
        QualityRule(metric="bits_per_byte", margin=margin, direction="lower", evidence=evidence),
    )
    found = replace(unit("embedder", 3), evidence=Measurements(quality=stated))
    return candidate_subject(found, {"q.jsonl": body}.get, GateRules(quality=asked)).quality


def test_a_metric_of_other_items_may_stand_beside_the_records_as_a_summary():
    found = both("summary")
    assert found.fault is None
    assert (found.grade("accuracy"), found.grade("bits_per_byte")) == ("records", "summary")


def test_a_policy_that_believes_only_records_is_not_content_with_a_summary_beside_them():
    assert "bits_per_byte" in both("records").fault


def test_latency_without_records_keeps_its_machine_and_prices():
    claimed = LatencyMeasurement(grade="point", machine="t4", price_table="2026-11", point={"latency_ms": "0.4"})
    found = candidate_subject(replace(unit("embedder"), evidence=Measurements(latency=claimed)), {}.get, RULES).latency
    assert (found.machine, found.prices, found.points) == ("t4", "2026-11", {"latency_ms": 0.4})


def voter(kind, failing, items=60):
    """A unit and its ballot: the safety items that it fails."""
    lines = (f'{{"item":"s{i}","scores":{{"safe":{0 if i in failing else 1}}}}}\n' for i in range(items))
    body = "".join(lines).encode()
    file = File(path=f"{kind}.jsonl", sha256=hashlib.sha256(body).hexdigest(), bytes=len(body))
    suite = Measurement(grade="records", suite=Suite(name="policy", digest=SERVING), records=file)
    return replace(unit(kind), evidence=Measurements(safety={"policy": suite})), {file.path: body}


def together(*voters):
    return voter_correlations([found for found, _ in voters], {found.name: bodies for found, bodies in voters})


def test_voters_that_fail_on_the_same_items_are_told_as_one_pair():
    (pair,) = together(voter("textgen-lora", {1, 2, 3}), voter("embedder", {1, 2, 3}))
    assert pair == {
        "suite": "policy",
        "members": ["spiralverse/embedder-v1", "spiralverse/textgen-lora-v1"],
        "items": 60,
        "both_fail": 3,
        "phi": "1",
    }


def test_a_voter_that_never_fails_has_no_correlation_rather_than_a_zero():
    (pair,) = together(voter("textgen-lora", set()), voter("embedder", {4}))
    assert (pair["phi"], pair["both_fail"]) == (None, 0)


def test_three_voters_are_three_pairs_as_a_release_may_state_them():
    pairs = together(voter("textgen-lora", {1, 2}), voter("embedder", {2, 3}), voter("runtime-distilled", {9}))
    assert len(pairs) == 3
    route = contract.schema_of("release.v1")["$defs"]["route"]["properties"]["voting"]["anyOf"][0]["properties"]
    assert set(pairs[0]) == set(route["correlation"]["items"]["required"])


def test_one_voter_alone_correlates_with_nobody():
    assert together(voter("embedder", {1})) == []
    assert voter_correlations([], {}) == []


def test_voters_of_different_items_or_without_readable_records_say_nothing_of_each_other():
    assert together(voter("textgen-lora", {1}), voter("embedder", {1}, items=59)) == []
    found, bodies = voter("embedder", {1})
    assert together(voter("textgen-lora", {1}), (found, dict.fromkeys(bodies))) == []


def test_a_quality_rule_names_the_metrics_that_are_read():
    rules = GateRules(quality=(QualityRule(metric="accuracy", margin=RULES.quality[0].margin),))
    files = shipment("embedder", 3, "good", None).files
    assert set(candidate_subject(unit("embedder", 3), files.get, rules).quality.records.scores) == {"accuracy"}
