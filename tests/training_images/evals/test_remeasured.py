# SPDX-License-Identifier: Apache-2.0
"""A newer suite is answered by what serves and by the anchor too, so that the gate has something to compare."""

import json
from pathlib import Path

import pytest

from federation.core import contract, strict_json
from federation.core.manifest import manifest_of
from training_images.evals.remeasured import against
from training_images.job.result import DataSet, EvalResult, UnitResult
from training_images.job.run import run

OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64
WHERE = ("--region", "here", "--machine", "core")


def records(value):
    return [{"item": f"item-{number}", "scores": {"accuracy": value}} for number in range(3)]


def trainer(suite, weights):
    """A unit that was measured on that suite; whoever else is asked gets nothing right."""

    def train(job):
        (job.folder / "weights.json").write_text(json.dumps(weights))
        mine = EvalResult(suite="toy", digest=suite, records=records(1))
        return [
            UnitResult(
                kind="embedder",
                files=["weights.json"],
                contract={},
                quality=against(job.spec, "embedder", mine, lambda unit, channel: records(0)),
                safety={},
                latency=None,
                datasets=[DataSet(name="words", digest=OLD)],
                base_model="",
                summary="Nothing.",
            )
        ]

    return train


def shipped(folder, suite, weights, **channels):
    named = [word for name, place in channels.items() for word in (f"--channel.{name}", str(place))]
    assert run(trainer(suite, weights), [*WHERE, "--output", str(folder), *named], {}, Path("/")) == 0
    document = strict_json.document((folder / "_MANIFEST.json").read_bytes())
    contract.check("manifest.v1", document)
    return manifest_of(document).units[0]


@pytest.fixture
def serving(tmp_path):
    return tmp_path / "serving" / "unit", shipped(tmp_path / "serving" / "unit", OLD, "serving")


@pytest.fixture
def frozen(tmp_path):
    return tmp_path / "frozen" / "unit", shipped(tmp_path / "frozen" / "unit", OLD, "frozen")


def test_baseline_and_anchor_answer_a_suite_that_they_were_not_measured_on(tmp_path, serving, frozen):
    unit = shipped(tmp_path / "unit", NEW, "new", baseline=serving[0], anchor=frozen[0])
    stated = unit.evidence.quality.against
    assert [one.artifact for one in stated] == [serving[1].artifact, frozen[1].artifact]
    assert {one.records for one in stated} < set(unit.evidence_files())
    for one in stated:
        lines = (tmp_path / "unit" / one.records.path).read_text().splitlines()
        assert [json.loads(line) for line in lines] == records(0)


def test_an_anchor_that_serves_is_asked_once(tmp_path, serving):
    unit = shipped(tmp_path / "unit", NEW, "new", baseline=serving[0], anchor=serving[0])
    assert [one.artifact for one in unit.evidence.quality.against] == [serving[1].artifact]


def test_on_one_suite_each_sides_own_records_count_and_nobody_is_asked_again(tmp_path, serving):
    assert not shipped(tmp_path / "unit", OLD, "new", baseline=serving[0]).evidence.quality.against


def test_without_a_baseline_nobody_is_asked(tmp_path):
    assert not shipped(tmp_path / "unit", NEW, "new").evidence.quality.against
