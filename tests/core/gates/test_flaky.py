# SPDX-License-Identifier: Apache-2.0
"""Some items disagree with themselves: the policy leaves them out by name, and only them."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.core.gates.units import ANCHOR, BASELINE, ITEMS, accuracy, unit

from federation.core.gates.evidence import Evidence
from federation.core.gates.flaky import left_out, without_flaky
from federation.core.gates.quality import judge_quality
from federation.core.gates.rules import Flaky, QualityRule
from federation.errors import ContractError

SUITE = "sha256:suite"
RULE = QualityRule(metric="accuracy", margin=Decimal("0.02"), floor=Decimal("0.7"))


def flaky(*items: str, suite: str = SUITE) -> Flaky:
    return Flaky(suite=suite, runs=5, limit=Decimal("0.1"), items=dict.fromkeys(items, Decimal("0.4")))


def answering(right: int, items: list[str] | None = None) -> Evidence:
    return Evidence(suite=SUITE, records=accuracy(right, items))


def judged(rule, candidate, *, baseline=BASELINE, anchor=ANCHOR):
    return judge_quality((rule,), unit(quality=candidate), baseline, anchor)


def test_items_that_flip_by_themselves_are_not_held_against_a_candidate():
    lost = 40
    candidate = answering(1200 - lost)
    assert judged(RULE, candidate)[0].verdict != "pass"
    found, _ = judged(replace(RULE, flaky=flaky(*ITEMS[1200 - lost : 1200])), candidate)
    assert found.verdict == "pass"
    assert found.reason.endswith("; without 40 items that the policy lists as flaky")
    assert (found.numbers["items"], found.numbers["lost"]) == ("1460", "0")


def test_nor_are_they_counted_in_its_favour():
    found, _ = judged(replace(RULE, primary=True, flaky=flaky(*ITEMS[1200:1300])), answering(1300))
    assert (found.verdict, found.numbers["gained"]) == ("inconclusive", "0")


def test_a_first_release_has_to_reach_its_floor_without_them():
    easy = ITEMS[:100]
    (found,) = judged(
        replace(RULE, floor=Decimal("0.6"), flaky=flaky(*easy)), answering(950), baseline=None, anchor=None
    )
    assert "accuracy is 0.607" in found.reason
    assert "from 1,400 items; without 100 items that the policy lists as flaky" in found.reason


def test_on_another_suite_nothing_is_left_out():
    """A suite of another version may have mended them."""
    records = accuracy(1200)
    assert without_flaky(records, "sha256:newer", flaky(*ITEMS[:10])) is records
    assert left_out(records, records) == ""


def test_an_item_that_is_not_there_decides_nothing():
    """A candidate cannot get rid of an item by not answering it, nor a policy by a slip of the pen."""
    for name, rest in (("baseline", None), ("floor", {"baseline": None, "anchor": None})):
        found = judged(replace(RULE, flaky=flaky("item-9999")), answering(1200), **(rest or {}))[0]
        assert found.verdict == "inconclusive", name
        assert "leaves out 1 flaky item that quality.jsonl lacks ('item-9999')" in found.reason


def test_so_many_cannot_be_left_out_that_the_suite_says_what_the_policy_likes():
    at_most = flaky(*ITEMS[:150])
    assert len(without_flaky(accuracy(1200), SUITE, at_most).items) == 1350
    with pytest.raises(ContractError, match=r"151 of 1,500 items as flaky, more than one in 10; fix the suite"):
        without_flaky(accuracy(1200), SUITE, flaky(*ITEMS[:151]))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"runs": 1}, "runs must be 2 or more, and is 1"),
        ({"limit": Decimal(1)}, "limit must be at least 0 and below 1, and is 1"),
        ({"items": {"a": Decimal("0.1")}}, "the share of 'a' must be above 0.1 and at most 1, and is 0.1"),
        ({"items": {"a": Decimal("1.5")}}, "at most 1"),
    ],
)
def test_what_cannot_have_been_measured_is_no_policy(wrong, told):
    with pytest.raises(ContractError, match=told):
        Flaky(**{"suite": SUITE, "runs": 5, "limit": Decimal("0.1"), "items": {"a": Decimal("0.4")}, **wrong})


@given(st.sets(st.sampled_from(ITEMS), max_size=150), st.integers(0, 99))
def test_it_is_as_if_the_suite_had_never_held_them(names, seed):
    """Whatever the order of the lines, on both sides."""
    random, ours = Random(seed), list(ITEMS)
    random.shuffle(ours)
    right = {name: float(random.random() < 0.8) for name in ITEMS}
    rest = [name for name in ours if name not in names]
    whole = replace(accuracy(0, ours), scores={"accuracy": [right[name] for name in ours]})
    cut = replace(accuracy(0, rest), scores={"accuracy": [right[name] for name in rest]})
    rule = replace(RULE, flaky=flaky(*names))
    opponent = unit(quality=answering(1200))
    short = replace(accuracy(0, rest), scores={"accuracy": [float(name < ITEMS[1200]) for name in rest]})
    (found,) = judge_quality((rule,), unit(quality=Evidence(suite=SUITE, records=whole)), opponent, None)
    (never,) = judge_quality(
        (RULE,),
        unit(quality=Evidence(suite=SUITE, records=cut)),
        unit(quality=Evidence(suite=SUITE, records=short)),
        None,
    )
    assert (found.verdict, found.numbers) == (never.verdict, never.numbers)
