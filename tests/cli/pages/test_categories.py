# SPDX-License-Identifier: Apache-2.0
"""A suite passes as a whole, and somebody asks which customers pay for that."""

import pytest

from federation.cli.pages.categories import CategoryLoss, category_losses, loss_lines
from federation.core.records import Records


def side(scores, categories, items=None):
    items = items or [f"item-{index}" for index in range(len(scores))]
    return Records(what="side", items=items, scores={"score": scores}, categories=categories)


OLD = side([1.0, 1.0, 1.0, 0.0, 0.0], ["tax", "tax", "law", "law", "law"])
NEW = [0.0, 0.0, 0.0, 1.0, 1.0]


def test_the_largest_loss_comes_first_and_what_gained_on_balance_is_left_out():
    candidate = side([0.0, 0.0, 0.0, 1.0, 1.0, 0.0], ["tax", "tax", "law", "law", "law", "art"])
    other = side([1.0, 1.0, 1.0, 0.0, 0.0, 1.0], None)
    assert category_losses(candidate, other, "score", lower_is_better=False) == (
        CategoryLoss(category="tax", items=2, worse=2, better=0),
        CategoryLoss(category="art", items=1, worse=1, better=0),
    )


def test_where_less_is_better_the_other_one_lost():
    (one,) = category_losses(side(NEW, None), OLD, "score", lower_is_better=True)
    assert (one.category, one.worse, one.better) == ("law", 2, 1)


@pytest.mark.parametrize("mine", [None, ["tax", None, None, None, None]])
def test_either_side_may_say_what_an_item_is_about_and_the_order_of_the_lines_is_nothing(mine):
    turned = side(OLD.scores["score"][::-1], OLD.categories[::-1], OLD.items[::-1])
    assert [one.category for one in category_losses(side(NEW, mine), turned, "score", lower_is_better=False)] == ["tax"]


def test_items_of_no_category_are_nobodys_loss():
    assert category_losses(side(NEW, None), side(OLD.scores["score"], None), "score", lower_is_better=False) == ()
    (one,) = category_losses(
        side(NEW, [None, "tax", None, None, None]), side(OLD.scores["score"], None), "score", lower_is_better=False
    )
    assert (one.category, one.items) == ("tax", 1)


def test_a_hostile_name_is_shown_escaped_and_many_are_cut():
    many = [CategoryLoss(category=f"\x1b[31m{number}", items=1, worse=1, better=0) for number in range(20)]
    told = list(loss_lines(many))
    assert len(told) == 11
    assert told[0].endswith("than better, the first 10 of 20:")
    assert "\x1b" not in "".join(told)
