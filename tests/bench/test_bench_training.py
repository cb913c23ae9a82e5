# SPDX-License-Identifier: Apache-2.0
"""What is measured elsewhere is told as it was; what cannot be measured here is said."""

import json

from bench import training


def trial(exchange, workers, wire, expected, weights="sha256:1"):
    account = {"exchange": exchange, "workers": workers, "wire": wire, "tensors": expected, "expected": expected}
    return {"account": {**account, "weights": weights}, "examples": 100.0, "away": 1e-7}


ALONE = trial("ring", 1, [0], [0], "sha256:0")
RING = trial("ring", 2, [1_010, 1_020], [1_000, 1_000])


def test_without_the_environment_for_torch_it_is_said_what_makes_it_and_nothing_is_measured(tmp_path, capsys):
    assert list(training.measure(tmp_path / "python", tmp_path / "units")) == []
    assert "not run: make .venv-training/.ready" in capsys.readouterr().err


def test_a_library_that_takes_as_long_is_met_once_and_one_that_takes_half_is_missed():
    same, half = [0.2, 0.2], [0.1, 0.1]
    found = {case: {"ours": same, "library": same} for case in ("step", "answers", "ranking")}
    *kept, missed = training.rates({**found, "ten": {"ours": same, "library": half}})
    assert [goal.verdict for goal in kept] == ["ok"] * 3
    assert (missed.verdict, missed.measured.middle) == ("missed", 0.5)


def test_bytes_are_those_of_the_busiest_process_against_the_busiest_of_theory():
    server = trial("server", 2, [2_300, 1_000, 1_000], [2_000, 1_000, 1_000])
    ring, through, equal = training.exchanges([ALONE, RING, server])
    assert (ring.measured.middle, ring.verdict) == (1.02, "ok")
    assert (through.measured.middle, through.verdict) == (1.15, "missed")
    assert equal.verdict == "ok"


def test_where_the_kernel_does_not_count_the_tensors_are_taken():
    ring, *_ = training.exchanges([ALONE, trial("ring", 2, [], [1_000, 1_000]), RING])
    assert ring.measured.middle == 1.0


def test_ways_that_end_with_other_weights_miss_the_goal():
    *_, equal = training.exchanges([ALONE, RING, trial("server", 2, [1], [1], "sha256:2")])
    assert (equal.verdict, equal.measured.middle) == ("missed", 1)


def test_the_memory_of_an_image_is_the_most_that_one_of_its_jobs_took(tmp_path):
    for name, kind, peak in (("a-v1", "a", 700), ("a-v2", "a", 900), ("b-v1", "b", 9_000)):
        folder = tmp_path / name / "unit"
        folder.mkdir(parents=True)
        document = {"units": [{"kind": kind, "provenance": {"peak_memory_mb": peak}}]}
        (folder / "_MANIFEST.json").write_text(json.dumps(document))
    (goal,) = training.memory(tmp_path)
    assert dict(goal.numbers) == {"a": "900 MB", "b": "9,000 MB"}
    assert goal.verdict == "missed"
