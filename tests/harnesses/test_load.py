# SPDX-License-Identifier: Apache-2.0
"""A load test of six requests, of which the server refused the last: by vLLM's client and by GuideLLM."""

import json
import math

import msgspec
import pytest

from federation.errors import ContractError

PATIENCE = {"latency_ms": 60_000.0}


@pytest.fixture
def bench(written):
    return written("vllm_bench/bench.json")


@pytest.fixture
def report(written):
    return written("guidellm/benchmarks.json")


def test_a_request_that_failed_is_never_dropped(bench, report, convert):
    for file, asked in ((bench, {}), (report, {"run": 1})):
        with pytest.raises(ContractError, match="1 of 6 requests failed") as refused:
            convert(file, **asked)
        assert "--worst latency_ms=MILLISECONDS" in refused.value.hint
        with pytest.raises(ContractError, match="less than the slowest answer took"):
            convert(file, worst={"latency_ms": 1}, **asked)


def test_a_failure_takes_as_long_as_clients_wait(bench, rows):
    found = rows(bench, worst=PATIENCE)
    assert [row["scores"]["tokens"] for row in found.values()] == [5, 6, 4, 5, 6, 0]
    assert found["request-000001"]["scores"]["latency_ms"] == pytest.approx(50.05, abs=0.01)
    assert found["request-000006"]["scores"]["latency_ms"] == 60_000


def test_an_older_vllm_states_only_the_time_between_tokens(bench, rows, bent):
    older = bent(bench, lambda run: run.pop("latencies"))
    for new, old in zip(rows(bench, worst=PATIENCE).values(), rows(older, worst=PATIENCE).values(), strict=True):
        assert old["scores"]["latency_ms"] == pytest.approx(new["scores"]["latency_ms"], rel=1e-9)


def test_a_refusal_without_a_reason_is_a_failure_all_the_same(bench, convert, bent):
    silent = bent(bench, lambda run: run.update(errors=[""] * 6))
    with pytest.raises(ContractError, match="the first with 'no reason given'"):
        convert(silent)


def test_requests_that_are_not_all_there_are_no_run(bench, report, convert, bent):
    with pytest.raises(ContractError, match="only the run's means") as refused:
        convert(bent(bench, lambda run: [run.pop(name) for name in ("errors", "ttfts", "itls", "output_lens")]))
    assert "--save-detailed" in refused.value.hint
    with pytest.raises(ContractError, match="differ in length: 6 errors, 6 input_lens, 5 output_lens"):
        convert(bent(bench, lambda run: run["output_lens"].pop()))
    with pytest.raises(ContractError, match="6 requests are reported as completed"):
        convert(bent(bench, lambda run: run.update(completed=6)))
    with pytest.raises(ContractError, match="has 5 of 6 requests"):
        convert(bent(report, lambda all_: all_["benchmarks"][0]["requests"]["successful"].pop()), run=1)


def test_a_report_of_an_older_guidellm_is_not_taken_for_the_whole_run(report, convert, bent):
    def before_0_4(document):
        for run in document["benchmarks"]:
            run |= {"request_totals": run["metrics"].pop("request_totals"), "args": run.pop("config")}
            run["requests"]["successful"].pop()

    with pytest.raises(ContractError, match=r"how many requests each benchmark had, as GuideLLM does from 0\.4\.0 on"):
        convert(bent(report, before_0_4), run=1, worst=PATIENCE)


def test_runs_are_chosen_by_their_number(bench, report, convert):
    with pytest.raises(ContractError, match="'1: concurrent streams 1', '2: concurrent streams 2'"):
        convert(report)
    assert "up to 2 requests ran at once" in convert(report, run=2, worst=PATIENCE).notes[0]
    appended = msgspec.structs.replace(bench, body=bench.body + b"\n" + bench.body)
    with pytest.raises(ContractError, match="more than one run"):
        convert(appended)
    assert convert(appended, run=2, worst=PATIENCE).body == convert(bench, worst=PATIENCE).body


def test_the_costs_of_the_requests_are_the_cost_of_the_run(bench, rows):
    found = rows(bench, worst=PATIENCE, dollars_per_hour=3.6)
    whole = math.fsum(row["scores"]["cost"] for row in found.values())
    assert whole == pytest.approx(json.loads(bench.body)["duration"] * 0.001)


def test_a_price_by_the_token_counts_prompt_and_answer(bench, rows, convert):
    found = rows(bench, worst=PATIENCE, dollars_per_million=(0.5, 1.5))
    assert found["request-000001"]["scores"]["cost"] == pytest.approx((7 * 0.5 + 5 * 1.5) / 1e6)
    assert "no cost" in convert(bench, worst=PATIENCE).notes[0]


def test_requests_that_time_cut_off_are_counted(report, convert, bent):
    def cut(document):
        requests = document["benchmarks"][0]["requests"]
        requests["incomplete"] = requests["successful"][:2]

    assert "2 requests left out: still running" in convert(bent(report, cut), run=1, worst=PATIENCE).notes[0]


def test_turns_of_one_conversation_share_a_cluster(report, rows, bent):
    def talk(document):
        for row in document["benchmarks"][0]["requests"]["successful"][:2]:
            row["info"]["conversation_id"] = "c"

    found = rows(bent(report, talk), run=1, worst=PATIENCE)
    assert [row.get("cluster") for row in found.values()].count("conversation-000001") == 2
