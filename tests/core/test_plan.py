# SPDX-License-Identifier: Apache-2.0
"""Before anything is trained: what each rule of a policy needs, and which one can never be passed."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from federation.core.gates.rules import Flaky, GateRules, LatencyRule, QualityRule, SafetyRule, SuiteRule
from federation.core.plan import Expected, plan

RULES = GateRules(
    quality=(QualityRule(metric="accuracy", margin=Decimal("0.02")),),
    latency=LatencyRule(p95_ratio=Decimal("1.1")),
    safety=SafetyRule(suites={"policy": SuiteRule(max_failure_rate=Decimal("0.01"))}),
)


def test_the_plan_says_what_each_rule_needs():
    quality, safety, latency = plan(RULES, Expected()).needs
    assert (quality.check, quality.least, quality.power_80) == ("accuracy", 149, 1559)
    assert quality.power_95 is not None
    assert quality.power_95 > 2500
    assert (safety.check, safety.least) == ("policy", 299)
    assert (latency.check, latency.least) == ("p95", 59)
    assert latency.power_80 is not None


def test_enough_of_everything_makes_a_policy_possible():
    enough = Expected(items=2000, safety={"policy": 299}, requests=2000)
    assert (plan(RULES, enough).impossible, plan(RULES, enough).undecided) == ((), ())


def test_a_margin_that_few_good_candidates_can_show_is_possible_but_leaves_most_undecided():
    found = plan(RULES, Expected(items=200, differing=0.15))
    assert (found.needs[0].detectable, found.impossible) == ("0.0697", ())
    (reason,) = found.undecided
    assert reason == (
        "quality of accuracy: with 200, fewer than 80 % of equally good candidates pass at 0.02; "
        "measure 2,328, or allow 0.0697"
    )


@given(st.integers(149, 1558))
def test_the_margin_that_is_offered_instead_is_wide_enough(items):
    """Rounded to the nearest, 1,558 items were said to hold a candidate to 0.02, but not to 0.02."""
    found = plan(RULES, Expected(items=items)).needs[0]
    wider = replace(RULES, quality=(replace(RULES.quality[0], margin=Decimal(found.detectable)),))
    assert Decimal(found.detectable) > RULES.quality[0].margin
    assert plan(wider, Expected(items=items)).undecided == ()


def test_what_whoever_ships_may_choose_is_said_until_the_policy_pins_it():
    assert plan(RULES, Expected()).unpinned == ("quality", "policy")
    digest = "sha256:" + "0" * 64
    suites = {"policy": SuiteRule(max_failure_rate=Decimal("0.01"), digest=digest)}
    assert plan(replace(RULES, suite=digest, safety=SafetyRule(suites=suites)), Expected()).unpinned == ()


def test_items_that_the_policy_leaves_out_as_flaky_are_not_there():
    flaky = Flaky(suite="sha256:" + "0" * 64, runs=5, limit=Decimal("0.1"), items={"a": Decimal(1), "b": Decimal(1)})
    rules = replace(RULES, quality=(replace(RULES.quality[0], flaky=flaky),))
    assert plan(rules, Expected(items=202)).needs[0] == plan(RULES, Expected(items=200)).needs[0]
    assert plan(rules, Expected()).needs[0].available is None


def test_too_few_items_or_requests_for_any_bound_are_impossible():
    found = plan(RULES, Expected(items=2000, safety={"policy": 298}, requests=58))
    assert len(found.impossible) == 2
    assert "measure at least 299" in found.impossible[0]
    assert "measure at least 59" in found.impossible[1]


def test_thirty_items_prove_nothing_of_a_candidate_that_is_no_better():
    (reason,) = plan(RULES, Expected(items=30)).impossible
    assert (
        reason
        == "quality of accuracy: 30 are too few for an equally good candidate to pass at 0.02; measure at least 149"
    )


def test_no_row_promises_a_pass_on_fewer_requests_than_the_policy_asks_for():
    latency = replace(RULES.latency, p95_ratio=Decimal("1.5"), minimum_samples=500)
    (*_, found) = plan(replace(RULES, latency=latency), Expected()).needs
    assert (found.least, found.power_80, found.power_95) == (500, 500, 500)


def test_a_gate_without_rules_is_impossible():
    found = plan(GateRules(), Expected())
    assert [reason.split()[1] for reason in found.impossible] == ["quality", "latency", "safety"]
    assert found.needs == ()


def test_what_nobody_can_say_is_not_held_against_the_policy():
    assert plan(RULES, Expected()).impossible == ()


def test_a_margin_of_zero_has_no_number_of_items():
    zero = replace(RULES, quality=(QualityRule(metric="accuracy", margin=Decimal(0), primary=True),))
    assert plan(zero, Expected(items=100, requests=5000)).needs[0].power_80 is None


def test_a_primary_metric_is_planned_for_the_gain_that_it_has_to_prove():
    """Of candidates that are as good as the baseline 5 % beat it beyond chance, however many items there are."""
    beats = replace(RULES, quality=(QualityRule(metric="accuracy", margin=Decimal("0.02"), primary=True),))
    found = plan(beats, Expected(items=200, differing=0.15))
    assert (found.needs[0].limit, found.needs[0].gain) == ("gain of 0.02", True)
    assert found.undecided == (
        "quality of accuracy: with 200, fewer than 80 % of better candidates prove a gain of 0.02; measure 2,328",
    )


def test_a_gain_needs_at_least_as_many_differing_items():
    beats = replace(RULES, quality=(QualityRule(metric="accuracy", margin=Decimal("0.05"), primary=True),))
    (few, *_), (many, *_) = (plan(beats, Expected(differing=share)).needs for share in (0.01, 0.05))
    assert few.power_80 == many.power_80


def test_a_summary_needs_its_least_number_of_items_and_its_spread_is_not_known_beforehand():
    prose = replace(RULES, quality=(QualityRule(metric="bits_per_byte", margin=Decimal("0.1"), evidence="summary"),))
    found = plan(prose, Expected(items=99))
    assert (found.needs[0].least, found.needs[0].power_80) == (100, None)
    assert "measure at least 100" in found.impossible[0]


def test_each_category_has_a_row_of_its_own_about_its_own_items():
    rule = replace(RULES.quality[0], categories={"*": Decimal("0.1"), "refunds": Decimal("0.05")})
    whole, refunds, other, *_ = plan(replace(RULES, quality=(rule,)), Expected(items=2000)).needs
    assert whole == plan(RULES, Expected(items=2000)).needs[0]
    assert (refunds.check, refunds.limit, refunds.least, refunds.power_80) == ("accuracy in 'refunds'", "0.05", 59, 261)
    assert (other.check, other.limit, other.least) == ("accuracy in each other category", "0.1", 29)
    assert refunds.available is None
    alone = replace(rule, categories={"*": Decimal("0.1")})
    assert plan(replace(RULES, quality=(alone,)), Expected()).needs[1].check == "accuracy in each category"


def test_a_category_of_a_primary_metric_has_only_to_be_held():
    rule = replace(RULES.quality[0], primary=True, categories={"refunds": Decimal("0.05")})
    whole, refunds, *_ = plan(replace(RULES, quality=(rule,)), Expected()).needs
    assert (whole.gain, refunds.gain) == (True, False)


def test_named_categories_share_the_items_of_their_suite():
    rule = replace(RULES.quality[0], categories=dict.fromkeys(("*", "art", "law", "tax"), Decimal("0.05")))
    crowded = [
        told for told in plan(replace(RULES, quality=(rule,)), Expected(items=176)).impossible if "named" in told
    ]
    (told,) = crowded
    assert told.startswith("quality of accuracy: the 3 named categories need 177 items together, but there are 176; ")
    enough = plan(replace(RULES, quality=(rule,)), Expected(items=177)).impossible
    assert not [told for told in enough if "named" in told]
