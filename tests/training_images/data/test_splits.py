# SPDX-License-Identifier: Apache-2.0
from hypothesis import given
from hypothesis import strategies as st

from training_images.data.splits import Shares, by_label, place, split

SHARES = Shares(val=0.1, test=0.4)
GROUPS = st.dictionaries(st.text(max_size=8), st.sampled_from("abc"), max_size=40)


@given(groups=st.sets(st.text(max_size=8)), more=st.sets(st.text(max_size=8)))
def test_adding_groups_moves_none(groups: set[str], more: set[str]) -> None:
    before = {group: split(group, SHARES) for group in groups}
    after = {group: split(group, SHARES) for group in groups | more}
    assert before.items() <= after.items()


def test_the_shares_are_kept_over_many_groups() -> None:
    sides = [split(f"group-{number}", SHARES) for number in range(20_000)]
    assert abs(sides.count("test") / 20_000 - 0.4) < 0.02
    assert abs(sides.count("val") / 20_000 - 0.1) < 0.01


def test_another_seed_puts_groups_in_another_order() -> None:
    groups = [f"group-{number}" for number in range(200)]
    assert sorted(groups, key=lambda group: place(group, "one")) != sorted(
        groups, key=lambda group: place(group, "two")
    )


@given(labels=GROUPS)
def test_a_label_with_two_groups_is_in_training_and_in_test(labels: dict[str, str]) -> None:
    result = by_label(labels, SHARES)
    for label in set(labels.values()):
        sides = [result[group] for group, expected in labels.items() if expected == label]
        assert "train" in sides
        assert len(sides) == 1 or "test" in sides
