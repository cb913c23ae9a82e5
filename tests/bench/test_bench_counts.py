# SPDX-License-Identifier: Apache-2.0
"""What make bench counts, and does not time, holds on every machine."""

from itertools import product

from bench.goal import Goal, Spread

from bench import decide_path, manifests, roll_back, storm
from federation.core import strict_json
from federation.core.digest import canonical


def test_a_roll_back_reads_three_times_and_writes_three_times():
    calls = roll_back.calls_of_a_roll_back()
    assert (calls.reads, calls.writes) == (3, 3)


def test_three_hundred_duplicates_in_disorder_come_to_what_each_once_in_order_comes_to():
    for seed in range(3):
        aftermath, _ = storm.storm(300, seed=seed)
        assert aftermath == storm.CALM


def test_a_wrong_aftermath_is_told_as_astray():
    assert storm.astray(storm.CALM) == 0
    twice = storm.Aftermath(releases=1, promotions=2, roll_backs=1, serves="another", dead=1)
    assert storm.astray(twice) == 3


def test_the_measured_manifests_have_the_size_they_claim():
    for make, size in product((manifests.with_more_files, manifests.with_more_units), (4_096, 65_536)):
        assert len(make(size)) <= size
    assert len(manifests.with_more_files(4_096)) > 0.85 * 4_096
    assert min(len(manifests.with_more_files(65_536)), len(manifests.with_more_units(65_536))) > 0.85 * 65_536


def test_a_manifest_full_of_digests_is_read_the_quick_way():
    body = manifests.with_more_files(65_536)
    assert body.count(b"sha256") > 300
    assert strict_json._quickly(body, strict_json.MAX_BYTES, canonical) is not None


def test_all_ways_to_decide_about_a_manifest_agree_whether_it_may_come_in():
    body = manifests.with_more_files(4_096)
    leaky = body.replace(b'"raw_data_left": false', b'"raw_data_left": true')
    for told, allowed in ((body, True), (leaky, False)):
        plain = decide_path.Plain(manifests.policy(), manifests.observed(body))
        answers = [
            decide_path.ours(told, manifests.policy(), manifests.observed(body))[0],
            decide_path.floor(plain, told)[0],
            decide_path.usual(plain, told)[0],
        ]
        assert answers == [allowed] * 3


def test_a_goal_is_missed_only_when_the_better_tenth_misses_too():
    def verdict(values):
        return Goal(name="g", what="w", sense="at most", asked=2.0, measured=Spread.of(values)).verdict

    assert verdict([1.0, 1.5, 1.9]) == "ok"
    assert verdict([1.5, 2.1, 2.2]) == "within noise"
    assert verdict([2.5, 2.6, 2.7]) == "missed"
