# SPDX-License-Identifier: Apache-2.0
"""Fifty refunds among three thousand items: no mean of the rest can make up for them, and nobody can hide them."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.core.gates.units import RULES, unit

from federation.core import contract
from federation.core.gates.evidence import Evidence
from federation.core.gates.finding import verdict
from federation.core.gates.judging import judge
from federation.core.gates.quality import judge_quality
from federation.core.gates.rules import Flaky, QualityRule
from federation.core.records import Records
from federation.core.report import Basis, report
from federation.errors import ContractError

REFUNDS, ALL = 120, 3000
ITEMS = [f"item-{index:04}" for index in range(ALL)]
CATEGORIES = ["refunds" if index < REFUNDS else ("billing", "home")[index % 2] for index in range(ALL)]
RULE = QualityRule(
    metric="accuracy", margin=Decimal("0.03"), floor=Decimal("0.7"), categories={"refunds": Decimal("0.05")}
)


def answers(*, lost=(), categories=CATEGORIES, suite="sha256:suite", count=ALL, **columns):
    right = [float(index not in lost) for index in range(count)]
    columns = {"scores": {"accuracy": right}, "categories": categories, **columns}
    return Evidence(suite=suite, records=Records(what="quality.jsonl", items=ITEMS[:count], **columns))


def judged(candidate, rule=RULE, *, before=None, anchor=None):
    """The findings on the whole suite and on its categories."""
    serving = unit("sha256:baseline", quality=before or answers())
    return judge_quality((rule,), unit(quality=candidate), serving, anchor)


def bounding(**margins):
    return replace(RULE, categories={name: Decimal(margin) for name, margin in margins.items()})


def test_what_the_mean_of_the_suite_hides_fails_by_its_name():
    whole, refunds = judged(answers(lost=range(50)))
    assert (whole.check, whole.verdict) == ("accuracy against baseline", "pass")
    assert (refunds.check, refunds.verdict) == ("accuracy in 'refunds' against baseline", "fail")
    assert refunds.reason.startswith("accuracy in 'refunds' fell by 0.417 against the baseline on 120 shared items")
    assert (refunds.numbers["category"], refunds.numbers["margin"]) == ("refunds", "0.05")
    assert refunds.items == tuple(ITEMS[:50])


def test_one_category_is_enough_to_keep_a_unit_out():
    rules = replace(RULES, quality=(RULE,))
    before = unit("sha256:baseline", quality=answers())
    assert verdict(judge(unit(quality=answers()), before, None, rules)) == "pass"
    assert verdict(judge(unit(quality=answers(lost=range(50))), before, None, rules)) == "fail"


def test_a_star_is_every_category_that_is_not_named():
    rule = bounding(**{"refunds": "0.05", "*": "0.01"})
    billing = [index for index in range(ALL) if CATEGORIES[index] == "billing"][:60]
    found = judged(answers(lost=billing), rule)
    assert [(one.numbers.get("category"), one.verdict, one.numbers["margin"]) for one in found] == [
        (None, "pass", "0.03"),
        ("billing", "fail", "0.01"),
        ("home", "pass", "0.01"),
        ("refunds", "pass", "0.05"),
    ]


def test_too_few_items_leave_it_open_and_say_how_many_would_do():
    few = ["refunds" if index < 50 else "home" for index in range(ALL)]
    _, refunds = judged(answers(categories=few), before=answers(categories=few))
    assert refunds.verdict == "inconclusive"
    assert "on 50 shared items" in refunds.reason
    assert "about 59 items would settle it" in refunds.reason


@pytest.mark.parametrize(
    ("rule", "categories", "told"),
    [
        (bounding(legal="0.05"), CATEGORIES, "is in category 'legal'; there are 'billing', 'home', 'refunds': correct"),
        (bounding(legal="0.05"), None, "is in category 'legal'; the records state no categories: state them"),
        (bounding(**{"*": "0.05"}), None, "bounds every category, but no item of quality.jsonl has a category"),
    ],
)
def test_a_category_that_nobody_answered_is_not_kept(rule, categories, told):
    _, found = judged(answers(categories=categories), rule, before=answers(categories=categories))
    assert found.verdict == "inconclusive"
    assert told in found.reason


def test_of_many_names_the_first_are_told():
    many = [f"topic-{index % 40:02}" for index in range(ALL)]
    _, found = judged(answers(categories=many), before=answers(categories=many))
    assert "'topic-08', 'topic-09' and 30 more: correct the policy or the records" in found.reason


def test_more_categories_than_a_person_reads_are_none():
    many = [f"topic-{index % 101:03}" for index in range(ALL)]
    _, found = judged(answers(categories=many), bounding(**{"*": "0.5"}), before=answers(categories=many))
    assert (found.check, found.verdict) == ("accuracy by category against baseline", "inconclusive")
    assert "the policy bounds 101 categories, but at most 100 can be judged" in found.reason


LEFT = ["home" if index < 50 else CATEGORIES[index] for index in range(ALL)]
JOINED = ["refunds" if index == 2999 else None if index > 2000 else CATEGORIES[index] for index in range(ALL)]
PARTLY = [None if index > 2000 else CATEGORIES[index] for index in range(ALL)]


@pytest.mark.parametrize(
    ("now", "then", "told"),
    [
        (LEFT, CATEGORIES, "item 'item-0000' is in category 'refunds' in quality.jsonl and in 'home' in"),
        (None, CATEGORIES, "item 'item-0000' is in category 'refunds' in quality.jsonl and in none in"),
        (JOINED, PARTLY, "item 'item-2999' is in category 'refunds' in quality.jsonl and in none in"),
    ],
    ids=["lost items leave", "all leave", "easy items join"],
)
def test_whoever_moves_items_between_categories_proves_nothing(now, then, told):
    """Its own records would be what the next unit has to match."""
    whole, found = judged(answers(lost=range(50), categories=now), before=answers(categories=then))
    assert (whole.verdict, found.verdict) == ("pass", "inconclusive")
    assert told in found.reason
    assert found.reason.endswith("state the categories that the baseline's records state")


@pytest.mark.parametrize("then", [None, [None] * REFUNDS + CATEGORIES[REFUNDS:]], ids=["of none", "of others"])
def test_a_category_that_what_serves_does_not_know_yet_may_be_stated(then):
    """Otherwise a suite that gets its first categories could be left by no unit."""
    _, refunds = judged(answers(lost=range(50)), before=answers(categories=then))
    assert refunds.verdict == "fail"


def test_items_of_one_document_count_as_one_in_a_category_too():
    """Three documents reach into refunds and home. What one of them loses says little about other documents."""
    alone = answers(lost=range(3))
    documents = [f"document-{index % 40}" if index < REFUNDS else f"own-{index}" for index in range(ALL)]
    together = answers(lost=(0, 40, 80), clusters=documents)
    rule = bounding(refunds="0.08")
    assert [one.verdict for one in judged(alone, rule)] == ["pass", "pass"]
    assert [one.verdict for one in judged(together, rule, before=answers(clusters=documents))] == [
        "pass",
        "inconclusive",
    ]


def test_the_anchor_holds_categories_as_well():
    before = answers(lost=range(10))
    anchor = unit("sha256:anchor", quality=answers())
    found = judged(answers(lost=range(14)), bounding(refunds="0.1"), before=before, anchor=anchor)
    assert [(one.check, one.verdict) for one in found[1::2]] == [
        ("accuracy in 'refunds' against baseline", "pass"),
        ("accuracy in 'refunds' against anchor", "inconclusive"),
    ]


def test_a_newer_suite_has_the_categories_that_the_baseline_answered_there():
    newer = replace(answers(lost=range(50), suite="sha256:newer"), others={"sha256:baseline": answers().records})
    assert judged(newer)[1].verdict == "fail"


def test_a_primary_metric_wins_as_a_whole_and_only_has_to_hold_its_categories():
    before = answers(lost=range(1000, 1100))
    found = judged(answers(), replace(RULE, primary=True), before=before)
    assert [(one.numbers["margin"], one.verdict) for one in found] == [("0", "pass"), ("0.05", "pass")]


def test_a_first_release_has_nothing_to_lose_in_a_category():
    (found,) = judge_quality((RULE,), unit(quality=answers(lost=range(50))), None, None)
    assert (found.check, found.verdict) == ("accuracy against floor", "pass")


def test_other_items_are_told_once():
    (found,) = judged(answers(count=2999, categories=CATEGORIES[:2999]))
    assert "different items" in found.reason


def flaky(count):
    items = dict.fromkeys(ITEMS[:count], Decimal("0.4"))
    return Flaky(suite="sha256:suite", runs=5, limit=Decimal("0.1"), items=items)


def test_flaky_items_are_left_out_of_their_category():
    found = judged(answers(lost=range(50)), replace(RULE, flaky=flaky(50)))
    assert [one.verdict for one in found] == ["pass", "pass"]
    assert "on 70 shared items" in found[1].reason
    assert found[1].reason.endswith("without 50 items that the policy lists as flaky")


def test_a_category_of_nothing_but_flaky_items_is_not_kept():
    _, found = judged(answers(), replace(RULE, flaky=flaky(REFUNDS)))
    assert found.verdict == "inconclusive"
    assert "lists every item of category 'refunds' as flaky; fix the suite" in found.reason


def test_a_flaky_item_that_changes_its_category_is_seen():
    _, found = judged(answers(categories=LEFT), replace(RULE, flaky=flaky(50)))
    assert "item 'item-0000' is in category 'refunds'" in found.reason


@pytest.mark.parametrize(
    ("best", "now", "then", "margin", "expected"),
    [
        (5.0, 3.0, 1.0, "0.5", "pass"),
        (100.0, 0.0, 0.0, "5", "pass"),
        (100.0, 0.0, 0.0, "0.9", "inconclusive"),
    ],
    ids=["marks that were all 1", "no percent either time", "too few for the margin"],
)
def test_a_category_is_on_the_scale_of_its_suite(best, now, then, margin, expected):
    """By itself a category in which everybody gets the worst mark looks like one that is scored within 0..1."""
    rest = [best * (index % 5) / 5 + 1 for index in range(ALL - REFUNDS)]
    sides = (answers(scores={"accuracy": [own] * REFUNDS + rest}) for own in (now, then))
    rule = replace(bounding(refunds=margin), margin=Decimal(5))
    _, refunds = judged(next(sides), rule, before=next(sides))
    assert refunds.verdict == expected


@pytest.mark.parametrize(("documents", "verdict_"), [(58, "inconclusive"), (120, "fail")])
def test_zeros_of_a_percentage_are_no_shares_though_too_few_documents_show_its_scale(documents, verdict_):
    """Errors in percent: no document shows one in refunds before, and one in six does now."""
    count = 12 * documents
    clusters = [f"document-{index % documents}" for index in range(count)]
    categories = ["refunds" if index < count // 2 else "home" for index in range(count)]
    others = [(0.0, 20.0, 50.0)[index % 3] for index in range(count // 2)]
    lost = [100.0 * (index % documents % 6 == 0) for index in range(count // 2)]
    shared = {"categories": categories, "clusters": clusters, "count": count}
    rule = QualityRule(metric="errors", margin=Decimal(20), direction="lower", categories={"refunds": Decimal("0.9")})
    before = answers(scores={"errors": [0.0] * (count // 2) + others}, **shared)
    _, refunds = judged(answers(scores={"errors": lost + others}, **shared), rule, before=before)
    assert refunds.verdict == verdict_
    _, rare = judged(answers(scores={"errors": [0.0] * (count // 2) + others}, **shared), rule, before=before)
    assert rare.verdict == "inconclusive"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.booleans())
def test_a_category_is_judged_as_a_suite_of_its_own_would_be(seed, graded, grouped):
    """Whatever the order of the lines on either side; and what is found on the whole suite stays as it is."""
    draw = Random(seed)
    names = ITEMS[:400]
    category = {name: draw.choice(("refunds", "home", None)) for name in names}
    cluster = {name: f"document-{draw.randrange(60)}" if grouped else None for name in names}
    scored = [
        {name: draw.random() if graded else float(draw.random() < 0.8) for name in names} for _ in ("now", "then")
    ]

    def side(scores, items):
        return Evidence(
            suite="sha256:suite",
            records=Records(
                what="quality.jsonl",
                items=items,
                scores={"accuracy": [scores[name] for name in items]},
                categories=[category[name] for name in items],
                clusters=[cluster[name] for name in items] if grouped else None,
            ),
        )

    orders = [draw.sample(names, len(names)) for _ in scored]
    now, then = (side(*one) for one in zip(scored, orders, strict=True))
    whole, refunds = judged(now, before=then)
    own = [[name for name in order if category[name] == "refunds"] for order in orders]
    now, then = (side(*one) for one in zip(scored, own, strict=True))
    (alone,) = judged(now, replace(RULE, categories={}, margin=Decimal("0.05")), before=then)
    assert (refunds.verdict, refunds.items) == (alone.verdict, alone.items)
    assert refunds.numbers == {"category": "refunds", **alone.numbers}
    bare = replace(RULE, categories={})
    assert (whole,) == judged(side(scored[0], orders[0]), bare, before=side(scored[1], orders[1]))


def test_a_report_can_hold_the_longest_names():
    long = ["\U0010ffff" * 511 + str(index % 2) for index in range(ALL)]
    rule = replace(bounding(**{"*": "0.05"}), metric="m" * 128)
    scores = {"m" * 128: [1.0] * ALL}
    found = judged(answers(categories=long, scores=scores), rule, before=answers(categories=long, scores=scores))
    assert len({one.numbers.get("category") for one in found}) == 3
    digest = "sha256:" + "0" * 64
    basis = Basis(baseline=digest, anchor=None, policy=digest)
    written = report(
        name="acme/textgen-lora-v1",
        kind="textgen-lora",
        unit=digest,
        basis=basis,
        findings=found,
        contract_changed=False,
    )
    contract.check("report.v1", written, what="the report")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"categories": {"refunds": Decimal(0)}}, "the margin of 'refunds' must be above 0, and is 0"),
        ({"evidence": "summary"}, "must be records, since only items have categories, and is summary"),
    ],
)
def test_what_no_category_can_keep_is_no_policy(wrong, told):
    with pytest.raises(ContractError, match=told):
        replace(RULE, **wrong)


def test_a_category_that_loses_its_margin_seldom_passes_though_its_documents_reach_into_others():
    """One document in ten is lost in both categories: counted item by item, one such candidate in five passes."""
    draw, passed = Random(3), 0
    rule = bounding(refunds="0.1")
    for _ in range(150):
        documents = [f"document-{index}" for index in range(150) for _ in range(draw.randint(2, 10))]
        gone = {f"document-{index}" for index in range(150) if draw.random() < 0.1}
        lost = {index for index, document in enumerate(documents) if document in gone}
        both = {"categories": [draw.choice(("refunds", "home")) for _ in documents], "clusters": documents}
        count = len(documents)
        _, refunds = judged(answers(lost=lost, count=count, **both), rule, before=answers(count=count, **both))
        passed += refunds.verdict == "pass"
    assert passed <= 150 * 0.06
