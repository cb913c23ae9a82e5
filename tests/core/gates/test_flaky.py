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


def evidence(right: int, items: list[str] | None = None) -> Evidence:
    return Evidence(suite=SUITE, records=accuracy(right, items))


def findings_of(rule, candidate, *, baseline=BASELINE, anchor=ANCHOR):
    return judge_quality((rule,), unit(quality=candidate), baseline, anchor)


def test_flaky_items_do_not_count_against_a_candidate():
    lost = 40
    candidate = evidence(1200 - lost)
    assert findings_of(RULE, candidate)[0].verdict != "pass"
    finding, _ = findings_of(replace(RULE, flaky=flaky(*ITEMS[1200 - lost : 1200])), candidate)
    assert finding.verdict == "pass"
    assert finding.reason.endswith("; without 40 items that the policy lists as flaky")
    assert (finding.numbers["items"], finding.numbers["lost"]) == ("1460", "0")


def test_flaky_items_do_not_count_in_a_candidate_s_favour():
    finding, _ = findings_of(replace(RULE, primary=True, flaky=flaky(*ITEMS[1200:1300])), evidence(1300))
    assert (finding.verdict, finding.numbers["gained"]) == ("inconclusive", "0")


def test_a_first_release_must_reach_its_floor_without_its_flaky_items():
    easy = ITEMS[:100]
    (finding,) = findings_of(
        replace(RULE, floor=Decimal("0.6"), flaky=flaky(*easy)), evidence(950), baseline=None, anchor=None
    )
    assert "accuracy is 0.607" in finding.reason
    assert "from 1,400 items; without 100 items that the policy lists as flaky" in finding.reason


def test_on_another_suite_no_item_is_left_out():
    """A suite of another version may have mended them."""
    records = accuracy(1200)
    assert without_flaky(records, "sha256:newer", flaky(*ITEMS[:10])) is records
    assert left_out(records, records) == ""


def test_a_flaky_item_that_is_missing_from_the_records_is_inconclusive():
    """A candidate cannot get rid of an item by not answering it, nor a policy by a slip of the pen."""
    for name, rest in (("baseline", None), ("floor", {"baseline": None, "anchor": None})):
        finding = findings_of(replace(RULE, flaky=flaky("item-9999")), evidence(1200), **(rest or {}))[0]
        assert finding.verdict == "inconclusive", name
        assert "leaves out 1 flaky item that quality.jsonl lacks ('item-9999')" in finding.reason


def test_at_most_one_item_in_ten_may_be_left_out_as_flaky():
    at_most = flaky(*ITEMS[:150])
    assert len(without_flaky(accuracy(1200), SUITE, at_most).items) == 1350
    with pytest.raises(ContractError, match=r"151 of 1,500 items as flaky, more than one in 10; fix the suite"):
        without_flaky(accuracy(1200), SUITE, flaky(*ITEMS[:151]))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"runs": 1}, "runs must be 2 or more, and is 1"),
        ({"limit": Decimal(1)}, "limit must be at least 0 and below 1, and is 1"),
        ({"items": {"a": Decimal("0.1")}}, "the share of 'a' must be above 0.1 and at most 1, and is 0.1"),
        ({"items": {"a": Decimal("1.5")}}, "at most 1"),
    ],
)
def test_a_list_of_flaky_items_that_cannot_have_been_measured_is_refused(changes, fault):
    with pytest.raises(ContractError, match=fault):
        Flaky(**{"suite": SUITE, "runs": 5, "limit": Decimal("0.1"), "items": {"a": Decimal("0.4")}, **changes})


@given(st.sets(st.sampled_from(ITEMS), max_size=150), st.integers(0, 99))
def test_leaving_flaky_items_out_equals_a_suite_that_never_had_them(names, seed):
    """Whatever the order of the lines, on both sides."""
    random, shuffled = Random(seed), list(ITEMS)
    random.shuffle(shuffled)
    right = {name: float(random.random() < 0.8) for name in ITEMS}
    rest = [name for name in shuffled if name not in names]
    all_records = replace(accuracy(0, shuffled), scores={"accuracy": [right[name] for name in shuffled]})
    remaining_records = replace(accuracy(0, rest), scores={"accuracy": [right[name] for name in rest]})
    rule = replace(RULE, flaky=flaky(*names))
    baseline = unit(quality=evidence(1200))
    baseline_records = replace(accuracy(0, rest), scores={"accuracy": [float(name < ITEMS[1200]) for name in rest]})
    (finding,) = judge_quality((rule,), unit(quality=Evidence(suite=SUITE, records=all_records)), baseline, None)
    (without_them,) = judge_quality(
        (RULE,),
        unit(quality=Evidence(suite=SUITE, records=remaining_records)),
        unit(quality=Evidence(suite=SUITE, records=baseline_records)),
        None,
    )
    assert (finding.verdict, finding.numbers) == (without_them.verdict, without_them.numbers)
