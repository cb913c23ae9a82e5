# SPDX-License-Identifier: Apache-2.0
"""A policy that contradicts itself, or asks for what no gate can give, is never in force."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.core.proposals import calibrated, critical, document
from tests.corpus.cases import VALID
from tests.corpus.mutations import put

from federation.core.digest import digest
from federation.core.policy import policy_of, stored_policy
from federation.errors import ContractError

EXAMPLE = Path(__file__).resolve().parents[2] / "training/examples/policy.json"
ROUTE = {"prompt_type": "poetry", "serve": ["runtime-distilled"], "calibrated": False, "safety_critical": False}
UNVOTED = (
    "$.fusion.required: textgen-lora serves or votes on a safety-critical route; without it, prompts would be "
    "answered without a vote; add it here"
)
JOB = {"platform": "aws", "image": "distil", "arguments": [], "after_rollback": True}
UNSWEPT = (
    "$.jobs.runtime-distilled.hours: no sweep ($.cadence.ingest) falls within these hours, so nothing would start "
    "the job"
)
UNPLACED = {key: value for key, value in JOB.items() if key != "platform"}
NIGHT = {"opens": "0 22 * * *", "minutes": 600}


def told(changed):
    """Every fault of a policy."""
    with pytest.raises(ContractError) as refused:
        policy_of(changed, what="policy.json")
    assert refused.value.exit_code == 2
    assert str(refused.value).startswith("policy.json ")
    return refused.value.faults


def ruled(*place, to):
    """The policy with one rule of the embedder's gates changed."""
    return put(document(), ("gates", "embedder", *place), to)


@pytest.mark.parametrize("case", [case for case in VALID if case.schema == "policy.v1"], ids=str)
def test_every_policy_of_the_corpus_can_be_in_force(case):
    assert policy_of(case.document).digest == digest(case.document)


def test_the_examples_policy_is_read_to_the_last_digit():
    policy = policy_of(json.loads(EXAMPLE.read_text("utf-8")))
    assert policy.gates["policy-adapter"].safety.suites["policy"].max_failure_rate == Decimal("0.04")
    assert policy.gates["embedder"].quality[0].margin == Decimal("0.02")
    assert policy.kinds == {
        "textgen-lora",
        "policy-adapter",
        "embedder",
        "retrieval-eval",
        "runtime-distilled",
        "inference-benchmark",
    }


def test_the_digest_names_every_word_of_the_policy():
    assert policy_of(document()).digest != policy_of(document(note="tried for a week")).digest


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (
            document(fusion={**document()["fusion"], "required": ["runtime-distilled", "speech-adapter"]}),
            "$.fusion.required: no platform may ship speech-adapter; add it to the matrix or remove it here",
        ),
        (
            document(fusion={**document()["fusion"], "carry": ["speech-adapter"]}),
            "$.fusion.carry: no platform may ship speech-adapter; add it to the matrix or remove it here",
        ),
        (
            document(gates={**document()["gates"], "speech-adapter": document()["gates"]["embedder"]}),
            "$.gates: no platform may ship speech-adapter; add it to the matrix or remove it here",
        ),
        (
            document(routes=[{**ROUTE, "serve": ["speech-adapter"]}]),
            "$.routes: no platform may ship speech-adapter; add it to the matrix or remove it here",
        ),
        (
            document(distillation={"kind": "tiny-runtime", "p95_ms": "500"}),
            "$.distillation.kind: no platform may ship tiny-runtime; add it to the matrix or remove it here",
        ),
        (
            document(voting={"rule": "veto", "members": ["textgen-lora", "speech-adapter"]}),
            "$.voting.members: no platform may ship speech-adapter; add it to the matrix or remove it here",
        ),
        (
            document(origins={"azure": ["s3://units/"]}),
            "$.origins: the matrix has no platform azure; add it there or remove it here",
        ),
        (
            document(jobs={"tiny-runtime": JOB}),
            "$.jobs: no platform may ship tiny-runtime; add it to the matrix or remove it here",
        ),
        (
            document(jobs={"embedder": JOB}),
            "$.jobs.embedder.platform: aws may not ship embedder; run the job where the matrix allows it",
        ),
        (
            document(jobs={"embedder": {**UNPLACED, "places": [{"platform": "aws"}, {"platform": "hf"}]}}),
            "$.jobs.embedder.places: aws and hf may not ship embedder; run the job where the matrix allows it",
        ),
        (
            document(jobs={"embedder": UNPLACED}),
            "$.jobs.embedder: say where it runs, either by `platform` or by a list of `places`",
        ),
        (
            document(jobs={"runtime-distilled": {**JOB, "places": [{"platform": "aws"}]}}),
            "$.jobs.runtime-distilled: say where it runs, either by `platform` or by a list of `places`",
        ),
        (
            document(jobs={"runtime-distilled": {**JOB, "hours": {"opens": "0 22 * * *", "minutes": 60}}}),
            UNSWEPT,
        ),
        (
            document(jobs={"runtime-distilled": {**JOB, "hours": {"opens": "0 25 * * *", "minutes": 60}}}),
            "$.jobs.runtime-distilled.hours.opens: '0 25 * * *' is not a cron line: Bad hour",
        ),
        (
            document(jobs={"runtime-distilled": {**JOB, "hours": {**NIGHT, "time_zone": "Europe/Atlantis"}}}),
            "$.jobs.runtime-distilled.hours.time_zone: 'Europe/Atlantis' is not an IANA time zone, such as Europe/Berlin",
        ),
        (
            document(matrix={**document()["matrix"], "azure": ["speech-adapter"]}),
            "$.gates: speech-adapter has no gate rules, so no unit of it could pass; add some",
        ),
        (
            document(fallback=["embedder"]),
            "$.fallback: embedder is not required, so a release could have no fallback; add it to fusion.required",
        ),
        (
            document(routes=[ROUTE, {**ROUTE, "calibrated": True}]),
            "$.routes: poetry has more than one route, but only the first is ever taken; keep one",
        ),
        (
            document(routes=[{**ROUTE, "safety_critical": True}]),
            "$.voting: a route is safety-critical, but the policy has no voting; add it, or set safety_critical to false",
        ),
        (
            document(
                routes=[{**ROUTE, "safety_critical": True}],
                voting={"rule": "veto", "members": ["runtime-distilled", "textgen-lora"]},
            ),
            UNVOTED,
        ),
        (
            put(document(), ("cadence", "time_zone"), "Europe/Atlantis"),
            "$.cadence.time_zone: 'Europe/Atlantis' is not an IANA time zone, such as Europe/Berlin",
        ),
        (
            put(document(), ("cadence", "merge"), "0 9 30 2 *"),
            "$.cadence.merge: '0 9 30 2 *' is not a cron line: Bad day-of-month",
        ),
    ],
    ids=lambda value: value.partition(":")[0] if isinstance(value, str) else "",
)
def test_each_contradiction_is_named_with_its_place_and_the_way_out(changed, fault):
    assert told(changed) == (fault,)


def test_a_cron_line_that_is_none_is_told_as_cron_reads_it():
    (fault,) = told(put(document(), ("cadence", "promotion", "opens"), "0 25 * * 2"))
    assert fault.startswith("$.cadence.promotion.opens: '0 25 * * 2' is not a cron line")


def test_all_contradictions_are_told_at_once():
    faults = told(document(fallback=["embedder"], routes=[ROUTE, ROUTE], jobs={"embedder": JOB, "x": JOB}))
    assert len(faults) == 4


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        (ruled("quality", 0, "margin", to="-0.01"), "quality[0].margin"),
        (ruled("quality", 0, "floor", to="NaN"), "quality[0].floor"),
        (ruled("quality", 0, "metric", to=" "), "quality[0].metric"),
        (ruled("quality", to=[]), "quality"),
        (ruled("latency", "p95_ratio", to="0"), "latency.p95_ratio"),
        (ruled("latency", "p95_ms", to="-100"), "latency.p95_ms"),
        (ruled("latency", "cost", to="0.0"), "latency.cost"),
        (ruled("latency", "minimum_samples", to=58), "latency.minimum_samples"),
        (ruled("safety", "suites", to={}), "safety.suites"),
        (ruled("safety", "suites", "policy", "max_failure_rate", to="0"), "safety.suites.policy.max_failure_rate"),
        (ruled("safety", "suites", "policy", "max_failure_rate", to="0.000"), "safety.suites.policy.max_failure_rate"),
        (ruled("safety", "suites", "policy", "max_failure_rate", to="1.0"), "safety.suites.policy.max_failure_rate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_rule_that_no_gate_can_keep_is_refused_where_it_stands(changed, place):
    (fault,) = told(changed)
    assert fault.startswith(f"$.gates.embedder.{place}: ")


@pytest.mark.parametrize("gate", ["quality", "latency", "safety"])
def test_a_gate_cannot_be_left_out(gate):
    rules = {name: rule for name, rule in document()["gates"]["embedder"].items() if name != gate}
    (fault,) = told(document(gates={**document()["gates"], "embedder": rules}))
    assert fault.startswith(f"$.gates.embedder: {gate} is missing")


def test_votes_and_thresholds_that_fit_together_are_in_force():
    asked = critical()
    asked["fusion"] = {**document()["fusion"], **asked["fusion"]}
    assert policy_of(document(**asked)).voting.rule == "veto"
    assert policy_of(document(**calibrated())).routes[-1].calibrated


def test_a_sweep_that_falls_into_the_hours_starts_what_waits_for_them():
    policy = policy_of(document(jobs={"runtime-distilled": {**JOB, "hours": NIGHT}}))
    assert policy.jobs["runtime-distilled"].hours.minutes == 600


def test_one_place_that_the_matrix_allows_is_enough():
    places = [{"platform": "aws", "price": "0.42"}, {"platform": "gcp"}]
    policy = policy_of(document(jobs={"embedder": {**UNPLACED, "places": places}}))
    assert policy.jobs["embedder"].places[0].price == Decimal("0.42")


def test_a_job_that_states_its_only_place_itself_has_that_place_and_reaches_its_trainer_unchanged():
    stated = {**JOB, "machine": "ml.g5.xlarge", "spot": True, "output": "s3://models/jobs", "max_minutes": 5}
    job = policy_of(document(jobs={"runtime-distilled": stated})).jobs["runtime-distilled"]
    (place,) = job.places
    assert (place.platform, place.machine, place.spot, place.image) == ("aws", "ml.g5.xlarge", True, None)
    assert job.at(place) == stated


@pytest.mark.parametrize("jobs", [[], "none", {"runtime-distilled": "none"}, {"runtime-distilled": {"platform": 1}}])
def test_a_stored_policy_whose_jobs_cannot_be_read_says_so(jobs):
    with pytest.raises(ContractError, match="cannot be read by this version"):
        stored_policy(document(jobs=jobs), what="policies/000001")
