# SPDX-License-Identifier: Apache-2.0

import random
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from federation.core.records import Records
from federation.core.statistics.comparison import Comparison, compare_records, mean_interval
from federation.core.statistics.paired import paired_proportions


def records_of(scores, *, what="x", clusters=None, items=None) -> Records:
    names = items or [f"item-{index:05}" for index in range(len(scores))]
    return Records(what=what, items=names, scores={"accuracy": list(map(float, scores))}, clusters=clusters)


def comparison(candidate: Records, baseline: Records, margin: float = 0.02, **options) -> Comparison:
    return compare_records(candidate, baseline, metric="accuracy", margin=margin, **options)


def test_0_1_items_use_the_closed_form_and_name_what_flipped():
    results = comparison(records_of([1, 0, 0, 1]), records_of([0, 1, 1, 1]), margin=0.9)
    assert results.method == "bonett-price"
    assert results.interval == paired_proportions(1, 2, 4)
    assert (results.better, results.worse, results.named) == (1, 2, ("item-00001", "item-00002"))


def test_the_same_candidate_is_inconclusive_on_100_items_and_passes_on_3000():
    draw = random.Random(2)
    baseline = [draw.random() < 0.8 for _ in range(3000)]
    candidate = [right != (draw.random() < 0.04) for right in baseline]
    candidate = [
        changed if index % 2 else unchanged
        for index, (changed, unchanged) in enumerate(zip(candidate, baseline, strict=True))
    ]
    assert comparison(records_of(candidate[:100]), records_of(baseline[:100]), margin=0.04).verdict == "inconclusive"
    assert comparison(records_of(candidate), records_of(baseline), margin=0.04).verdict == "pass"


def test_a_candidate_far_below_the_margin_fails():
    assert comparison(records_of([0, 1] * 500), records_of([1] * 1000)).verdict == "fail"


def test_where_lower_is_better_the_bounds_are_turned_round():
    candidate, baseline = records_of([0.1] * 60 + [0.3] * 60), records_of([0.2] * 60 + [0.35] * 60)
    higher = comparison(candidate, baseline)
    lower = comparison(candidate, baseline, lower_is_better=True)
    assert higher.verdict == "fail"
    assert lower.verdict == "pass"
    assert lower.interval.estimate == pytest.approx(-higher.interval.estimate) == pytest.approx(0.075)
    assert (lower.better, lower.worse) == (higher.worse, higher.better) == (120, 0)


@settings(max_examples=15)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_files_changes_nothing(draw):
    names = [f"i{index}" for index in range(80)]
    candidate, baseline = (
        records_of([draw.random() for _ in names], items=names),
        records_of([draw.random() for _ in names], items=names),
    )
    shuffled = draw.sample(names, len(names))
    expected = comparison(candidate, baseline)
    assert comparison(candidate, baseline.ordered(shuffled)) == expected
    assert comparison(candidate.ordered(shuffled), baseline) == expected


def test_items_on_one_side_only_are_never_dropped():
    results = comparison(
        records_of([1, 1, 1], what="c", items=list("abc")), records_of([1, 1, 1, 1], what="b", items=list("abde"))
    )
    assert results.verdict == "inconclusive"
    assert results.interval is None
    assert results.items == 2
    assert "2 ('d', 'e') only in b" in results.reason
    assert "1 ('c') only in c" in results.reason


@pytest.mark.parametrize("spelling", ["cafe\u0301 1", "Caf\u00e9 1", "caf\u00e9 1 "])
def test_ids_that_only_look_alike_are_different_and_the_reason_says_so(spelling):
    results = comparison(records_of([1, 1], items=[spelling, "b"]), records_of([1, 1], items=["caf\u00e9 1", "b"]))
    assert results.verdict == "inconclusive"
    assert "differ only in case, spaces or Unicode form: write them alike" in results.reason
    others = comparison(records_of([1, 1], items=["a", "b"]), records_of([1, 1], items=["c", "b"]))
    assert "write them alike" not in others.reason


def test_sides_with_different_clusters_cannot_be_compared():
    results = comparison(records_of([1, 1], clusters=["d", "d"]), records_of([1, 1], clusters=["d", "e"]))
    assert results.verdict == "inconclusive"
    assert "must state the same cluster" in results.reason


def test_clusters_that_one_side_names_count_for_both():
    scores, clusters = [1, 0] * 400, [str(index // 8) for index in range(800)]
    left = comparison(records_of(scores, clusters=clusters), records_of([1] * 800))
    assert left == comparison(records_of(scores), records_of([1] * 800, clusters=clusters))
    assert left.method == "bonett-price and bootstrap-t"


def test_0_1_items_in_clusters_take_the_wider_bounds():
    draw = random.Random(4)
    hundred_documents = [draw.random() < 0.1 for _ in range(100)]
    candidate, baseline = [0 if is_failing else 1 for is_failing in hundred_documents for _ in range(10)], [1] * 1000
    ungrouped = comparison(records_of(candidate), records_of(baseline))
    grouped = comparison(
        records_of(candidate, clusters=[str(index // 10) for index in range(1000)]), records_of(baseline)
    )
    assert grouped.interval.lower < ungrouped.interval.lower - 0.02
    assert grouped.interval.upper > ungrouped.interval.upper + 0.02


def hundred_documents(changed):
    """A hundred documents of ten items, and the candidate's answers where the baseline is right throughout."""
    clusters = [f"document {item // 10}" for item in range(1000)]
    return records_of([item not in changed for item in range(1000)], clusters=clusters), records_of(
        [1] * 1000, clusters=clusters
    )


def test_single_changed_answers_do_not_count_as_whole_documents():
    assert comparison(*hundred_documents(range(0, 500, 100))).verdict == "pass"


@pytest.mark.parametrize("changed", [range(10), range(0)], ids=["one document throughout", "none"])
def test_documents_that_change_as_a_whole_leave_the_others_open(changed):
    results = comparison(*hundred_documents(changed))
    assert results.verdict == "inconclusive"
    assert results.interval.lower < -0.029


def test_documents_that_fail_together_rarely_pass_for_single_failures():
    draw, passes = random.Random(9), 0
    clusters = [str(item // 25) for item in range(1000)]
    for _ in range(200):
        rates = [draw.betavariate(0.08, 3.92) for _ in range(40)]
        candidate = [draw.random() >= rates[item // 25] for item in range(1000)]
        passes += comparison(records_of(candidate, clusters=clusters), records_of([1] * 1000)).verdict == "pass"
    assert passes / 200 < 0.07


def test_clusters_of_one_item_change_nothing():
    clusters = [f"d{index}" for index in range(40)]
    assert comparison(records_of([1, 0] * 20, clusters=clusters), records_of([1] * 40)).method == "bonett-price"


@pytest.mark.parametrize("size", [2, 10])
def test_grouping_losses_with_gains_in_one_document_proves_no_more(size):
    """Whoever names clusters could name such that none differs: at the margin 41 of 100 such candidates passed."""
    draw = random.Random(3)
    gains = [draw.gauss(0, 0.2) for _ in range(200)]
    baseline, candidate = (
        [0.5] * 400,
        [0.5 + difference for gain in gains for difference in (gain, 0.0001 * draw.random() - gain)],
    )
    ungrouped = comparison(records_of(candidate), records_of(baseline)).interval
    grouped = comparison(
        records_of(candidate, clusters=[str(index // size) for index in range(400)]), records_of(baseline)
    ).interval
    assert grouped.lower == pytest.approx(ungrouped.lower, abs=0.002)
    assert grouped.upper == pytest.approx(ungrouped.upper, abs=0.002)
    floor = mean_interval(records_of(candidate), "accuracy")
    hundred_documents = mean_interval(
        records_of(candidate, clusters=[str(index // size) for index in range(400)]), "accuracy"
    )
    assert hundred_documents.lower == pytest.approx(floor.lower, abs=0.002)


def test_identical_real_scores_pass_once_there_are_enough_of_them():
    scores = [(index % 10) / 10 for index in range(149)]
    assert comparison(records_of(scores), records_of(scores)).verdict == "pass"
    assert comparison(records_of(scores[:148]), records_of(scores[:148])).verdict == "inconclusive"


def test_small_differences_everywhere_prove_no_more_than_no_difference():
    scores = [(index % 10) / 20 + 0.2 for index in range(150)]
    close = [score + (0.001 if index % 2 else -0.001) for index, score in enumerate(scores)]
    assert comparison(records_of(close[:148]), records_of(scores[:148])).verdict == "inconclusive"
    assert comparison(records_of(close), records_of(scores)).verdict == "pass"


def test_a_sample_that_misses_a_few_lost_answers_rarely_passes():
    draw, passes = random.Random(6), 0
    for _ in range(300):
        baseline = [0.9 - 0.05 * draw.random() for _ in range(60)]
        candidate = [0.0 if draw.random() < 0.02 / 0.875 else score + draw.gauss(0, 0.01) for score in baseline]
        passes += comparison(records_of(candidate), records_of(baseline)).verdict == "pass"
    assert passes / 300 < 0.075


@pytest.mark.parametrize("score", [7.5, -0.5])
def test_one_number_throughout_proves_nothing_for_scores_above_1(score):
    results = comparison(records_of([score] * 500), records_of([score] * 500))
    assert results.verdict == "inconclusive"
    assert "too few scores differ" in results.reason


def test_a_handful_of_scores_above_1_proves_nothing_however_close():
    assert comparison(records_of([5.001]), records_of([5.0])).interval is None
    assert comparison(records_of([5.0, 5.001] * 29), records_of([5.0, 5.001] * 29)).verdict == "inconclusive"
    assert comparison(records_of([5.0, 5.001] * 30), records_of([5.0, 5.001] * 30)).verdict == "pass"


def test_a_margin_of_zero_asks_for_a_proven_gain():
    theirs = [0] * 100 + [1] * 400
    assert comparison(records_of(theirs), records_of(theirs), margin=0.0).verdict == "inconclusive"
    assert comparison(records_of([1] * 500), records_of(theirs), margin=0.0).verdict == "pass"


scores = st.sampled_from([0.0, 1.0]) | st.floats(-10, 10)


@settings(max_examples=50)
@given(st.lists(st.tuples(scores, scores), min_size=1, max_size=60), st.floats(0, 1), st.booleans())
def test_the_verdict_follows_from_the_bounds(pairs, margin, lower_is_better):
    candidate, baseline = zip(*pairs, strict=True)
    result = comparison(records_of(candidate), records_of(baseline), margin=margin, lower_is_better=lower_is_better)
    if result.interval is None:
        assert result.verdict == "inconclusive"
        return
    assert result.interval.lower <= result.interval.estimate <= result.interval.upper
    assert (result.verdict == "pass") == (result.interval.lower > -margin)
    assert (result.verdict == "fail") == (result.interval.upper < -margin)


@settings(max_examples=50)
@given(st.lists(st.tuples(scores, scores), min_size=1, max_size=30))
def test_thirty_items_or_fewer_never_pass_a_margin_of_two_points(pairs):
    candidate, baseline = zip(*pairs, strict=True)
    results = comparison(records_of(candidate), records_of(baseline))
    gained = results.interval is not None and results.interval.estimate > 0
    assert results.verdict != "pass" or gained


def test_one_side_alone_has_exact_bounds_for_0_1_and_bootstrap_ones_otherwise():
    assert mean_interval(records_of([1] * 59), "accuracy").lower == pytest.approx(0.05 ** (1 / 59))
    real = mean_interval(records_of([0.2, 0.4, 0.9] * 100), "accuracy")
    assert 0.45 < real.lower < 0.5 < real.upper < 0.55
    assert mean_interval(records_of([3.0] * 100), "accuracy") is None


def test_0_1_items_are_judged_without_numpy():
    program = (
        "import sys\n"
        "from federation.core.records import read\n"
        "from federation.core.statistics.comparison import compare_records\n"
        'body = b\'\'.join(b\'{"item":"%d","scores":{"accuracy":1}}\\n\' % i for i in range(10000))\n'
        "side = read(body, ('accuracy',), what='x')\n"
        "assert compare_records(side, side, metric='accuracy', margin=0.02).verdict == 'pass'\n"
        "assert 'numpy' not in sys.modules and 'scipy' not in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_percentages_are_not_compared_with_shares():
    """A candidate that scores 0 or 100 where the baseline scores 0 or 1 is not 79 better."""
    shares, percentages = records_of([1, 0, 1, 1] * 100), records_of([100, 0, 0, 100] * 100)
    results = comparison(percentages, shares)
    assert results.verdict == "inconclusive"
    assert "not on one scale" in results.reason
    assert comparison(shares, percentages, lower_is_better=True).verdict == "inconclusive"


@pytest.mark.parametrize(("highest", "normalised"), [(5, lambda mark: (mark - 1) / 4), (10, lambda mark: mark / 10)])
def test_raw_marks_of_a_judge_are_not_compared_with_normalised_ones(highest, normalised):
    """A candidate of half the quality, left in marks of 1 to 5 or 10, is not two marks better; an error scores 0."""
    draw = random.Random(1)
    quality = [draw.betavariate(4, 2) for _ in range(600)]
    before = records_of([normalised(max(1, round(highest * value))) for value in quality])
    after = records_of([0] * 12 + [max(1, round(highest * value / 2)) for value in quality[12:]])
    results = comparison(after, before)
    assert results.verdict == "inconclusive"
    assert "not on one scale" in results.reason
    assert comparison(before, after, lower_is_better=True).verdict == "inconclusive"


def test_counts_that_fall_to_one_or_rise_from_one_are_on_one_scale():
    """Errors in an answer, or what it quotes: the side with few of them lies within 0..1, and is no share for that."""
    draw = random.Random(1)
    many, few = records_of([draw.randrange(6) for _ in range(600)]), records_of([draw.randrange(2) for _ in range(600)])
    assert comparison(few, many, lower_is_better=True).verdict == "pass"
    assert comparison(many, few).verdict == "pass"


def test_a_loss_below_1_stays_on_one_scale_and_one_that_trebles_fails():
    draw = random.Random(1)
    nats = [1.1 + draw.random() / 5 for _ in range(400)]
    smaller, smallest = (records_of([share * value for value in nats]) for share in (0.75, 0.25))
    assert comparison(smaller, records_of(nats), lower_is_better=True).verdict == "pass"
    assert comparison(records_of(nats), smallest, lower_is_better=True).verdict == "fail"


@pytest.mark.parametrize("points", [1.2, 1.9, 2.0])
def test_no_share_is_better_than_1(points):
    """Who answers 60 % where the baseline answers 80 %, and counts each as more than one, is not better."""
    draw = random.Random(2)
    before, after = ([draw.random() < share for _ in range(500)] for share in (0.8, 0.6))
    results = comparison(records_of([points * right for right in after]), records_of(before))
    assert results.verdict == "inconclusive"
    assert "not on one scale" in results.reason
    wrong = comparison(
        records_of([-0.5 if right else 1.0 for right in after]),
        records_of([not one for one in before]),
        lower_is_better=True,
    )
    assert wrong.verdict == "inconclusive"
    assert (
        comparison(records_of([points * right for right in before]), records_of(after), lower_is_better=True).verdict
        == "fail"
    )


def test_one_score_above_1_does_not_hide_what_was_not_sampled():
    draw = random.Random(6)
    baseline = [0.9 - 0.05 * draw.random() for _ in range(60)]
    candidate = [score + draw.gauss(0, 0.001) for score in baseline]
    assert comparison(records_of(candidate), records_of(baseline)).interval.lower < -0.04
    assert comparison(records_of([1.01, *candidate[1:]]), records_of([0.9, *baseline[1:]])).interval.lower < -0.04


def test_shares_that_single_precision_rounds_above_1_are_still_shares():
    """60 cosines, nearly all a little different, one of them 1.0000001: what went unseen counts as without it."""
    draw = random.Random(1)
    baseline = [0.9 + draw.random() / 20 for _ in range(60)]
    candidate = [score + draw.gauss(0, 0.001) for score in baseline]
    exact = comparison(records_of(candidate), records_of(baseline)).interval
    assert exact.lower < -0.02
    rounded = comparison(records_of([1.0000001, *candidate[1:]]), records_of([1.0000001, *baseline[1:]])).interval
    assert rounded.lower == pytest.approx(exact.lower, abs=1e-3)
    hundredfold = [100 * score for score in candidate[1:]]
    assert comparison(records_of([1.0, *hundredfold]), records_of([1.0000001, *baseline[1:]])).verdict == "inconclusive"


def test_a_margin_in_percent_does_not_let_shares_lose_everything():
    wrong, right = records_of([0, 0, 0, 1] * 400), records_of([1, 1, 1, 0] * 400)
    results = comparison(wrong, right, margin=2.0)
    assert results.verdict == "inconclusive"
    assert "a margin of 1 or more allows any loss" in results.reason
    assert comparison(wrong, right, margin=0.99).verdict == "pass"
    percentages = [records_of([100 * score for score in side_.scores["accuracy"]]) for side_ in (wrong, right)]
    assert comparison(*percentages, margin=2.0).verdict == "fail"
    assert comparison(percentages[1], percentages[1], margin=2.0).verdict == "pass"


def test_a_few_outliers_are_still_on_one_scale():
    seconds = [0.2 + index % 7 / 10 for index in range(400)]
    assert comparison(records_of([12.0, *seconds[1:]]), records_of(seconds), lower_is_better=True).interval is not None


@settings(max_examples=50)
@given(
    st.lists(st.floats(0, 0.01), min_size=60, max_size=120),
    st.sampled_from([-0.2, -0.02, 0.2]) | st.floats(-0.05, 0.05),
    st.booleans(),
)
@example(noise=[0.0, 0.01] * 40, shift=0.2, lower_is_better=False)
@example(noise=[0.0, 0.01] * 40, shift=-0.2, lower_is_better=False)
@example(noise=[0.0, 0.01] * 40, shift=0.2, lower_is_better=True)
def test_items_that_moved_together_get_the_verdict_of_their_bounds(noise, shift, lower_is_better):
    """The margin is 0.02: what moved by far more passes or fails, whichever way is better."""
    candidate = [0.5 + shift + value for value in noise]
    result = comparison(records_of(candidate), records_of([0.5] * len(noise)), lower_is_better=lower_is_better)
    better = -shift if lower_is_better else shift
    if abs(better) > 0.1:
        assert result.verdict == ("pass" if better > 0 else "fail")
    assert (result.verdict == "pass") == (result.interval is not None and result.interval.lower > -0.02)
    assert (result.verdict == "fail") == (result.interval is not None and result.interval.upper < -0.02)
