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


def evidence(*, lost=(), categories=CATEGORIES, suite="sha256:suite", count=ALL, **columns):
    right = [float(index not in lost) for index in range(count)]
    columns = {"scores": {"accuracy": right}, "categories": categories, **columns}
    return Evidence(suite=suite, records=Records(what="quality.jsonl", items=ITEMS[:count], **columns))


def findings_of(candidate, rule=RULE, *, before=None, anchor=None):
    """The findings on the whole suite and on its categories."""
    serving = unit("sha256:baseline", quality=before or evidence())
    return judge_quality((rule,), unit(quality=candidate), serving, anchor)


def rule_with(**margins):
    return replace(RULE, categories={name: Decimal(margin) for name, margin in margins.items()})


def test_a_category_that_fails_is_named_although_the_whole_suite_passes():
    whole, refunds = findings_of(evidence(lost=range(50)))
    assert (whole.check, whole.verdict) == ("accuracy against baseline", "pass")
    assert (refunds.check, refunds.verdict) == ("accuracy in 'refunds' against baseline", "fail")
    assert refunds.reason.startswith("accuracy in 'refunds' fell by 0.417 against the baseline on 120 shared items")
    assert (refunds.numbers["category"], refunds.numbers["margin"]) == ("refunds", "0.05")
    assert refunds.items == tuple(ITEMS[:50])


def test_one_failing_category_refuses_the_unit():
    rules = replace(RULES, quality=(RULE,))
    before = unit("sha256:baseline", quality=evidence())
    assert verdict(judge(unit(quality=evidence()), before, None, rules)) == "pass"
    assert verdict(judge(unit(quality=evidence(lost=range(50))), before, None, rules)) == "fail"


def test_a_star_covers_every_category_that_is_not_named():
    rule = rule_with(**{"refunds": "0.05", "*": "0.01"})
    billing = [index for index in range(ALL) if CATEGORIES[index] == "billing"][:60]
    findings = findings_of(evidence(lost=billing), rule)
    assert [(finding.numbers.get("category"), finding.verdict, finding.numbers["margin"]) for finding in findings] == [
        (None, "pass", "0.03"),
        ("billing", "fail", "0.01"),
        ("home", "pass", "0.01"),
        ("refunds", "pass", "0.05"),
    ]


def test_too_few_items_are_inconclusive_and_the_reason_says_how_many_suffice():
    categories = ["refunds" if index < 50 else "home" for index in range(ALL)]
    _, refunds = findings_of(evidence(categories=categories), before=evidence(categories=categories))
    assert refunds.verdict == "inconclusive"
    assert "on 50 shared items" in refunds.reason
    assert "about 59 items would settle it" in refunds.reason


@pytest.mark.parametrize(
    ("rule", "categories", "reason"),
    [
        (
            rule_with(legal="0.05"),
            CATEGORIES,
            "is in category 'legal'; there are 'billing', 'home', 'refunds': correct",
        ),
        (rule_with(legal="0.05"), None, "is in category 'legal'; the records state no categories: state them"),
        (rule_with(**{"*": "0.05"}), None, "bounds every category, but no item of quality.jsonl has a category"),
    ],
)
def test_a_category_without_answers_is_inconclusive(rule, categories, reason):
    _, finding = findings_of(evidence(categories=categories), rule, before=evidence(categories=categories))
    assert finding.verdict == "inconclusive"
    assert reason in finding.reason


def test_a_reason_lists_the_first_of_many_category_names():
    topics = [f"topic-{index % 40:02}" for index in range(ALL)]
    _, finding = findings_of(evidence(categories=topics), before=evidence(categories=topics))
    assert "'topic-08', 'topic-09' and 30 more: correct the policy or the records" in finding.reason


def test_more_than_100_categories_cannot_be_judged():
    topics = [f"topic-{index % 101:03}" for index in range(ALL)]
    _, finding = findings_of(evidence(categories=topics), rule_with(**{"*": "0.5"}), before=evidence(categories=topics))
    assert (finding.check, finding.verdict) == ("accuracy by category against baseline", "inconclusive")
    assert "the policy bounds 101 categories, but at most 100 can be judged" in finding.reason


LEFT = ["home" if index < 50 else CATEGORIES[index] for index in range(ALL)]
JOINED = ["refunds" if index == 2999 else None if index > 2000 else CATEGORIES[index] for index in range(ALL)]
PARTLY = [None if index > 2000 else CATEGORIES[index] for index in range(ALL)]


@pytest.mark.parametrize(
    ("now", "then", "reason"),
    [
        (LEFT, CATEGORIES, "item 'item-0000' is in category 'refunds' in quality.jsonl and in 'home' in"),
        (None, CATEGORIES, "item 'item-0000' is in category 'refunds' in quality.jsonl and in none in"),
        (JOINED, PARTLY, "item 'item-2999' is in category 'refunds' in quality.jsonl and in none in"),
    ],
    ids=["lost items leave", "all leave", "easy items join"],
)
def test_items_that_change_their_category_are_inconclusive(now, then, reason):
    """Its own records would be what the next unit has to match."""
    whole, finding = findings_of(evidence(lost=range(50), categories=now), before=evidence(categories=then))
    assert (whole.verdict, finding.verdict) == ("pass", "inconclusive")
    assert reason in finding.reason
    assert finding.reason.endswith("state the categories that the baseline's records state")


@pytest.mark.parametrize("then", [None, [None] * REFUNDS + CATEGORIES[REFUNDS:]], ids=["of none", "of others"])
def test_a_category_that_is_new_to_the_baseline_may_be_stated(then):
    """Otherwise a suite that gets its first categories could be left by no unit."""
    _, refunds = findings_of(evidence(lost=range(50)), before=evidence(categories=then))
    assert refunds.verdict == "fail"


def test_items_of_one_document_count_as_one_in_a_category_too():
    """Three documents reach into refunds and home. What one of them loses says little about other documents."""
    alone = evidence(lost=range(3))
    documents = [f"document-{index % 40}" if index < REFUNDS else f"own-{index}" for index in range(ALL)]
    together = evidence(lost=(0, 40, 80), clusters=documents)
    rule = rule_with(refunds="0.08")
    assert [finding.verdict for finding in findings_of(alone, rule)] == ["pass", "pass"]
    assert [finding.verdict for finding in findings_of(together, rule, before=evidence(clusters=documents))] == [
        "pass",
        "inconclusive",
    ]


def test_categories_are_compared_with_the_anchor_too():
    before = evidence(lost=range(10))
    anchor = unit("sha256:anchor", quality=evidence())
    findings = findings_of(evidence(lost=range(14)), rule_with(refunds="0.1"), before=before, anchor=anchor)
    assert [(finding.check, finding.verdict) for finding in findings[1::2]] == [
        ("accuracy in 'refunds' against baseline", "pass"),
        ("accuracy in 'refunds' against anchor", "inconclusive"),
    ]


def test_a_newer_suite_uses_the_categories_that_the_baseline_answered_there():
    newer = replace(evidence(lost=range(50), suite="sha256:newer"), others={"sha256:baseline": evidence().records})
    assert findings_of(newer)[1].verdict == "fail"


def test_a_primary_metric_must_win_overall_and_only_hold_its_categories():
    before = evidence(lost=range(1000, 1100))
    findings = findings_of(evidence(), replace(RULE, primary=True), before=before)
    assert [(finding.numbers["margin"], finding.verdict) for finding in findings] == [("0", "pass"), ("0.05", "pass")]


def test_a_first_release_is_not_compared_by_category():
    (finding,) = judge_quality((RULE,), unit(quality=evidence(lost=range(50))), None, None)
    assert (finding.check, finding.verdict) == ("accuracy against floor", "pass")


def test_different_items_are_reported_once():
    (finding,) = findings_of(evidence(count=2999, categories=CATEGORIES[:2999]))
    assert "different items" in finding.reason


def flaky(count):
    items = dict.fromkeys(ITEMS[:count], Decimal("0.4"))
    return Flaky(suite="sha256:suite", runs=5, limit=Decimal("0.1"), items=items)


def test_flaky_items_are_left_out_of_their_category():
    findings = findings_of(evidence(lost=range(50)), replace(RULE, flaky=flaky(50)))
    assert [finding.verdict for finding in findings] == ["pass", "pass"]
    assert "on 70 shared items" in findings[1].reason
    assert findings[1].reason.endswith("without 50 items that the policy lists as flaky")


def test_a_category_of_only_flaky_items_is_inconclusive():
    _, finding = findings_of(evidence(), replace(RULE, flaky=flaky(REFUNDS)))
    assert finding.verdict == "inconclusive"
    assert "lists every item of category 'refunds' as flaky; fix the suite" in finding.reason


def test_a_flaky_item_that_changes_its_category_is_noticed():
    _, finding = findings_of(evidence(categories=LEFT), replace(RULE, flaky=flaky(50)))
    assert "item 'item-0000' is in category 'refunds'" in finding.reason


@pytest.mark.parametrize(
    ("best", "now", "then", "margin", "expected"),
    [
        (5.0, 3.0, 1.0, "0.5", "pass"),
        (100.0, 0.0, 0.0, "5", "pass"),
        (100.0, 0.0, 0.0, "0.9", "inconclusive"),
    ],
    ids=["marks that were all 1", "no percent either time", "too few for the margin"],
)
def test_a_category_is_judged_on_the_scale_of_its_suite(best, now, then, margin, expected):
    """By itself a category in which everybody gets the worst mark looks like one that is scored within 0..1."""
    rest = [best * (index % 5) / 5 + 1 for index in range(ALL - REFUNDS)]
    sides = (evidence(scores={"accuracy": [own] * REFUNDS + rest}) for own in (now, then))
    rule = replace(rule_with(refunds=margin), margin=Decimal(5))
    _, refunds = findings_of(next(sides), rule, before=next(sides))
    assert refunds.verdict == expected


@pytest.mark.parametrize(("documents", "expected"), [(58, "inconclusive"), (120, "fail")])
def test_zeros_in_a_percentage_metric_are_not_taken_for_shares(documents, expected):
    """Errors in percent: no document shows one in refunds before, and one in six does now."""
    count = 12 * documents
    clusters = [f"document-{index % documents}" for index in range(count)]
    categories = ["refunds" if index < count // 2 else "home" for index in range(count)]
    others = [(0.0, 20.0, 50.0)[index % 3] for index in range(count // 2)]
    lost = [100.0 * (index % documents % 6 == 0) for index in range(count // 2)]
    shared = {"categories": categories, "clusters": clusters, "count": count}
    rule = QualityRule(metric="errors", margin=Decimal(20), direction="lower", categories={"refunds": Decimal("0.9")})
    before = evidence(scores={"errors": [0.0] * (count // 2) + others}, **shared)
    _, refunds = findings_of(evidence(scores={"errors": lost + others}, **shared), rule, before=before)
    assert refunds.verdict == expected
    _, unchanged = findings_of(
        evidence(scores={"errors": [0.0] * (count // 2) + others}, **shared), rule, before=before
    )
    assert unchanged.verdict == "inconclusive"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.booleans())
def test_a_category_is_judged_as_a_suite_of_its_own_would_be(seed, graded, grouped):
    """Whatever the order of the lines on either side; and what is found on the whole suite stays as it is."""
    draw = Random(seed)
    names = ITEMS[:400]
    category = {name: draw.choice(("refunds", "home", None)) for name in names}
    cluster = {name: f"document-{draw.randrange(60)}" if grouped else None for name in names}
    score_tables = [
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

    orders = [draw.sample(names, len(names)) for _ in score_tables]
    now, then = (side(*arguments) for arguments in zip(score_tables, orders, strict=True))
    whole, refunds = findings_of(now, before=then)
    refund_names = [[name for name in order if category[name] == "refunds"] for order in orders]
    now, then = (side(*arguments) for arguments in zip(score_tables, refund_names, strict=True))
    (separate,) = findings_of(now, replace(RULE, categories={}, margin=Decimal("0.05")), before=then)
    assert (refunds.verdict, refunds.items) == (separate.verdict, separate.items)
    assert refunds.numbers == {"category": "refunds", **separate.numbers}
    without_categories = replace(RULE, categories={})
    assert (whole,) == findings_of(
        side(score_tables[0], orders[0]), without_categories, before=side(score_tables[1], orders[1])
    )


def test_a_report_holds_the_longest_category_names():
    long_names = ["\U0010ffff" * 511 + str(index % 2) for index in range(ALL)]
    rule = replace(rule_with(**{"*": "0.05"}), metric="m" * 128)
    scores = {"m" * 128: [1.0] * ALL}
    findings = findings_of(
        evidence(categories=long_names, scores=scores), rule, before=evidence(categories=long_names, scores=scores)
    )
    assert len({finding.numbers.get("category") for finding in findings}) == 3
    digest = "sha256:" + "0" * 64
    basis = Basis(baseline=digest, anchor=None, policy=digest)
    document = report(
        name="acme/textgen-lora-v1",
        kind="textgen-lora",
        unit=digest,
        basis=basis,
        findings=findings,
        contract_changed=False,
    )
    contract.check("report.v1", document, what="the report")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"categories": {"refunds": Decimal(0)}}, "the margin of 'refunds' must be above 0, and is 0"),
        ({"evidence": "summary"}, "must be records, since only items have categories, and is summary"),
    ],
)
def test_a_category_rule_that_no_unit_can_meet_is_refused(changes, fault):
    with pytest.raises(ContractError, match=fault):
        replace(RULE, **changes)


def test_a_category_that_loses_its_margin_seldom_passes():
    """One document in ten is lost in both categories: counted item by item, one such candidate in five passes."""
    draw, passed = Random(3), 0
    rule = rule_with(refunds="0.1")
    for _ in range(150):
        documents = [f"document-{index}" for index in range(150) for _ in range(draw.randint(2, 10))]
        lost_documents = {f"document-{index}" for index in range(150) if draw.random() < 0.1}
        lost = {index for index, document in enumerate(documents) if document in lost_documents}
        columns = {"categories": [draw.choice(("refunds", "home")) for _ in documents], "clusters": documents}
        count = len(documents)
        _, refunds = findings_of(
            evidence(lost=lost, count=count, **columns), rule, before=evidence(count=count, **columns)
        )
        passed += refunds.verdict == "pass"
    assert passed <= 150 * 0.06
