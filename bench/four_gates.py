# SPDX-License-Identifier: Apache-2.0
"""How long do the four gates take on a thousand paired records, from bytes to verdict?"""

from collections.abc import Callable, Iterator
from functools import partial

from bench import evidence, gates_by_numpy
from bench.evidence import Side
from bench.goal import Goal
from bench.timing import interleaved, ratio, shown
from federation.core import subjects
from federation.core.gates.judging import judge

ITEMS = 1_000
_ROUNDS = 21


def measure() -> Iterator[Goal]:
    """One goal; it also shows the ratio to the closed forms in NumPy."""
    theirs = evidence.baseline(ITEMS)
    mine = evidence.candidate(ITEMS, theirs.unit)
    cases: dict[str, Callable[[], tuple[bool, ...]]] = {
        "ours": partial(ours, mine, theirs),
        "parse and bootstrap": partial(_floor, mine, theirs, gates_by_numpy.bootstrap),
        "parse and closed form": partial(_floor, mine, theirs, gates_by_numpy.closed_form),
    }
    verdicts = {case: call() for case, call in cases.items()}
    if len(set(verdicts.values())) > 1:
        raise AssertionError(f"the ways disagree, so their times compare nothing: {verdicts}")
    found = interleaved(cases, rounds=_ROUNDS)
    closed = ratio(found, "ours", "parse and closed form")
    yield Goal(
        name="four gates on 1,000 paired records, against msgspec + numpy",
        what="bytes to verdict; numpy resamples both latency ratios 999 times",
        sense="at most",
        asked=2.0,
        measured=ratio(found, "ours", "parse and bootstrap"),
        numbers={**shown(found), "against closed forms in numpy": f"{closed.middle:.2f}x"},
    )


def ours(mine: Side, theirs: Side) -> tuple[bool, ...]:
    """Whether each check passes; the contract's and the API's count as one check."""
    candidate = subjects.candidate_subject(mine.unit, mine.bodies.get, evidence.RULES)
    baseline = subjects.serving_subject(
        theirs.unit, theirs.bodies.get, evidence.RULES, known=subjects.item_lists(candidate)
    )
    passed = [finding.verdict == "pass" for finding in judge(candidate, baseline, None, evidence.RULES)]
    return (*passed[:-2], all(passed[-2:]))


def _floor(
    mine: Side,
    theirs: Side,
    ratios: Callable[..., tuple[gates_by_numpy.Bounds, gates_by_numpy.Bounds]],
) -> tuple[bool, ...]:
    contracts = (mine.unit.contract, theirs.unit.contract)
    return gates_by_numpy.verdicts(mine.bodies, theirs.bodies, contracts, evidence.RULES, ratios)
