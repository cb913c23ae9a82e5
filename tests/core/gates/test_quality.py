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


def quality(*, suite: str = "sha256:suite", **evidence):
    return Evidence(suite=suite, **evidence)


def judged(candidate, rule=RULE, baseline=BASELINE, anchor=ANCHOR, suite=None):
    return judge_quality((rule,), candidate, baseline, anchor, suite)


def test_an_equal_candidate_holds_baseline_and_anchor():
    found = judged(unit())
    assert [(one.check, one.verdict) for one in found] == [
        ("accuracy against baseline", "pass"),
        ("accuracy against anchor", "pass"),
    ]


def test_a_loss_beyond_the_margin_fails_and_names_the_items_that_flipped():
    found, _ = judged(unit(quality=quality(records=accuracy(1129))))
    assert found.verdict == "fail"
    assert "accuracy fell by 0.0473" in found.reason
    assert "71 items flipped from right to wrong" in found.reason
    assert found.items == tuple(ITEMS[1129 : 1129 + 50])
    assert found.numbers["lost"] == "71"
    assert found.numbers["margin"] == "0.02"
    assert float(found.numbers["lower"]) < float(found.numbers["estimate"]) < float(found.numbers["upper"]) < -0.02


def test_small_losses_that_the_baseline_allows_are_caught_by_the_anchor():
    candidate, baseline = (
        unit(quality=quality(records=accuracy(1180))),
        replace(BASELINE, quality=quality(records=accuracy(1190))),
    )
    anchor = replace(ANCHOR, quality=quality(records=accuracy(1250)))
    assert [one.verdict for one in judged(candidate, baseline=baseline, anchor=anchor)] == ["pass", "fail"]


def test_an_anchor_that_serves_is_asked_once():
    assert len(judged(unit(), anchor=BASELINE)) == 1


def test_a_primary_metric_must_beat_the_baseline_but_only_hold_the_anchor():
    rule = replace(RULE, primary=True)
    assert [one.verdict for one in judged(unit(), rule)] == ["inconclusive", "pass"]
    better = unit(quality=quality(records=accuracy(1300)))
    assert [one.verdict for one in judged(better, rule)] == ["pass", "pass"]


def test_another_suite_cannot_be_compared():
    found, _ = judged(unit(quality=quality(suite="sha256:other", records=accuracy(1500))))
    assert found.verdict == "inconclusive"
    assert "sha256:other" in found.reason


def test_a_newer_suite_is_compared_where_the_others_answered_it_too():
    others = {"sha256:baseline": accuracy(1180), "sha256:anchor": accuracy(1400)}
    found = judged(unit(quality=quality(suite="sha256:newer", records=accuracy(1200), others=others)))
    assert [(one.check, one.verdict) for one in found] == [
        ("accuracy against baseline", "pass"),
        ("accuracy against anchor", "fail"),
    ]


def test_no_sound_unit_takes_the_documents_off_what_the_next_one_would_lose():
    """75 documents of 20 items, of which the second unit loses five: more than as many items that stand alone."""
    rule = QualityRule(metric="accuracy", margin=Decimal("0.08"))
    documents = [str(index // 20) for index in range(1500)]
    before = unit(quality=quality(records=replace(accuracy(1500), clusters=documents)))
    bare, lossy = unit(quality=quality(records=accuracy(1500))), unit(quality=quality(records=accuracy(1400)))
    (first,) = judged(bare, rule, before, None)
    assert first.verdict == "inconclusive"
    assert "item 'item-0000' is in cluster '0' in quality.jsonl and in none in quality.jsonl" in first.reason
    assert "state the clusters that the baseline's records state" in first.reason
    assert judged(lossy, rule, bare, None)[0].verdict == "pass"
    stated = unit(quality=quality(records=replace(accuracy(1400), clusters=documents)))
    assert [judged(stated, rule, serving, None)[0].verdict for serving in (before, bare)] == ["inconclusive"] * 2


def test_names_that_one_item_has_alone_shut_nobody_out():
    named = replace(accuracy(1200), clusters=[f"own-{index}" for index in range(1500)])
    before = unit(quality=quality(records=named))
    (found,) = judged(
        unit(quality=quality(records=accuracy(1200))),
        QualityRule(metric="accuracy", margin=Decimal("0.02")),
        before,
        None,
    )
    assert found.verdict == "pass"


def test_where_the_policy_pins_the_suite_nobody_picks_easier_items():
    others = {"sha256:baseline": accuracy(1180), "sha256:anchor": accuracy(1180)}
    picked = unit(quality=quality(suite="sha256:picked", records=accuracy(1200), others=others))
    assert {one.verdict for one in judged(picked)} == {"pass"}
    (pinned, *_) = judged(picked, suite="sha256:suite")
    assert (pinned.check, pinned.verdict) == ("suite", "fail")
    assert pinned.reason.startswith("the unit ran suite sha256:picked, but the policy pins sha256:suite")


def test_on_the_pinned_suite_every_metric_is_judged_as_always():
    found = judged(unit(), suite="sha256:suite")
    assert [one.verdict for one in found] == ["pass", "pass", "pass"]
    assert found[1:] == judged(unit())


def test_a_unit_without_quality_evidence_ran_no_pinned_suite():
    (pinned, *_) = judged(unit(quality=None), suite="sha256:suite")
    assert pinned.verdict == "fail"
    assert "the unit ran no suite" in pinned.reason


def test_on_one_suite_everybodys_own_records_count():
    flattering = {"sha256:baseline": accuracy(10), "sha256:anchor": accuracy(10)}
    found = judged(unit(quality=quality(records=accuracy(1000), others=flattering)))
    assert [one.verdict for one in found] == ["fail", "fail"]


def test_who_did_not_answer_the_newer_suite_cannot_be_compared():
    others = {"sha256:baseline": accuracy(1180)}
    _, anchor = judged(unit(quality=quality(suite="sha256:newer", records=accuracy(1200), others=others)))
    assert anchor.verdict == "inconclusive"
    assert "run the anchor on the unit's suite too" in anchor.reason


def test_two_unknown_suites_are_not_the_same_suite():
    nameless = quality(suite="", records=accuracy(1200))
    found = judged(unit(quality=nameless), baseline=replace(BASELINE, quality=nameless), anchor=None)
    assert [one.verdict for one in found] == ["inconclusive"]


def test_other_items_cannot_be_compared():
    found, _ = judged(unit(quality=quality(records=accuracy(1400, ITEMS[:-1]))))
    assert found.verdict == "inconclusive"
    assert "different items" in found.reason


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        (None, "the unit has no quality evidence"),
        (quality(fault="line 3 is blank"), "cannot be read: line 3 is blank"),
        (quality(), "has no score accuracy"),
        (quality(summaries={"accuracy": Summary(items=1500, mean=0.99, deviation=0.1)}), "as summary"),
        (quality(points={"accuracy": 0.99}), "as point"),
    ],
)
def test_less_than_records_is_inconclusive_and_says_why(evidence, told):
    found, _ = judged(unit(quality=evidence))
    assert found.verdict == "inconclusive"
    assert told in found.reason


def test_a_baseline_without_evidence_proves_nothing():
    found, _ = judged(unit(), baseline=replace(BASELINE, quality=None))
    assert found.verdict == "inconclusive"
    assert "the baseline has no quality evidence" in found.reason


def test_summaries_are_compared_unpaired_and_say_so():
    rule = replace(RULE, evidence="summary")
    summary = quality(summaries={"accuracy": Summary(items=20_000, mean=0.79, deviation=0.4)})
    found, _ = judged(unit(quality=summary), rule)
    assert found.verdict == "inconclusive"
    assert "unpaired" in found.reason
    assert "20,000 and 1,500 items" in found.reason
    stated = {name: found.numbers[name] for name in ("margin", "items", "method", "evidence", "estimate")}
    assert stated == {
        "margin": "0.02",
        "items": "1500",
        "method": "normal, unpaired",
        "evidence": "summary",
        "estimate": "-0.01",
    }
    large = replace(BASELINE, quality=summary)
    assert [one.verdict for one in judged(unit(quality=summary), rule, large, None)] == ["pass"]


def test_a_summary_where_lower_is_better_turns_round():
    rule = replace(RULE, evidence="summary", direction="lower")
    worse = quality(summaries={"accuracy": Summary(items=20_000, mean=0.9, deviation=0.4)})
    (found,) = judged(unit(quality=worse), rule, replace(BASELINE, quality=quality(records=accuracy(1200))), None)
    assert found.verdict == "fail"


@pytest.mark.parametrize(
    ("summary", "told"),
    [
        (Summary(items=99, mean=0.9, deviation=0.1), "99 items proves nothing"),
        (Summary(items=900, mean=0.9, deviation=0.0), "a deviation of 0"),
        (Summary(items=900, mean=float("nan"), deviation=0.1), "not within -1e+15..1e+15"),
    ],
)
def test_a_summary_that_has_no_interval_proves_nothing(summary, told):
    evidence = quality(summaries={"accuracy": summary})
    for baseline in (BASELINE, None):
        (found,) = judged(unit(quality=evidence), replace(RULE, evidence="summary"), baseline, None)
        assert found.verdict == "inconclusive"
        assert told in found.reason


@pytest.mark.parametrize("primary", [False, True])
def test_a_summary_in_percent_does_not_beat_one_in_shares(primary):
    """20 % right is not better than 0.8."""
    rule = replace(RULE, evidence="summary", primary=primary)
    percent = quality(summaries={"accuracy": Summary(items=5000, mean=20.0, deviation=40.0)})
    shares = replace(BASELINE, quality=quality(records=accuracy(1200)))
    (found,) = judged(unit(quality=percent), rule, shares, None)
    assert found.verdict == "inconclusive"
    assert "not on one scale" in found.reason


def test_records_in_conversations_do_not_pass_for_as_many_items_against_a_summary():
    """1,500 answers of 15 conversations, each right or wrong throughout, against a summary of 20,000."""
    rule = replace(RULE, evidence="summary", margin=Decimal("0.05"))
    before = replace(BASELINE, quality=quality(summaries={"accuracy": Summary(items=20_000, mean=0.8, deviation=0.4)}))
    (alone,) = judged(unit(), rule, before, None)
    assert alone.verdict == "pass"
    talks = replace(accuracy(1200), clusters=[str(index // 100) for index in range(1500)])
    (found,) = judged(unit(quality=quality(records=talks)), rule, before, None)
    assert found.verdict == "inconclusive"
    assert "15 items proves nothing" in found.reason
    many = replace(accuracy(1200), clusters=[str(index // 10) for index in range(1500)])
    (found,) = judged(unit(quality=quality(records=many)), rule, before, None)
    assert found.verdict == "inconclusive"


def test_summaries_beyond_shares_are_still_compared():
    """Seconds, of which some are below 1 on average and spread as no shares can be."""
    rule = replace(RULE, evidence="summary", direction="lower")
    fast, slow = (
        quality(summaries={"accuracy": Summary(items=5000, mean=mean, deviation=deviation)})
        for mean, deviation in ((0.9, 3.0), (9.0, 4.0))
    )
    (found,) = judged(unit(quality=fast), rule, replace(BASELINE, quality=slow), None)
    assert found.verdict == "pass"


def test_two_points_prove_nothing_even_where_points_are_believed():
    point = quality(points={"accuracy": 0.9})
    rule = replace(RULE, evidence="point")
    (found,) = judged(unit(quality=point), rule, replace(BASELINE, quality=point), None)
    assert found.verdict == "inconclusive"
    assert "no interval" in found.reason


@pytest.mark.parametrize(("right", "verdict"), [(1200, "pass"), (1060, "inconclusive"), (900, "fail")])
def test_a_first_release_is_held_to_the_floor(right, verdict):
    (found,) = judged(unit(quality=quality(records=accuracy(right))), baseline=None, anchor=None)
    assert found.check == "accuracy against floor"
    assert found.verdict == verdict
    assert "floor of 0.7" in found.reason


def test_a_first_release_where_lower_is_better_is_held_to_a_ceiling():
    rule = replace(RULE, direction="lower", floor=Decimal("0.3"))
    (found,) = judged(unit(quality=quality(records=accuracy(300))), rule, None, None)
    assert found.verdict == "pass"
    assert "ceiling of 0.3" in found.reason
    (found,) = judged(unit(), rule, None, None)
    assert found.verdict == "fail"


def test_a_first_release_may_state_a_summary_or_a_point_where_these_are_believed():
    summary = quality(summaries={"accuracy": Summary(items=1500, mean=0.8, deviation=0.4)})
    point = quality(points={"accuracy": 0.7})
    assert judged(unit(quality=summary), replace(RULE, evidence="summary"), None, None)[0].verdict == "pass"
    assert judged(unit(quality=point), replace(RULE, evidence="point"), None, None)[0].verdict == "pass"
    assert judged(unit(quality=point), RULE, None, None)[0].verdict == "inconclusive"


@pytest.mark.parametrize(
    ("grade", "sixty"),
    [
        ("records", quality(records=replace(accuracy(900), scores={"accuracy": [100.0] * 900 + [0.0] * 600}))),
        ("summary", quality(summaries={"accuracy": Summary(items=1500, mean=60.0, deviation=49.0)})),
        ("point", quality(points={"accuracy": 60.0})),
    ],
)
def test_sixty_percent_do_not_reach_a_floor_that_is_a_share(grade, sixty):
    """A first release would begin a channel with it, and every later one be held to that."""
    rule = replace(RULE, evidence=grade)
    (found,) = judged(unit(quality=sixty), rule, None, None)
    assert found.verdict == "inconclusive"
    assert "above 1 on average, but the floor of 0.7 lies within 0..1" in found.reason
    assert judged(unit(quality=sixty), replace(rule, floor=Decimal(50)), None, None)[0].verdict == "pass"
    assert judged(unit(quality=sixty), replace(rule, floor=Decimal(0)), None, None)[0].verdict == "pass"
    assert judged(unit(quality=sixty), replace(rule, direction="lower"), None, None)[0].verdict == "fail"


@pytest.mark.parametrize(("most", "verdict"), [(100.0, "inconclusive"), (120.0, "pass")])
def test_what_may_be_a_percentage_reaches_no_floor_below_1_and_a_reward_beyond_100_does(most, verdict):
    """Also where a few scores lie between 0 and 1, or below 0, as spread percentages and clumsy judges have it."""
    draw = random.Random(1)
    scores = [100.0 * draw.betavariate(0.5, 3.0) for _ in range(400)]
    scores[:3] = [0.5, -0.1, most]
    records = replace(accuracy(0, [f"item-{number}" for number in range(400)]), scores={"accuracy": scores})
    (found,) = judged(unit(quality=quality(records=records)), RULE, None, None)
    assert found.verdict == verdict


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_point_that_is_no_number_proves_nothing(value):
    evidence = quality(points={"accuracy": value})
    assert judged(unit(quality=evidence), replace(RULE, evidence="point"), None, None)[0].verdict == "inconclusive"


def test_a_first_release_measured_on_one_document_is_told_to_measure_others():
    marks = Records(
        what="x",
        items=[str(index) for index in range(400)],
        scores={"accuracy": [index % 7 for index in range(400)]},
        clusters=["one"] * 400,
    )
    found = judge_floor(RULE, Evidence(suite="s", records=marks))
    assert found.verdict == "inconclusive"
    assert "in one cluster (a document, a conversation), and only other clusters could settle it" in found.reason


def test_a_first_release_without_a_floor_has_nothing_to_check():
    (found,) = judged(unit(), replace(RULE, floor=None), None, None)
    assert found.verdict == "inconclusive"
    assert "accuracy needs a floor, but the policy sets none" in found.reason


def test_a_first_release_without_evidence_is_inconclusive():
    (found,) = judged(unit(quality=None), baseline=None, anchor=None)
    assert found.verdict == "inconclusive"


def test_no_rules_refuse():
    (found,) = judge_quality((), unit(), BASELINE, ANCHOR)
    assert found.verdict == "inconclusive"
    assert "the policy names no quality metric" in found.reason


def test_the_draw_of_a_bootstrap_is_the_policys():
    """So whoever knows the policy computes the same bounds, and a policy that draws anew says so."""
    draw = random.Random(5)
    graded = [
        unit(name, quality=quality(records=Records(what=name, items=ITEMS, scores={"accuracy": scores})))
        for name in ("sha256:candidate", "sha256:baseline")
        for scores in [[draw.random() for _ in ITEMS]]
    ]

    def lower(seed):
        (found,) = judged(graded[0], replace(RULE, seed=seed), graded[1], None)
        return found.numbers["lower"]

    assert lower(1) == lower(1)
    assert lower(1) != lower(2)


def test_percentages_in_a_summary_reach_no_floor_of_a_share():
    """8 % on average, some far above: judged against 0.7 as it stands, it would pass."""
    summed = Evidence(suite="s", summaries={"accuracy": Summary(items=900, mean=8.0, deviation=25.0)})
    found = judge_floor(replace(RULE, evidence="summary"), summed)
    assert found.verdict == "inconclusive"
    assert "state both on one scale" in found.reason


def test_the_policys_seed_draws_the_floors_interval_too():
    draw = random.Random(1)
    scores = Records(what="q", items=ITEMS[:200], scores={"accuracy": [draw.random() for _ in range(200)]})
    seeded = (judge_floor(replace(RULE, seed=seed), Evidence(suite="s", records=scores)) for seed in (0, 1))
    assert len({found.numbers["lower"] for found in seeded}) == 2


def test_where_lower_is_better_a_rise_is_told_as_the_loss_that_it_is():
    rule = replace(RULE, direction="lower", floor=None)
    worse = unit(quality=Evidence(suite="sha256:suite", records=accuracy(1400)))
    (found,) = judge_quality((rule,), worse, BASELINE, None)
    assert found.verdict == "fail"
    assert found.reason.startswith("accuracy worsened by 0.133")
