# SPDX-License-Identifier: Apache-2.0
import random
from decimal import Decimal

import pytest
from msgspec.structs import replace
from tests.core.gates.units import ANCHOR, BASELINE, ITEMS, accuracy, unit

from federation.core.gates.evidence import Evidence, Summary
from federation.core.gates.floor import judge_floor
from federation.core.gates.quality import judge_quality
from federation.core.gates.rules import QualityRule
from federation.core.records import Records

RULE = QualityRule(metric="accuracy", margin=Decimal("0.02"), floor=Decimal("0.7"))


def evidence_of(*, suite: str = "sha256:suite", **evidence):
    return Evidence(suite=suite, **evidence)


def findings_of(candidate, rule=RULE, baseline=BASELINE, anchor=ANCHOR, suite=None):
    return judge_quality((rule,), candidate, baseline, anchor, suite)


def test_an_equal_candidate_passes_against_baseline_and_anchor():
    findings = findings_of(unit())
    assert [(finding.check, finding.verdict) for finding in findings] == [
        ("accuracy against baseline", "pass"),
        ("accuracy against anchor", "pass"),
    ]


def test_a_loss_beyond_the_margin_fails_and_names_the_items_that_flipped():
    finding, _ = findings_of(unit(quality=evidence_of(records=accuracy(1129))))
    assert finding.verdict == "fail"
    assert "accuracy fell by 0.0473" in finding.reason
    assert "71 items flipped from right to wrong" in finding.reason
    assert finding.items == tuple(ITEMS[1129 : 1129 + 50])
    assert finding.numbers["lost"] == "71"
    assert finding.numbers["margin"] == "0.02"
    assert (
        float(finding.numbers["lower"]) < float(finding.numbers["estimate"]) < float(finding.numbers["upper"]) < -0.02
    )


def test_small_losses_that_the_baseline_allows_are_caught_by_the_anchor():
    candidate, baseline = (
        unit(quality=evidence_of(records=accuracy(1180))),
        replace(BASELINE, quality=evidence_of(records=accuracy(1190))),
    )
    anchor = replace(ANCHOR, quality=evidence_of(records=accuracy(1250)))
    assert [finding.verdict for finding in findings_of(candidate, baseline=baseline, anchor=anchor)] == ["pass", "fail"]


def test_an_anchor_that_is_the_baseline_is_compared_once():
    assert len(findings_of(unit(), anchor=BASELINE)) == 1


def test_a_primary_metric_must_beat_the_baseline_but_only_hold_the_anchor():
    rule = replace(RULE, primary=True)
    assert [finding.verdict for finding in findings_of(unit(), rule)] == ["inconclusive", "pass"]
    better = unit(quality=evidence_of(records=accuracy(1300)))
    assert [finding.verdict for finding in findings_of(better, rule)] == ["pass", "pass"]


def test_another_suite_cannot_be_compared():
    finding, _ = findings_of(unit(quality=evidence_of(suite="sha256:other", records=accuracy(1500))))
    assert finding.verdict == "inconclusive"
    assert "sha256:other" in finding.reason


def test_a_newer_suite_is_compared_where_baseline_and_anchor_answered_it_too():
    others = {"sha256:baseline": accuracy(1180), "sha256:anchor": accuracy(1400)}
    findings = findings_of(unit(quality=evidence_of(suite="sha256:newer", records=accuracy(1200), others=others)))
    assert [(finding.check, finding.verdict) for finding in findings] == [
        ("accuracy against baseline", "pass"),
        ("accuracy against anchor", "fail"),
    ]


def test_a_candidate_cannot_drop_the_clusters_that_the_baseline_states():
    """75 documents of 20 items, of which the second unit loses five: more than as many items that stand alone."""
    rule = QualityRule(metric="accuracy", margin=Decimal("0.08"))
    documents = [str(index // 20) for index in range(1500)]
    before = unit(quality=evidence_of(records=replace(accuracy(1500), clusters=documents)))
    ungrouped, worse = (
        unit(quality=evidence_of(records=accuracy(1500))),
        unit(quality=evidence_of(records=accuracy(1400))),
    )
    (first,) = findings_of(ungrouped, rule, before, None)
    assert first.verdict == "inconclusive"
    assert "item 'item-0000' is in cluster '0' in quality.jsonl and in none in quality.jsonl" in first.reason
    assert "state the clusters that the baseline's records state" in first.reason
    assert findings_of(worse, rule, ungrouped, None)[0].verdict == "pass"
    grouped = unit(quality=evidence_of(records=replace(accuracy(1400), clusters=documents)))
    assert [findings_of(grouped, rule, serving, None)[0].verdict for serving in (before, ungrouped)] == [
        "inconclusive"
    ] * 2


def test_a_cluster_of_one_item_may_be_left_out():
    named = replace(accuracy(1200), clusters=[f"own-{index}" for index in range(1500)])
    before = unit(quality=evidence_of(records=named))
    (finding,) = findings_of(
        unit(quality=evidence_of(records=accuracy(1200))),
        QualityRule(metric="accuracy", margin=Decimal("0.02")),
        before,
        None,
    )
    assert finding.verdict == "pass"


def test_a_pinned_suite_keeps_a_unit_from_choosing_easier_items():
    others = {"sha256:baseline": accuracy(1180), "sha256:anchor": accuracy(1180)}
    easier = unit(quality=evidence_of(suite="sha256:picked", records=accuracy(1200), others=others))
    assert {finding.verdict for finding in findings_of(easier)} == {"pass"}
    (pinned, *_) = findings_of(easier, suite="sha256:suite")
    assert (pinned.check, pinned.verdict) == ("suite", "fail")
    assert pinned.reason.startswith("the unit ran suite sha256:picked, but the policy pins sha256:suite")


def test_on_the_pinned_suite_every_metric_is_judged_as_usual():
    findings = findings_of(unit(), suite="sha256:suite")
    assert [finding.verdict for finding in findings] == ["pass", "pass", "pass"]
    assert findings[1:] == findings_of(unit())


def test_a_unit_without_quality_evidence_fails_where_a_suite_is_pinned():
    (pinned, *_) = findings_of(unit(quality=None), suite="sha256:suite")
    assert pinned.verdict == "fail"
    assert "the unit ran no suite" in pinned.reason


def test_on_the_same_suite_the_baseline_s_own_records_count():
    flattering = {"sha256:baseline": accuracy(10), "sha256:anchor": accuracy(10)}
    findings = findings_of(unit(quality=evidence_of(records=accuracy(1000), others=flattering)))
    assert [finding.verdict for finding in findings] == ["fail", "fail"]


def test_an_anchor_without_answers_to_the_newer_suite_cannot_be_compared():
    others = {"sha256:baseline": accuracy(1180)}
    _, anchor = findings_of(unit(quality=evidence_of(suite="sha256:newer", records=accuracy(1200), others=others)))
    assert anchor.verdict == "inconclusive"
    assert "run the anchor on the unit's suite too" in anchor.reason


def test_two_unknown_suites_are_not_the_same_suite():
    nameless = evidence_of(suite="", records=accuracy(1200))
    findings = findings_of(unit(quality=nameless), baseline=replace(BASELINE, quality=nameless), anchor=None)
    assert [finding.verdict for finding in findings] == ["inconclusive"]


def test_other_items_cannot_be_compared():
    finding, _ = findings_of(unit(quality=evidence_of(records=accuracy(1400, ITEMS[:-1]))))
    assert finding.verdict == "inconclusive"
    assert "different items" in finding.reason


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (None, "the unit has no quality evidence"),
        (evidence_of(fault="line 3 is blank"), "cannot be read: line 3 is blank"),
        (evidence_of(), "has no score accuracy"),
        (evidence_of(summaries={"accuracy": Summary(items=1500, mean=0.99, deviation=0.1)}), "as summary"),
        (evidence_of(points={"accuracy": 0.99}), "as point"),
    ],
)
def test_evidence_weaker_than_records_is_inconclusive_and_says_why(evidence, reason):
    finding, _ = findings_of(unit(quality=evidence))
    assert finding.verdict == "inconclusive"
    assert reason in finding.reason


def test_a_baseline_without_evidence_proves_nothing():
    finding, _ = findings_of(unit(), baseline=replace(BASELINE, quality=None))
    assert finding.verdict == "inconclusive"
    assert "the baseline has no quality evidence" in finding.reason


def test_summaries_are_compared_unpaired_and_the_reason_says_so():
    rule = replace(RULE, evidence="summary")
    summary = evidence_of(summaries={"accuracy": Summary(items=20_000, mean=0.79, deviation=0.4)})
    finding, _ = findings_of(unit(quality=summary), rule)
    assert finding.verdict == "inconclusive"
    assert "unpaired" in finding.reason
    assert "20,000 and 1,500 items" in finding.reason
    stated = {name: finding.numbers[name] for name in ("margin", "items", "method", "evidence", "estimate")}
    assert stated == {
        "margin": "0.02",
        "items": "1500",
        "method": "normal, unpaired",
        "evidence": "summary",
        "estimate": "-0.01",
    }
    large = replace(BASELINE, quality=summary)
    assert [finding.verdict for finding in findings_of(unit(quality=summary), rule, large, None)] == ["pass"]


def test_a_summary_where_lower_is_better_is_compared_the_other_way_round():
    rule = replace(RULE, evidence="summary", direction="lower")
    worse = evidence_of(summaries={"accuracy": Summary(items=20_000, mean=0.9, deviation=0.4)})
    (finding,) = findings_of(
        unit(quality=worse), rule, replace(BASELINE, quality=evidence_of(records=accuracy(1200))), None
    )
    assert finding.verdict == "fail"


@pytest.mark.parametrize(
    ("summary", "reason"),
    [
        (Summary(items=99, mean=0.9, deviation=0.1), "99 items proves nothing"),
        (Summary(items=900, mean=0.9, deviation=0.0), "a deviation of 0"),
        (Summary(items=900, mean=float("nan"), deviation=0.1), "not within -1e+15..1e+15"),
    ],
)
def test_a_summary_without_an_interval_is_inconclusive(summary, reason):
    evidence = evidence_of(summaries={"accuracy": summary})
    for baseline in (BASELINE, None):
        (finding,) = findings_of(unit(quality=evidence), replace(RULE, evidence="summary"), baseline, None)
        assert finding.verdict == "inconclusive"
        assert reason in finding.reason


@pytest.mark.parametrize("primary", [False, True])
def test_a_summary_in_percent_does_not_beat_one_in_shares(primary):
    """20 % right is not better than 0.8."""
    rule = replace(RULE, evidence="summary", primary=primary)
    percent = evidence_of(summaries={"accuracy": Summary(items=5000, mean=20.0, deviation=40.0)})
    shares = replace(BASELINE, quality=evidence_of(records=accuracy(1200)))
    (finding,) = findings_of(unit(quality=percent), rule, shares, None)
    assert finding.verdict == "inconclusive"
    assert "not on one scale" in finding.reason


def test_against_a_summary_records_count_by_conversation_and_not_by_item():
    """1,500 answers of 15 conversations, each right or wrong throughout, against a summary of 20,000."""
    rule = replace(RULE, evidence="summary", margin=Decimal("0.05"))
    before = replace(
        BASELINE, quality=evidence_of(summaries={"accuracy": Summary(items=20_000, mean=0.8, deviation=0.4)})
    )
    (ungrouped,) = findings_of(unit(), rule, before, None)
    assert ungrouped.verdict == "pass"
    conversations = replace(accuracy(1200), clusters=[str(index // 100) for index in range(1500)])
    (finding,) = findings_of(unit(quality=evidence_of(records=conversations)), rule, before, None)
    assert finding.verdict == "inconclusive"
    assert "15 items proves nothing" in finding.reason
    shorter_conversations = replace(accuracy(1200), clusters=[str(index // 10) for index in range(1500)])
    (finding,) = findings_of(unit(quality=evidence_of(records=shorter_conversations)), rule, before, None)
    assert finding.verdict == "inconclusive"


def test_summaries_above_1_are_still_compared():
    """Seconds, of which some are below 1 on average and spread as no shares can be."""
    rule = replace(RULE, evidence="summary", direction="lower")
    fast, slow = (
        evidence_of(summaries={"accuracy": Summary(items=5000, mean=mean, deviation=deviation)})
        for mean, deviation in ((0.9, 3.0), (9.0, 4.0))
    )
    (finding,) = findings_of(unit(quality=fast), rule, replace(BASELINE, quality=slow), None)
    assert finding.verdict == "pass"


def test_two_points_are_inconclusive_even_where_points_are_accepted():
    point = evidence_of(points={"accuracy": 0.9})
    rule = replace(RULE, evidence="point")
    (finding,) = findings_of(unit(quality=point), rule, replace(BASELINE, quality=point), None)
    assert finding.verdict == "inconclusive"
    assert "no interval" in finding.reason


@pytest.mark.parametrize(("right", "verdict"), [(1200, "pass"), (1060, "inconclusive"), (900, "fail")])
def test_a_first_release_is_held_to_the_floor(right, verdict):
    (finding,) = findings_of(unit(quality=evidence_of(records=accuracy(right))), baseline=None, anchor=None)
    assert finding.check == "accuracy against floor"
    assert finding.verdict == verdict
    assert "floor of 0.7" in finding.reason


def test_a_first_release_where_lower_is_better_is_held_to_a_ceiling():
    rule = replace(RULE, direction="lower", floor=Decimal("0.3"))
    (finding,) = findings_of(unit(quality=evidence_of(records=accuracy(300))), rule, None, None)
    assert finding.verdict == "pass"
    assert "ceiling of 0.3" in finding.reason
    (finding,) = findings_of(unit(), rule, None, None)
    assert finding.verdict == "fail"


def test_a_first_release_may_state_a_summary_or_a_point_where_accepted():
    summary = evidence_of(summaries={"accuracy": Summary(items=1500, mean=0.8, deviation=0.4)})
    point = evidence_of(points={"accuracy": 0.7})
    assert findings_of(unit(quality=summary), replace(RULE, evidence="summary"), None, None)[0].verdict == "pass"
    assert findings_of(unit(quality=point), replace(RULE, evidence="point"), None, None)[0].verdict == "pass"
    assert findings_of(unit(quality=point), RULE, None, None)[0].verdict == "inconclusive"


@pytest.mark.parametrize(
    ("grade", "evidence"),
    [
        ("records", evidence_of(records=replace(accuracy(900), scores={"accuracy": [100.0] * 900 + [0.0] * 600}))),
        ("summary", evidence_of(summaries={"accuracy": Summary(items=1500, mean=60.0, deviation=49.0)})),
        ("point", evidence_of(points={"accuracy": 60.0})),
    ],
)
def test_sixty_percent_does_not_reach_a_floor_that_is_a_share(grade, evidence):
    """A first release would begin a channel with it, and every later one be held to that."""
    rule = replace(RULE, evidence=grade)
    (finding,) = findings_of(unit(quality=evidence), rule, None, None)
    assert finding.verdict == "inconclusive"
    assert "above 1 on average, but the floor of 0.7 lies within 0..1" in finding.reason
    assert findings_of(unit(quality=evidence), replace(rule, floor=Decimal(50)), None, None)[0].verdict == "pass"
    assert findings_of(unit(quality=evidence), replace(rule, floor=Decimal(0)), None, None)[0].verdict == "pass"
    assert findings_of(unit(quality=evidence), replace(rule, direction="lower"), None, None)[0].verdict == "fail"


@pytest.mark.parametrize(("highest", "verdict"), [(100.0, "inconclusive"), (120.0, "pass")])
def test_a_score_on_a_scale_of_100_does_not_reach_a_floor_below_1(highest, verdict):
    """Also where a few scores lie between 0 and 1, or below 0, as spread percentages and clumsy judges have it."""
    draw = random.Random(1)
    scores = [100.0 * draw.betavariate(0.5, 3.0) for _ in range(400)]
    scores[:3] = [0.5, -0.1, highest]
    records = replace(accuracy(0, [f"item-{number}" for number in range(400)]), scores={"accuracy": scores})
    (finding,) = findings_of(unit(quality=evidence_of(records=records)), RULE, None, None)
    assert finding.verdict == verdict


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_point_that_is_not_a_number_is_inconclusive(value):
    evidence = evidence_of(points={"accuracy": value})
    assert findings_of(unit(quality=evidence), replace(RULE, evidence="point"), None, None)[0].verdict == "inconclusive"


def test_a_first_release_measured_on_one_document_must_measure_others():
    marks = Records(
        what="x",
        items=[str(index) for index in range(400)],
        scores={"accuracy": [index % 7 for index in range(400)]},
        clusters=["one"] * 400,
    )
    finding = judge_floor(RULE, Evidence(suite="s", records=marks))
    assert finding.verdict == "inconclusive"
    assert "in one cluster (a document, a conversation), and only other clusters could settle it" in finding.reason


def test_a_first_release_without_a_floor_is_inconclusive():
    (finding,) = findings_of(unit(), replace(RULE, floor=None), None, None)
    assert finding.verdict == "inconclusive"
    assert "accuracy needs a floor, but the policy sets none" in finding.reason


def test_a_first_release_without_evidence_is_inconclusive():
    (finding,) = findings_of(unit(quality=None), baseline=None, anchor=None)
    assert finding.verdict == "inconclusive"


def test_no_rules_are_inconclusive():
    (finding,) = judge_quality((), unit(), BASELINE, ANCHOR)
    assert finding.verdict == "inconclusive"
    assert "the policy names no quality metric" in finding.reason


def test_the_seed_of_the_policy_decides_the_bootstrap_s_bounds():
    """So whoever knows the policy computes the same bounds, and a policy that draws anew says so."""
    draw = random.Random(5)
    graded = [
        unit(name, quality=evidence_of(records=Records(what=name, items=ITEMS, scores={"accuracy": scores})))
        for name in ("sha256:candidate", "sha256:baseline")
        for scores in [[draw.random() for _ in ITEMS]]
    ]

    def lower(seed):
        (finding,) = findings_of(graded[0], replace(RULE, seed=seed), graded[1], None)
        return finding.numbers["lower"]

    assert lower(1) == lower(1)
    assert lower(1) != lower(2)


def test_a_summary_in_percent_does_not_reach_a_floor_that_is_a_share():
    """8 % on average, some far above: judged against 0.7 as it stands, it would pass."""
    evidence = Evidence(suite="s", summaries={"accuracy": Summary(items=900, mean=8.0, deviation=25.0)})
    finding = judge_floor(replace(RULE, evidence="summary"), evidence)
    assert finding.verdict == "inconclusive"
    assert "state both on one scale" in finding.reason


def test_the_seed_of_the_policy_decides_the_floor_s_interval_too():
    draw = random.Random(1)
    scores = Records(what="q", items=ITEMS[:200], scores={"accuracy": [draw.random() for _ in range(200)]})
    findings = (judge_floor(replace(RULE, seed=seed), Evidence(suite="s", records=scores)) for seed in (0, 1))
    assert len({finding.numbers["lower"] for finding in findings}) == 2


def test_where_lower_is_better_a_rise_is_reported_as_a_loss():
    rule = replace(RULE, direction="lower", floor=None)
    worse = unit(quality=Evidence(suite="sha256:suite", records=accuracy(1400)))
    (finding,) = judge_quality((rule,), worse, BASELINE, None)
    assert finding.verdict == "fail"
    assert finding.reason.startswith("accuracy worsened by 0.133")
