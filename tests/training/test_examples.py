# SPDX-License-Identifier: Apache-2.0
"""The example units are what their manifests say, on the suite that is committed, and the gates decide on them as told."""

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from training.units.plan import COPIES, ORDERS

from federation.core import contract, records, strict_json
from federation.core.gates.finding import Finding
from federation.core.gates.judging import judge
from federation.core.manifest import Manifest, Unit, manifest_of
from federation.core.policy import Policy, policy_of
from federation.core.statistics.comparison import compare_records
from federation.core.statistics.quantile import p95_upper
from federation.core.subjects import candidate_subject
from training_images.evals.suite import committed

EXAMPLES = Path(__file__).resolve().parents[2] / "training" / "examples"
FIRST, LATER, CLOSE, RETURNING = (EXAMPLES / part for part in ("", "later", "later/close", "later/returning"))
KINDS = {"textgen-lora", "policy-adapter", "embedder", "retrieval-eval", "runtime-distilled", "inference-benchmark"}
PART = {"embedder": "retrieval", "retrieval-eval": "retrieval"}
"""Which part of the suite a kind's quality is measured on; `task` for all others."""
FILES = sorted(EXAMPLES.rglob("*_manifest.json"))
every_manifest = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(EXAMPLES)))


def manifest(path: Path) -> Manifest:
    document = strict_json.document(path.read_bytes(), what=path.name)
    contract.check("manifest.v1", document, what=path.name)
    return manifest_of(document)


@cache
def units(folder: Path) -> dict[str, Unit]:
    return {unit.kind: unit for path in sorted(folder.glob("*_manifest.json")) for unit in manifest(path).units}


@cache
def policy() -> Policy:
    return policy_of(strict_json.document((EXAMPLES / "policy.json").read_bytes()))


def everything() -> Iterator[tuple[Path, Unit]]:
    return ((folder, unit) for folder in (FIRST, LATER, CLOSE, RETURNING) for unit in units(folder).values())


def findings(folder: Path, kind: str, baseline: Path | None) -> tuple[Finding, ...]:
    rules = policy().gates[kind]

    def seen(place: Path) -> object:
        unit = units(place)[kind]
        return candidate_subject(
            unit, {file.path: (place / file.path).read_bytes() for file in unit.evidence_files()}.get, rules
        )

    return judge(seen(folder), seen(baseline) if baseline else None, None, rules)


def refusing(found: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {(finding.gate, finding.verdict) for finding in found if finding.verdict != "pass"}


@every_manifest
def test_a_manifest_satisfies_its_schema_and_ships_only_what_its_platform_may(path):
    content = manifest(path)
    assert content.platform == path.name.removesuffix("_manifest.json")
    assert {unit.kind for unit in content.units} <= set(policy().matrix[content.platform])


@every_manifest
def test_a_manifest_is_written_as_people_read_it(path):
    text = path.read_text()
    keys = [line.split('"')[1] for line in text.splitlines() if line.startswith('  "')]
    assert keys == sorted(keys) == ["platform", "produced_at", "schema", "units"]
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")


@every_manifest
def test_every_file_has_the_stated_digest_and_size(path):
    for unit in manifest(path).units:
        for file in (*unit.files, *unit.evidence_files()):
            body = (path.parent / file.path).read_bytes()
            assert (hashlib.sha256(body).hexdigest(), len(body)) == (file.sha256, file.bytes), file.path


def test_there_is_no_file_that_nothing_names_and_the_whole_stays_small():
    named = {folder / file.path for folder, unit in everything() for file in (*unit.files, *unit.evidence_files())}
    cards = {folder / unit.kind / "README.md" for folder, unit in everything()}
    drawn = {path for folder, unit in everything() for path in (folder / unit.kind / "charts").glob("*.svg")}
    lying = {path for path in EXAMPLES.rglob("*") if path.is_file()}
    assert lying == named | cards | drawn | set(FILES) | {EXAMPLES / "policy.json"}
    assert sum(path.stat().st_size for path in lying) < 20_000_000


def test_a_chart_of_latencies_names_the_p95_that_the_gate_reads_from_the_records():
    for folder, unit in everything():
        chart = (folder / unit.kind / "charts" / "latency.svg").read_text("utf-8")
        body = (folder / unit.evidence.latency.records.path).read_bytes()
        measured = p95_upper(records.read(body, ["latency_ms"], what=unit.name).scores["latency_ms"])
        if measured is None:
            assert unit.name.endswith("inference-benchmark-v2"), "the one that measured too little"
        else:
            assert f"p95 {measured[0]:.3g} ms" in chart


def test_nothing_that_is_shipped_can_hold_code():
    shipped = {Path(file.path).suffix for _, unit in everything() for file in unit.files}
    assert shipped <= {".safetensors", ".onnx", ".json", ".npy"}


def test_every_order_is_there_under_its_name_and_so_are_the_copies():
    ordered = {f"spiralverse/{order.name}" for order in ORDERS}
    copied = {f"spiralverse/{kind}-v{number}" for kind, number, _ in COPIES.values()}
    assert {unit.name for _, unit in everything()} == ordered | copied
    assert set(units(FIRST)) == set(units(LATER)) == KINDS


def test_raw_data_stayed_on_the_platform_that_trained():
    for path in FILES:
        content = manifest(path)
        for unit in content.units:
            assert unit.residency.raw_data_left is False
            assert {dataset.platform for dataset in unit.residency.datasets} <= {content.platform}


def test_every_record_answers_one_item_of_the_committed_suite():
    parts = committed()["parts"]
    for folder, unit in everything():
        quality = PART.get(unit.kind, "task")
        measured = {quality: unit.evidence.quality, **unit.evidence.safety}
        metrics = [rule.metric for rule in policy().gates[unit.kind].quality]
        for name, evidence in measured.items():
            assert evidence.suite.digest == parts[name]["digest"], (unit.name, name)
            expected_metrics = metrics if name == quality else ["safe"]
            result = records.read(
                (folder / evidence.records.path).read_bytes(), _of_records(evidence, expected_metrics), what=name
            )
            assert len(result.items) == parts[name]["items"]


def _of_records(evidence, metrics):
    return [metric for metric in metrics if metric not in evidence.summary]


def test_the_suite_is_large_enough_for_the_margins_asked():
    parts = committed()["parts"]
    assert parts["task"]["items"] >= 2_000
    assert parts["policy"]["items"] == parts["adversarial"]["items"] == 600


def test_no_document_names_a_place_of_a_machine():
    for path in FILES:
        text = path.read_text()
        assert "/build/" not in text
        assert "channel." not in text


def test_every_unit_has_a_card_that_the_hubs_library_reads():
    for folder, unit in everything():
        card = ModelCard.load(folder / unit.kind / "README.md").data
        assert card.eval_results, unit.name
        assert card.model_name == unit.name


def test_adapters_of_both_kinds_and_numbers_share_one_base():
    adapters = [unit.contract for _, unit in everything() if unit.kind in {"textgen-lora", "policy-adapter"}]
    assert len({stated["base_model"] for stated in adapters}) == 1
    assert len({stated["chat_template"] for stated in adapters}) == 1


def test_latency_was_measured_against_the_unit_that_serves():
    for folder, before in ((LATER, FIRST), (RETURNING, FIRST), (CLOSE, LATER)):
        for kind, unit in units(folder).items():
            assert unit.evidence.latency.against.artifact == units(before)[kind].artifact


def test_thresholds_are_bound_to_the_embedder_shipped_with_them():
    for folder in (FIRST, LATER):
        assert units(folder)["retrieval-eval"].calibration.embedder == units(folder)["embedder"].artifact
    assert units(FIRST)["embedder"].artifact != units(LATER)["embedder"].artifact


def test_the_returning_unit_is_the_same_artifact_under_a_new_number():
    before, after = units(LATER)["textgen-lora"], units(RETURNING)["textgen-lora"]
    assert (before.number, after.number) == (2, 3)
    assert before.artifact == after.artifact


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_first_units_pass_every_gate_against_the_floors(kind):
    assert refusing(findings(FIRST, kind, None)) == set()


@pytest.mark.parametrize("kind", ["textgen-lora", "embedder", "retrieval-eval", "runtime-distilled"])
def test_the_better_units_pass_every_gate_against_the_first(kind):
    assert refusing(findings(LATER, kind, FIRST)) == set()


def test_the_policy_adapter_of_wrong_labels_is_refused_for_its_quality_and_its_safety():
    result = refusing(findings(LATER, "policy-adapter", FIRST))
    assert {("quality", "fail"), ("safety", "fail")} <= result
    assert {gate for gate, _ in result} == {"quality", "safety"}


def test_the_benchmark_of_thirty_requests_is_inconclusive_for_its_latency_alone():
    assert refusing(findings(LATER, "inference-benchmark", FIRST)) == {("latency", "inconclusive")}


def test_the_close_unit_is_within_the_margin_by_its_mean_and_not_by_a_paired_test():
    (kind,) = units(CLOSE)
    rule, *_ = policy().gates[kind].quality
    mine, theirs = (_quality(folder, kind, rule.metric) for folder in (CLOSE, LATER))
    difference = compare_records(mine, theirs, metric=rule.metric, margin=float(rule.margin)).interval
    assert difference.estimate > -float(rule.margin)
    assert ("quality", "inconclusive") in refusing(findings(CLOSE, kind, LATER))


def _quality(folder: Path, kind: str, metric: str) -> records.Records:
    place = folder / units(folder)[kind].evidence.quality.records.path
    return records.read(place.read_bytes(), [metric], what=place.name)
