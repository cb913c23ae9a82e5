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


def side(scores, *, what="x", clusters=None, items=None) -> Records:
    names = items or [f"item-{index:05}" for index in range(len(scores))]
    return Records(what=what, items=names, scores={"accuracy": list(map(float, scores))}, clusters=clusters)


def compared(mine: Records, theirs: Records, margin: float = 0.02, **how) -> Comparison:
    return compare_records(mine, theirs, metric="accuracy", margin=margin, **how)


def test_0_1_items_take_the_closed_form_and_name_what_flipped():
    found = compared(side([1, 0, 0, 1]), side([0, 1, 1, 1]), margin=0.9)
    assert found.method == "bonett-price"
    assert found.interval == paired_proportions(1, 2, 4)
    assert (found.better, found.worse, found.named) == (1, 2, ("item-00001", "item-00002"))


def test_the_same_candidate_is_inconclusive_on_100_items_and_passes_on_3000():
    draw = random.Random(2)
    theirs = [draw.random() < 0.8 for _ in range(3000)]
    mine = [right != (draw.random() < 0.04) for right in theirs]
    mine = [m if index % 2 else t for index, (m, t) in enumerate(zip(mine, theirs, strict=True))]
    assert compared(side(mine[:100]), side(theirs[:100]), margin=0.04).verdict == "inconclusive"
    assert compared(side(mine), side(theirs), margin=0.04).verdict == "pass"


def test_a_candidate_far_below_the_margin_fails():
    assert compared(side([0, 1] * 500), side([1] * 1000)).verdict == "fail"


def test_where_lower_is_better_the_same_scores_turn_round():
    mine, theirs = side([0.1] * 60 + [0.3] * 60), side([0.2] * 60 + [0.35] * 60)
    higher = compared(mine, theirs)
    lower = compared(mine, theirs, lower_is_better=True)
    assert higher.verdict == "fail"
    assert lower.verdict == "pass"
    assert lower.interval.estimate == pytest.approx(-higher.interval.estimate) == pytest.approx(0.075)
    assert (lower.better, lower.worse) == (higher.worse, higher.better) == (120, 0)


@settings(max_examples=15)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_files_changes_nothing(draw):
    names = [f"i{index}" for index in range(80)]
    mine, theirs = side([draw.random() for _ in names], items=names), side([draw.random() for _ in names], items=names)
    shuffled = draw.sample(names, len(names))
    expected = compared(mine, theirs)
    assert compared(mine, theirs.ordered(shuffled)) == expected
    assert compared(mine.ordered(shuffled), theirs) == expected


def test_items_on_one_side_only_are_never_dropped():
    found = compared(side([1, 1, 1], what="c", items=list("abc")), side([1, 1, 1, 1], what="b", items=list("abde")))
    assert found.verdict == "inconclusive"
    assert found.interval is None
    assert found.items == 2
    assert "2 ('d', 'e') only in b" in found.reason
    assert "1 ('c') only in c" in found.reason


@pytest.mark.parametrize("written", ["cafe\u0301 1", "Caf\u00e9 1", "caf\u00e9 1 "])
def test_ids_that_only_look_the_same_are_different_ids_and_it_is_told(written):
    found = compared(side([1, 1], items=[written, "b"]), side([1, 1], items=["caf\u00e9 1", "b"]))
    assert found.verdict == "inconclusive"
    assert "differ only in case, spaces or Unicode form: write them alike" in found.reason
    others = compared(side([1, 1], items=["a", "b"]), side([1, 1], items=["c", "b"]))
    assert "write them alike" not in others.reason


def test_sides_that_cut_their_clusters_differently_cannot_be_compared():
    found = compared(side([1, 1], clusters=["d", "d"]), side([1, 1], clusters=["d", "e"]))
    assert found.verdict == "inconclusive"
    assert "must state the same cluster" in found.reason


def test_clusters_that_one_side_names_count_for_both():
    scores, clusters = [1, 0] * 400, [str(index // 8) for index in range(800)]
    one = compared(side(scores, clusters=clusters), side([1] * 800))
    assert one == compared(side(scores), side([1] * 800, clusters=clusters))
    assert one.method == "bonett-price and bootstrap-t"


def test_0_1_items_in_clusters_take_the_wider_bounds():
    draw = random.Random(4)
    documents = [draw.random() < 0.1 for _ in range(100)]
    mine, theirs = [0 if bad else 1 for bad in documents for _ in range(10)], [1] * 1000
    alone = compared(side(mine), side(theirs))
    together = compared(side(mine, clusters=[str(index // 10) for index in range(1000)]), side(theirs))
    assert together.interval.lower < alone.interval.lower - 0.02
    assert together.interval.upper > alone.interval.upper + 0.02


def documents(changed):
    """A hundred documents of ten items, and the candidate's answers where the baseline is right throughout."""
    clusters = [f"document {item // 10}" for item in range(1000)]
    return side([item not in changed for item in range(1000)], clusters=clusters), side([1] * 1000, clusters=clusters)


def test_a_few_answers_that_changed_in_as_many_documents_do_not_count_as_whole_documents():
    assert compared(*documents(range(0, 500, 100))).verdict == "pass"


@pytest.mark.parametrize("changed", [range(10), range(0)], ids=["one document throughout", "none"])
def test_what_only_whole_documents_or_none_show_leaves_the_others_open(changed):
    found = compared(*documents(changed))
    assert found.verdict == "inconclusive"
    assert found.interval.lower < -0.029


def test_documents_that_fail_together_rarely_pass_for_single_failures():
    draw, passes = random.Random(9), 0
    clusters = [str(item // 25) for item in range(1000)]
    for _ in range(200):
        rates = [draw.betavariate(0.08, 3.92) for _ in range(40)]
        mine = [draw.random() >= rates[item // 25] for item in range(1000)]
        passes += compared(side(mine, clusters=clusters), side([1] * 1000)).verdict == "pass"
    assert passes / 200 < 0.07


def test_clusters_of_one_item_change_nothing():
    clusters = [f"d{index}" for index in range(40)]
    assert compared(side([1, 0] * 20, clusters=clusters), side([1] * 40)).method == "bonett-price"


@pytest.mark.parametrize("size", [2, 10])
def test_losses_that_are_put_into_one_document_with_gains_prove_no_more_than_items_that_stand_alone(size):
    """Whoever names clusters could name such that none differs: at the margin 41 of 100 such candidates passed."""
    draw = random.Random(3)
    gains = [draw.gauss(0, 0.2) for _ in range(200)]
    theirs, mine = [0.5] * 400, [0.5 + one for gain in gains for one in (gain, 0.0001 * draw.random() - gain)]
    alone = compared(side(mine), side(theirs)).interval
    together = compared(side(mine, clusters=[str(index // size) for index in range(400)]), side(theirs)).interval
    assert together.lower == pytest.approx(alone.lower, abs=0.002)
    assert together.upper == pytest.approx(alone.upper, abs=0.002)
    floor = mean_interval(side(mine), "accuracy")
    documents = mean_interval(side(mine, clusters=[str(index // size) for index in range(400)]), "accuracy")
    assert documents.lower == pytest.approx(floor.lower, abs=0.002)


def test_identical_real_scores_pass_once_there_are_enough_of_them():
    scores = [(index % 10) / 10 for index in range(149)]
    assert compared(side(scores), side(scores)).verdict == "pass"
    assert compared(side(scores[:148]), side(scores[:148])).verdict == "inconclusive"


def test_a_candidate_that_differs_a_little_everywhere_proves_no_more_than_one_that_does_not_differ():
    scores = [(index % 10) / 20 + 0.2 for index in range(150)]
    close = [score + (0.001 if index % 2 else -0.001) for index, score in enumerate(scores)]
    assert compared(side(close[:148]), side(scores[:148])).verdict == "inconclusive"
    assert compared(side(close), side(scores)).verdict == "pass"


def test_a_few_answers_gone_altogether_rarely_pass_for_none_because_the_sample_missed_them():
    draw, passes = random.Random(6), 0
    for _ in range(300):
        theirs = [0.9 - 0.05 * draw.random() for _ in range(60)]
        mine = [0.0 if draw.random() < 0.02 / 0.875 else score + draw.gauss(0, 0.01) for score in theirs]
        passes += compared(side(mine), side(theirs)).verdict == "pass"
    assert passes / 300 < 0.075


@pytest.mark.parametrize("score", [7.5, -0.5])
def test_one_number_throughout_proves_nothing_beyond_shares(score):
    found = compared(side([score] * 500), side([score] * 500))
    assert found.verdict == "inconclusive"
    assert "too few scores differ" in found.reason


def test_a_handful_of_scores_beyond_shares_proves_nothing_however_close_they_are():
    assert compared(side([5.001]), side([5.0])).interval is None
    assert compared(side([5.0, 5.001] * 29), side([5.0, 5.001] * 29)).verdict == "inconclusive"
    assert compared(side([5.0, 5.001] * 30), side([5.0, 5.001] * 30)).verdict == "pass"


def test_a_margin_of_zero_asks_for_a_proven_gain():
    theirs = [0] * 100 + [1] * 400
    assert compared(side(theirs), side(theirs), margin=0.0).verdict == "inconclusive"
    assert compared(side([1] * 500), side(theirs), margin=0.0).verdict == "pass"


scores = st.sampled_from([0.0, 1.0]) | st.floats(-10, 10)


@settings(max_examples=50)
@given(st.lists(st.tuples(scores, scores), min_size=1, max_size=60), st.floats(0, 1), st.booleans())
def test_a_verdict_is_what_its_bounds_say(pairs, margin, turned):
    mine, theirs = zip(*pairs, strict=True)
    found = compared(side(mine), side(theirs), margin=margin, lower_is_better=turned)
    if found.interval is None:
        assert found.verdict == "inconclusive"
        return
    assert found.interval.lower <= found.interval.estimate <= found.interval.upper
    assert (found.verdict == "pass") == (found.interval.lower > -margin)
    assert (found.verdict == "fail") == (found.interval.upper < -margin)


@settings(max_examples=50)
@given(st.lists(st.tuples(scores, scores), min_size=1, max_size=30))
def test_thirty_items_or_fewer_never_pass_a_margin_of_two_points(pairs):
    mine, theirs = zip(*pairs, strict=True)
    found = compared(side(mine), side(theirs))
    gained = found.interval is not None and found.interval.estimate > 0
    assert found.verdict != "pass" or gained


def test_one_side_alone_has_exact_bounds_if_0_1_and_bootstrapped_ones_if_not():
    assert mean_interval(side([1] * 59), "accuracy").lower == pytest.approx(0.05 ** (1 / 59))
    real = mean_interval(side([0.2, 0.4, 0.9] * 100), "accuracy")
    assert 0.45 < real.lower < 0.5 < real.upper < 0.55
    assert mean_interval(side([3.0] * 100), "accuracy") is None


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


def test_percentages_do_not_compare_with_shares():
    """A candidate that scores 0 or 100 where the baseline scores 0 or 1 is not 79 better."""
    shares, percentages = side([1, 0, 1, 1] * 100), side([100, 0, 0, 100] * 100)
    found = compared(percentages, shares)
    assert found.verdict == "inconclusive"
    assert "not on one scale" in found.reason
    assert compared(shares, percentages, lower_is_better=True).verdict == "inconclusive"


@pytest.mark.parametrize(("highest", "normalised"), [(5, lambda mark: (mark - 1) / 4), (10, lambda mark: mark / 10)])
def test_the_marks_of_a_judge_do_not_compare_with_normalised_ones(highest, normalised):
    """A candidate of half the quality, left in marks of 1 to 5 or 10, is not two marks better; an error scores 0."""
    draw = random.Random(1)
    quality = [draw.betavariate(4, 2) for _ in range(600)]
    before = side([normalised(max(1, round(highest * one))) for one in quality])
    after = side([0] * 12 + [max(1, round(highest * one / 2)) for one in quality[12:]])
    found = compared(after, before)
    assert found.verdict == "inconclusive"
    assert "not on one scale" in found.reason
    assert compared(before, after, lower_is_better=True).verdict == "inconclusive"


def test_counts_that_come_down_to_one_at_most_or_go_up_from_there_are_on_one_scale():
    """Errors in an answer, or what it quotes: the side with few of them lies within 0..1, and is no share for that."""
    draw = random.Random(1)
    many, few = side([draw.randrange(6) for _ in range(600)]), side([draw.randrange(2) for _ in range(600)])
    assert compared(few, many, lower_is_better=True).verdict == "pass"
    assert compared(many, few).verdict == "pass"


def test_a_loss_that_comes_down_below_1_is_still_on_one_scale_and_one_that_trebles_fails():
    draw = random.Random(1)
    nats = [1.1 + draw.random() / 5 for _ in range(400)]
    low, lower = (side([share * one for one in nats]) for share in (0.75, 0.25))
    assert compared(low, side(nats), lower_is_better=True).verdict == "pass"
    assert compared(side(nats), lower, lower_is_better=True).verdict == "fail"


@pytest.mark.parametrize("points", [1.2, 1.9, 2.0])
def test_nobody_is_better_than_right(points):
    """Who answers 60 % where the baseline answers 80 %, and counts each as more than one, is not better."""
    draw = random.Random(2)
    before, after = ([draw.random() < share for _ in range(500)] for share in (0.8, 0.6))
    found = compared(side([points * right for right in after]), side(before))
    assert found.verdict == "inconclusive"
    assert "not on one scale" in found.reason
    wrong = compared(
        side([-0.5 if right else 1.0 for right in after]), side([not one for one in before]), lower_is_better=True
    )
    assert wrong.verdict == "inconclusive"
    assert compared(side([points * right for right in before]), side(after), lower_is_better=True).verdict == "fail"


def test_one_score_beyond_1_does_not_hide_what_went_unseen():
    draw = random.Random(6)
    theirs = [0.9 - 0.05 * draw.random() for _ in range(60)]
    mine = [score + draw.gauss(0, 0.001) for score in theirs]
    assert compared(side(mine), side(theirs)).interval.lower < -0.04
    assert compared(side([1.01, *mine[1:]]), side([0.9, *theirs[1:]])).interval.lower < -0.04


def test_shares_that_single_precision_rounds_above_1_are_still_shares():
    """60 cosines, nearly all a little different, one of them 1.0000001: what went unseen counts as without it."""
    draw = random.Random(1)
    theirs = [0.9 + draw.random() / 20 for _ in range(60)]
    mine = [score + draw.gauss(0, 0.001) for score in theirs]
    exact = compared(side(mine), side(theirs)).interval
    assert exact.lower < -0.02
    rounded = compared(side([1.0000001, *mine[1:]]), side([1.0000001, *theirs[1:]])).interval
    assert rounded.lower == pytest.approx(exact.lower, abs=1e-3)
    hundredfold = [100 * score for score in mine[1:]]
    assert compared(side([1.0, *hundredfold]), side([1.0000001, *theirs[1:]])).verdict == "inconclusive"


def test_a_margin_in_percent_does_not_let_shares_lose_everything():
    wrong, right = side([0, 0, 0, 1] * 400), side([1, 1, 1, 0] * 400)
    found = compared(wrong, right, margin=2.0)
    assert found.verdict == "inconclusive"
    assert "a margin of 1 or more allows any loss" in found.reason
    assert compared(wrong, right, margin=0.99).verdict == "pass"
    hundred = [side([100 * score for score in one.scores["accuracy"]]) for one in (wrong, right)]
    assert compared(*hundred, margin=2.0).verdict == "fail"
    assert compared(hundred[1], hundred[1], margin=2.0).verdict == "pass"


def test_a_few_scores_far_out_are_still_on_one_scale():
    seconds = [0.2 + index % 7 / 10 for index in range(400)]
    assert compared(side([12.0, *seconds[1:]]), side(seconds), lower_is_better=True).interval is not None


@settings(max_examples=50)
@given(
    st.lists(st.floats(0, 0.01), min_size=60, max_size=120),
    st.sampled_from([-0.2, -0.02, 0.2]) | st.floats(-0.05, 0.05),
    st.booleans(),
)
@example(noise=[0.0, 0.01] * 40, shift=0.2, turned=False)
@example(noise=[0.0, 0.01] * 40, shift=-0.2, turned=False)
@example(noise=[0.0, 0.01] * 40, shift=0.2, turned=True)
def test_of_many_items_that_moved_together_each_verdict_follows_from_its_bounds(noise, shift, turned):
    """The margin is 0.02: what moved by far more passes or fails, whichever way is better."""
    mine = [0.5 + shift + one for one in noise]
    found = compared(side(mine), side([0.5] * len(noise)), lower_is_better=turned)
    better = -shift if turned else shift
    if abs(better) > 0.1:
        assert found.verdict == ("pass" if better > 0 else "fail")
    assert (found.verdict == "pass") == (found.interval is not None and found.interval.lower > -0.02)
    assert (found.verdict == "fail") == (found.interval is not None and found.interval.upper < -0.02)
