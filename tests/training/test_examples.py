# SPDX-License-Identifier: Apache-2.0
"""The example units are what their manifests say, and what they score can be computed again."""

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from training.stand_ins import measuring, suite
from training.stand_ins.adapters import Adapter, Base, fit_base
from training.stand_ins.retrieval import Embedder, Index
from training.stand_ins.runtimes import Runtime, Served
from training.stand_ins.weights import decoded, matrix

from federation.core import contract, records, strict_json
from federation.core.digest import digest_of
from federation.core.gates import judge
from federation.core.gates.finding import Finding
from federation.core.manifest import Manifest, Unit, manifest_of
from federation.core.policy import Policy, policy_of
from federation.core.testimony import subject

EXAMPLES = Path(__file__).resolve().parents[2] / "training" / "examples"
FIRST, LATER, RETURNING = EXAMPLES, EXAMPLES / "later", EXAMPLES / "later" / "returning"
KINDS = {"textgen-lora", "policy-adapter", "embedder", "retrieval-eval", "runtime-distilled", "inference-benchmark"}
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


def shipped(folder: Path) -> Iterator[tuple[Path, Unit]]:
    return ((folder, unit) for unit in units(folder).values())


def everything() -> list[tuple[Path, Unit]]:
    return [*shipped(FIRST), *shipped(LATER), *shipped(RETURNING)]


def findings(folder: Path, kind: str, baseline: Path | None) -> tuple[Finding, ...]:
    rules = policy().gates[kind]

    def seen(place: Path) -> object:
        unit = units(place)[kind]
        return subject(unit, {file.path: (place / file.path).read_bytes() for file in unit.evidence_files()}.get, rules)

    return judge(seen(folder), seen(baseline) if baseline else None, None, rules)


def refusing(found: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {(finding.gate, finding.verdict) for finding in found if finding.verdict != "pass"}


@every_manifest
def test_a_manifest_satisfies_its_schema_and_ships_only_what_its_platform_may(path):
    found = manifest(path)
    assert found.platform == path.name.removesuffix("_manifest.json")
    assert {unit.kind for unit in found.units} <= set(policy().matrix[found.platform])


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
    base = {EXAMPLES / "base" / f"{part}.json" for part in ("model", "tokenizer", "chat_template")}
    lying = {path for path in EXAMPLES.rglob("*") if path.is_file()}
    assert lying == named | base | set(FILES) | {EXAMPLES / "policy.json"}
    assert sum(path.stat().st_size for path in lying) < 4_000_000


def test_no_model_file_is_anything_but_small_json():
    for folder, unit in everything():
        for file in unit.files:
            assert decoded((folder / file.path).read_bytes())
            assert file.bytes < 100_000


def test_all_six_kinds_come_first_and_again_later():
    assert set(units(FIRST)) == set(units(LATER)) == KINDS
    assert {unit.number for unit in units(FIRST).values()} == {1}
    assert {unit.number for unit in units(LATER).values()} == {2}


def test_raw_data_stayed_on_the_platform_that_trained():
    for path in FILES:
        found = manifest(path)
        for unit in found.units:
            assert unit.residency.raw_data_left is False
            assert {dataset.platform for dataset in unit.residency.datasets} == {found.platform}


def test_every_record_is_readable_and_of_the_suite_that_the_evidence_names():
    suites = {
        "quality": suite.canonical(),
        "policy": suite.policy(),
        "adversarial": suite.adversarial(),
    }
    for folder, unit in everything():
        measured = {"quality": unit.evidence.quality, **unit.evidence.safety}
        metrics = [rule.metric for rule in policy().gates[unit.kind].quality]
        assert set(measured) == set(suites)
        for name, evidence in measured.items():
            body = (folder / evidence.records.path).read_bytes()
            found = records.read(body, metrics if name == "quality" else ["safe"], what=evidence.records.path)
            assert found.items == suites[name].items
            assert evidence.suite.digest == suites[name].digest()


def test_the_safety_suites_are_large_enough_to_bound_two_percent():
    assert len(suite.policy()) == len(suite.adversarial()) == 600
    assert np.isin(suite.policy().labels, sorted(suite.FORBIDDEN)).sum() > 290
    assert not np.isin(suite.adversarial().labels, sorted(suite.FORBIDDEN)).any()


def test_adapters_pin_the_base_that_lies_beside_them():
    for folder in (FIRST, LATER):
        for kind in ("textgen-lora", "policy-adapter"):
            stated = units(folder)[kind].contract
            for clause, name in (("base_model", "model"), ("tokenizer",) * 2, ("chat_template",) * 2):
                assert stated[clause] == digest_of((EXAMPLES / "base" / f"{name}.json").read_bytes())


def test_latency_was_measured_against_the_unit_that_serves():
    for folder in (LATER, RETURNING):
        for kind, unit in units(folder).items():
            assert unit.evidence.latency.against.artifact == units(FIRST)[kind].artifact


def test_thresholds_are_bound_to_the_embedder_shipped_with_them():
    for folder in (FIRST, LATER):
        assert units(folder)["retrieval-eval"].calibration.embedder == units(folder)["embedder"].artifact
    assert units(FIRST)["embedder"].artifact != units(LATER)["embedder"].artifact


def test_the_one_that_returns_is_the_same_artifact_under_a_new_number():
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
    assert refusing(findings(LATER, "policy-adapter", FIRST)) == {("quality", "fail"), ("safety", "fail")}


def test_the_benchmark_of_thirty_requests_is_inconclusive_for_its_latency_alone():
    assert refusing(findings(LATER, "inference-benchmark", FIRST)) == {("latency", "inconclusive")}


def test_no_member_learned_from_an_item_that_it_answers():
    for fold in range(suite.FOLDS):
        assert not np.isin(fold, suite.canonical().folds[suite.learnable(fold)])
    assert not set(suite.pretraining().items) & set(suite.canonical().items)


def model(folder: Path, kind: str) -> measuring.Answering:
    def weights(of: str) -> object:
        return decoded((folder / units(folder)[of].files[0].path).read_bytes())

    match kind:
        case "textgen-lora" | "policy-adapter":
            return Adapter(Base(decoded((EXAMPLES / "base" / "model.json").read_bytes())), weights(kind))
        case "embedder":
            return Embedder(weights(kind))
        case "retrieval-eval":
            return Index(Embedder(weights("embedder")), weights(kind))
        case "runtime-distilled":
            return Runtime(weights(kind))
    return Served(Runtime(weights("runtime-distilled")))


@pytest.mark.parametrize("folder", [FIRST, LATER], ids=["first", "later"])
@pytest.mark.parametrize("kind", ["textgen-lora", "runtime-distilled", "inference-benchmark"])
def test_answering_the_suite_with_the_shipped_weights_gives_the_recorded_accuracy(folder, kind):
    unit = units(folder)[kind]
    computed = measuring.lines(measuring.accuracy(model(folder, kind), suite.canonical()))
    assert computed == (folder / unit.evidence.quality.records.path).read_bytes()


@pytest.mark.parametrize("folder", [FIRST, LATER], ids=["first", "later"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_answering_the_safety_suites_with_the_shipped_weights_gives_the_recorded_failures(folder, kind):
    recorded = units(folder)[kind].evidence.safety
    for name, asked in (("policy", suite.policy()), ("adversarial", suite.adversarial())):
        computed = measuring.lines(measuring.safety(model(folder, kind), asked))
        assert computed == (folder / recorded[name].records.path).read_bytes()


def test_asking_the_index_with_the_shipped_weights_gives_the_recorded_ranking_and_thresholds():
    unit, index = units(FIRST)["retrieval-eval"], model(FIRST, "retrieval-eval")
    computed = measuring.lines(measuring.retrieval(index, suite.canonical()))
    assert computed == (FIRST / unit.evidence.quality.records.path).read_bytes()
    assert index.thresholds() == unit.calibration.thresholds


def test_training_the_base_again_gives_the_shipped_base():
    recorded = decoded((EXAMPLES / "base" / "model.json").read_bytes())
    assert np.allclose(matrix(fit_base()["weights"]), matrix(recorded["weights"]), atol=1e-3)


def test_other_weights_give_other_scores():
    unit, document = units(FIRST)["textgen-lora"], decoded((FIRST / "textgen-lora" / "adapter.json").read_bytes())
    document["members"].reverse()
    other = Adapter(Base(decoded((EXAMPLES / "base" / "model.json").read_bytes())), document)
    computed = measuring.lines(measuring.accuracy(other, suite.canonical()))
    assert computed != (FIRST / unit.evidence.quality.records.path).read_bytes()
