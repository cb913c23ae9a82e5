# SPDX-License-Identifier: Apache-2.0
"""Does a benchmark measure the runtime that it names, behind a real request, next to what serves now?"""

import json
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from tests.training_runs.small_world.home import World, channels, failure, job, runtime_unit
from tests.training_runs.small_world.newer import newer, told_of

from federation.core import contract
from training_images.inference_benchmark.measured import KIND, REPORT
from training_images.inference_benchmark.train import train
from training_images.job.job import Job
from training_images.job.unit_folder import shipped_unit
from training_images.runtime_distilled.runtime import KIND as RUNTIME

FEW = ("--requests", "30", "--warm_up", "3")


def once(job: Job) -> Any:
    return train(job)


def records(folder: Path, name: str, kind: str = KIND) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / kind / "records" / f"{name}.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def benchmark(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark") / "unit"
    assert job(once, folder, *channels(runtime=world.runtime, suite=world.suite), *FEW) == 0
    return folder


def test_the_manifest_says_what_was_measured_and_on_what(benchmark: Path, world: World) -> None:
    manifest = json.loads((benchmark / "_MANIFEST.json").read_bytes())
    contract.check("manifest.v1", manifest)
    (unit,) = manifest["units"]
    runtime = shipped_unit(world.runtime, RUNTIME)
    assert unit["contract"] == runtime.contract
    assert unit["evidence"]["latency"]["machine"] == "core"
    assert json.loads((benchmark / KIND / REPORT).read_bytes())["runtime"] == runtime.artifact


def test_the_report_states_percentiles_speed_and_price_as_decimal_text(benchmark: Path) -> None:
    told = json.loads((benchmark / KIND / REPORT).read_bytes())
    shares = [Decimal(told["latency_ms"][name]) for name in ("p50", "p95", "p99")]
    assert 0 < shares[0] <= shares[1] <= shares[2]
    assert Decimal(told["tokens_per_second"]) > 0
    assert Decimal(told["cost_per_token"]) > 0
    assert (told["concurrency"], told["requests"], told["encoding"][:16]) == (1, 30, "application/json")


def test_the_price_is_that_of_the_table_for_the_core_time_of_the_server(benchmark: Path) -> None:
    told = json.loads((benchmark / KIND / REPORT).read_bytes())
    timed = records(benchmark, "latency")
    cost, tokens = (sum(record["scores"][name] for record in timed) for name in ("cost", "tokens"))
    assert float(told["cost_per_token"]) == pytest.approx(cost / tokens, rel=1e-4)
    a_millisecond = 0.03 / 3_600_000
    assert all(0 < record["scores"]["cost"] <= record["scores"]["latency_ms"] * a_millisecond * 1.5 for record in timed)


def test_answers_that_came_back_score_what_the_runtime_scores(benchmark: Path, world: World) -> None:
    for name in ("quality", "policy", "adversarial"):
        assert records(benchmark, name) == records(world.runtime, name, RUNTIME)


def test_what_serves_now_is_asked_in_turns_through_a_server_of_its_own(
    benchmark: Path, world: World, tmp_path: Path
) -> None:
    candidate = runtime_unit(tmp_path / "candidate", world, "--seed", "5", number=2)
    named = channels(runtime=candidate, suite=world.suite, baseline=benchmark, baseline_runtime=world.runtime)
    assert job(once, tmp_path / "unit", *named, *FEW) == 0
    latency = json.loads((tmp_path / "unit" / "_MANIFEST.json").read_bytes())["units"][0]["evidence"]["latency"]
    assert latency["against"]["artifact"] == shipped_unit(benchmark, KIND).artifact
    sides = [records(tmp_path / "unit", name) for name in ("latency", "latency_of_baseline")]
    assert [[record["item"] for record in side] for side in sides] == [[record["item"] for record in sides[0]]] * 2
    assert len(sides[1]) == 30


def test_the_runtime_of_what_serves_now_answers_a_suite_that_it_never_saw(
    benchmark: Path, world: World, tmp_path: Path
) -> None:
    candidate = runtime_unit(tmp_path / "candidate", world, "--seed", "5", number=2)
    asked = newer(world.suite, tmp_path / "suite")
    named = channels(runtime=candidate, suite=asked, baseline=benchmark, baseline_runtime=world.runtime)
    assert job(once, tmp_path / "unit", *named, *FEW) == 0
    artifacts, answered = told_of(tmp_path / "unit", KIND)
    assert artifacts == [shipped_unit(benchmark, KIND).artifact]
    assert answered == records(benchmark, "quality")[1:]


def test_a_baseline_that_measured_another_runtime_is_told(benchmark: Path, world: World, tmp_path: Path) -> None:
    other = runtime_unit(tmp_path / "other", world, "--seed", "6", number=3)
    named = channels(runtime=world.runtime, suite=world.suite, baseline=benchmark, baseline_runtime=other)
    assert job(once, tmp_path / "unit", *named, *FEW) == 42
    assert "give the channel baseline_runtime the folder of the runtime that it measured" in failure(tmp_path / "unit")


def test_a_runtime_without_a_manifest_is_not_served(world: World, tmp_path: Path) -> None:
    half = Path(copytree(world.runtime, tmp_path / "half"))
    (half / "_MANIFEST.json").unlink()
    assert job(once, tmp_path / "unit", *channels(runtime=half, suite=world.suite), *FEW) == 42
    assert "no manifest" in failure(tmp_path / "unit")


def test_without_the_channel_runtime_there_is_nothing_to_measure(world: World, tmp_path: Path) -> None:
    assert job(once, tmp_path / "unit", *channels(suite=world.suite), *FEW) == 42
    assert "the channel runtime is not given" in failure(tmp_path / "unit")


@pytest.mark.parametrize("part", ["task", "policy", "adversarial"])
def test_a_part_without_items_is_told_before_anybody_is_asked(part: str, world: World, tmp_path: Path) -> None:
    copytree(world.suite, tmp_path / "suite")
    (tmp_path / "suite" / f"{part}.jsonl").write_bytes(b"")
    assert job(once, tmp_path / "unit", *channels(runtime=world.runtime, suite=tmp_path / "suite"), *FEW) == 42
    assert f"the suite's {part} is empty" in failure(tmp_path / "unit")
