# SPDX-License-Identifier: Apache-2.0
"""A benchmark measures the runtime that it names, over HTTP, in turns with the serving one."""

import json
import os
import signal
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


def train_once(job: Job) -> Any:
    return train(job)


def records(folder: Path, name: str, kind: str = KIND) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / kind / "records" / f"{name}.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def benchmark(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark") / "unit"
    assert job(train_once, folder, *channels(runtime=world.runtime, suite=world.suite), *FEW) == 0
    return folder


def test_the_manifest_states_the_runtime_and_the_machine(benchmark: Path, world: World) -> None:
    manifest = json.loads((benchmark / "_MANIFEST.json").read_bytes())
    contract.check("manifest.v1", manifest)
    (unit,) = manifest["units"]
    runtime = shipped_unit(world.runtime, RUNTIME)
    assert unit["contract"] == runtime.contract
    assert unit["evidence"]["latency"]["machine"] == "core"
    assert json.loads((benchmark / KIND / REPORT).read_bytes())["runtime"] == runtime.artifact


def test_the_report_states_percentiles_speed_and_cost_as_decimal_text(benchmark: Path) -> None:
    report = json.loads((benchmark / KIND / REPORT).read_bytes())
    shares = [Decimal(report["latency_ms"][name]) for name in ("p50", "p95", "p99")]
    assert 0 < shares[0] <= shares[1] <= shares[2]
    assert Decimal(report["tokens_per_second"]) > 0
    assert Decimal(report["cost_per_token"]) > 0
    assert (report["concurrency"], report["requests"], report["encoding"][:16]) == (1, 30, "application/json")


def test_cost_is_the_processor_time_at_the_price_in_the_table(benchmark: Path) -> None:
    report = json.loads((benchmark / KIND / REPORT).read_bytes())
    requests = records(benchmark, "latency")
    cost, tokens = (sum(record["scores"][name] for record in requests) for name in ("cost", "tokens"))
    assert float(report["cost_per_token"]) == pytest.approx(cost / tokens, rel=1e-4)
    a_millisecond = 0.03 / 3_600_000
    assert all(
        0 < record["scores"]["cost"] <= record["scores"]["latency_ms"] * a_millisecond * 1.5 for record in requests
    )


def test_the_scores_over_http_are_those_of_the_runtime(benchmark: Path, world: World) -> None:
    for name in ("quality", "policy", "adversarial"):
        assert records(benchmark, name) == records(world.runtime, name, RUNTIME)


def test_requests_to_the_serving_runtime_are_interleaved_on_another_server(
    benchmark: Path, world: World, tmp_path: Path
) -> None:
    candidate = runtime_unit(tmp_path / "candidate", world, "--seed", "5", number=2)
    words = channels(runtime=candidate, suite=world.suite, baseline=benchmark, baseline_runtime=world.runtime)
    assert job(train_once, tmp_path / "unit", *words, *FEW) == 0
    latency = json.loads((tmp_path / "unit" / "_MANIFEST.json").read_bytes())["units"][0]["evidence"]["latency"]
    assert latency["against"]["artifact"] == shipped_unit(benchmark, KIND).artifact
    sides = [records(tmp_path / "unit", name) for name in ("latency", "latency_of_baseline")]
    assert [[record["item"] for record in side] for side in sides] == [[record["item"] for record in sides[0]]] * 2
    assert len(sides[1]) == 30


def test_the_serving_runtime_also_answers_a_newer_suite(benchmark: Path, world: World, tmp_path: Path) -> None:
    candidate = runtime_unit(tmp_path / "candidate", world, "--seed", "5", number=2)
    suite = newer(world.suite, tmp_path / "suite")
    words = channels(runtime=candidate, suite=suite, baseline=benchmark, baseline_runtime=world.runtime)
    assert job(train_once, tmp_path / "unit", *words, *FEW) == 0
    artifacts, answers = told_of(tmp_path / "unit", KIND)
    assert artifacts == [shipped_unit(benchmark, KIND).artifact]
    assert answers == records(benchmark, "quality")[1:]


def test_a_baseline_of_another_runtime_is_refused(benchmark: Path, world: World, tmp_path: Path) -> None:
    other = runtime_unit(tmp_path / "other", world, "--seed", "6", number=3)
    words = channels(runtime=world.runtime, suite=world.suite, baseline=benchmark, baseline_runtime=other)
    assert job(train_once, tmp_path / "unit", *words, *FEW) == 42
    assert "give the channel baseline_runtime the folder of the runtime that it measured" in failure(tmp_path / "unit")


def test_a_runtime_without_a_manifest_is_refused(world: World, tmp_path: Path) -> None:
    half = Path(copytree(world.runtime, tmp_path / "half"))
    (half / "_MANIFEST.json").unlink()
    assert job(train_once, tmp_path / "unit", *channels(runtime=half, suite=world.suite), *FEW) == 42
    assert "no manifest" in failure(tmp_path / "unit")


def test_a_job_without_the_channel_runtime_is_refused(world: World, tmp_path: Path) -> None:
    assert job(train_once, tmp_path / "unit", *channels(suite=world.suite), *FEW) == 42
    assert "the channel runtime is not given" in failure(tmp_path / "unit")


def test_a_job_that_the_platform_stops_ends_at_once(world: World, tmp_path: Path) -> None:
    def stopped(job: Job) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return train(job)

    assert job(stopped, tmp_path / "unit", *channels(runtime=world.runtime, suite=world.suite), *FEW) == 143
    assert "the platform stopped the job; this image saves no checkpoint" in failure(tmp_path / "unit")


@pytest.mark.parametrize("part", ["task", "policy", "adversarial"])
def test_a_part_without_items_is_refused(part: str, world: World, tmp_path: Path) -> None:
    copytree(world.suite, tmp_path / "suite")
    (tmp_path / "suite" / f"{part}.jsonl").write_bytes(b"")
    assert job(train_once, tmp_path / "unit", *channels(runtime=world.runtime, suite=tmp_path / "suite"), *FEW) == 42
    assert f"the suite's {part} is empty" in failure(tmp_path / "unit")
