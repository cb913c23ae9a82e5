# SPDX-License-Identifier: Apache-2.0
"""Results of a tool become two files of records, and `federation compare` reads them as they are."""

import json
import os
import shutil
import threading
from pathlib import Path

import pytest

from federation.core.gates.evidence import LATENCY_SCORES

TOOLS = Path(__file__).parents[2] / "harnesses"
CHOICE = TOOLS / "lm_eval" / "samples_tiny_choice_2026-11-23T13-38-37.067137.jsonl"
BENCH = TOOLS / "vllm_bench" / "bench.json"


@pytest.fixture
def compared(federation, tmp_path):
    """What `compare` says of two results, after both were turned into records with the same options."""

    def answered(candidate: Path, baseline: Path, metric: str, *options: object):
        for side, result in (("candidate", candidate), ("baseline", baseline)):
            made = federation("records", result, *options, "--output", tmp_path / f"{side}.jsonl")
            assert made.code == 0, made.err
        assert federation("validate", tmp_path / "candidate.jsonl", tmp_path / "baseline.jsonl").code == 0
        files = (tmp_path / "candidate.jsonl", tmp_path / "baseline.jsonl")
        return federation("compare", *files, "--metric", metric, "--margin", "0.5", "--json").json

    return answered


def changed(path: Path, folder: Path, before: str, after: str) -> Path:
    """The result of another run, in a file of the same name."""
    folder.mkdir()
    text = path.read_text("utf-8")
    assert before in text
    (folder / path.name).write_text(text.replace(before, after, 1), "utf-8")
    return folder / path.name


def test_lm_eval(compared, tmp_path):
    worse = changed(CHOICE, tmp_path / "run", '"acc": 1.0', '"acc": 0.0')
    found = compared(worse, CHOICE, "acc")
    assert (found["estimate"], found["n"], found["flipped"]) == (-0.25, 4, ["2-ea8470fd775f"])


def test_inspect(compared, tmp_path):
    log = TOOLS / "inspect_ai" / "sums.json"
    better = changed(log, tmp_path / "run", '"value": "I"', '"value": "C"')
    assert compared(better, log, "includes")["estimate"] == pytest.approx(0.5 / 3)


def test_promptfoo(federation, tmp_path):
    out = TOOLS / "promptfoo" / "out.json"
    sides = [tmp_path / "candidate.jsonl", tmp_path / "baseline.jsonl"]
    for side in sides:
        assert federation("records", out, "--provider", side.stem, "--output", side).code == 0
    found = federation("compare", *sides, "--metric", "success", "--margin", "0.1", "--json").json
    assert found["estimate"] == pytest.approx(-1 / 3)
    assert found["flipped"][0].startswith("3-")


def test_trec_eval(compared, tmp_path):
    run = TOOLS / "trec_eval" / "trec_eval.txt"
    better = changed(run, tmp_path / "run", "q3      0.0000", "q3      0.6000")
    assert compared(better, run, "map")["estimate"] == pytest.approx(0.2)


def test_ir_measures_names_the_same_queries_as_trec_eval(federation, tmp_path):
    items = []
    for name in ("trec_eval.txt", "ir_measures.txt"):
        assert federation("records", TOOLS / "trec_eval" / name, "--output", tmp_path / name).code == 0
        items.append([json.loads(line)["item"] for line in (tmp_path / name).read_bytes().splitlines()])
    assert items[0] == items[1] == ["q1", "q2", "q3"]


@pytest.fixture
def long_run(tmp_path):
    """A load test's result with each request fifteen times, every answer taking that many times as long."""

    def bench(slower: float):
        run = json.loads(BENCH.read_bytes())
        run = {key: value * 15 if isinstance(value, list) else value for key, value in run.items()}
        return {**run, "completed": 75, "latencies": [time * slower for time in run["latencies"]]}

    def report(slower: float):
        document = json.loads((TOOLS / "guidellm" / "benchmarks.json").read_bytes())
        requests = document["benchmarks"][0]["requests"]
        for row in (*requests["successful"], *requests["errored"]):
            row["request_latency"] = row["request_latency"] and row["request_latency"] * slower
            row["info"]["conversation_id"] = None
        requests |= {name: requests[name] * 15 for name in ("successful", "errored")}
        return document

    def written(tool: str, slower: float) -> Path:
        path = tmp_path / f"{slower}.json"
        path.write_text(json.dumps(bench(slower) if tool == "vllm" else report(slower)))
        return path

    return written


@pytest.mark.parametrize(("tool", "options"), [("vllm", ()), ("guidellm", ("--run", 1))])
def test_a_load_test(compared, long_run, tool, options):
    priced = (*options, "--worst", "latency_ms=60000", "--dollars-per-hour", "4.1")
    found = compared(long_run(tool, 1.5), long_run(tool, 1), "latency_ms", *priced)
    assert (found["n"], found["estimate"] > 0) == (90, True)
    for score in LATENCY_SCORES:
        assert compared(long_run(tool, 1), long_run(tool, 1), score, *priced)["estimate"] == 0


def test_a_table(compared, tmp_path):
    for side, scores in (("candidate", (1, 0, 1)), ("baseline", (1, 1, 1))):
        (tmp_path / f"{side}.csv").write_text("id,right\n" + "".join(f"q{n},{s}\n" for n, s in enumerate(scores)))
    columns = ("--item", "id", "--score", "accuracy=right")
    found = compared(tmp_path / "candidate.csv", tmp_path / "baseline.csv", "accuracy", *columns)
    assert found["flipped"] == ["q1"]


def test_the_screen_says_what_was_found_and_what_was_not(federation, tmp_path):
    answer = federation("records", CHOICE, "--output", tmp_path / "records.jsonl")
    assert answer.out.startswith("lm-evaluation-harness: task tiny_choice; filter none\n  items     4\n")
    assert "none: items are treated as independent" in answer.out
    assert "mcc          4 of 4 items have no number for it" in answer.out
    told = federation("records", CHOICE, "--output", tmp_path / "again.jsonl", "--json").json
    assert told["metrics"] == {"acc": 0.25, "acc_norm": 1}
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "records.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("typed", "code", "told"),
    [
        (("missing.jsonl",), 3, "there is no file missing.jsonl"),
        ((CHOICE, BENCH), 2, "the files come from different tools"),
        ((CHOICE, "--from", "lmeval"), 2, "expected one of lm-eval, inspect"),
        ((CHOICE, "--from", "vllm"), 2, "is not a result of vLLM bench"),
        ((CHOICE, "--provider", "x"), 2, "has no effect on results of lm-evaluation-harness"),
        ((CHOICE, "--from", "table"), 2, "which columns of the table"),
        ((CHOICE, "--worst", "acc"), 2, "expected a name, = and a value"),
        ((CHOICE, "--worst", "acc=bad"), 2, "expected a number, not 'bad'"),
        ((BENCH, "--dollars-per-million", "3"), 2, "expected two prices"),
        ((BENCH, "--dollars-per-million", "1,2", "--dollars-per-hour", "3"), 2, "one of the two prices"),
        ((BENCH, "--dollars-per-hour", "inf"), 2, "expected a finite number"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(federation, tmp_path, typed, code, told):
    answer = federation("records", *typed, "--output", tmp_path / "records.jsonl")
    assert answer.code == code
    assert told in answer.err
    assert not (tmp_path / "records.jsonl").exists()


def test_a_link_stays_a_link_and_a_pipe_a_pipe(federation, tmp_path):
    link, pipe, read = tmp_path / "latest.jsonl", tmp_path / "pipe", []
    link.symlink_to(tmp_path / "records.jsonl")
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    for output in (link, pipe):
        assert federation("records", CHOICE, "--output", output).code == 0
    reader.join(timeout=20)
    assert link.is_symlink()
    assert pipe.is_fifo()
    assert read == [(tmp_path / "records.jsonl").read_bytes()]


def test_a_place_that_cannot_be_written_is_named_as_it_was_typed(federation, tmp_path):
    absent = federation("records", CHOICE, "--output", tmp_path / "absent" / "records.jsonl")
    assert (absent.code, absent.out) == (3, "")
    assert f"the folder of {tmp_path}/absent/records.jsonl does not exist; make it first" in absent.err
    folder = federation("records", CHOICE, "--output", tmp_path)
    assert folder.code == 5
    assert f"{tmp_path} cannot be written: Is a directory\nName a file" in folder.err


def test_a_result_is_never_written_over(federation, tmp_path):
    result = tmp_path / CHOICE.name
    shutil.copy(CHOICE, result)
    answer = federation("records", result, "--output", result)
    assert answer.code == 2
    assert result.read_bytes() == CHOICE.read_bytes()
