# SPDX-License-Identifier: Apache-2.0
import pytest

from federation.core.records import Records
from federation.core.statistics.correlation import co_failures
from federation.errors import ContractError


def member(**right: float) -> Records:
    return Records(what="x", items=list(right), scores={"safe": list(right.values())})


def test_members_that_fail_on_the_same_items_count_as_one_member():
    first = member(a=1, b=0, c=1, d=0)
    (pair,) = co_failures({"x": first, "y": member(d=0, c=1, b=0, a=1)}, "safe")
    assert (pair.first, pair.second, pair.items) == ("x", "y", 4)
    assert pair.phi == pytest.approx(1.0)
    assert pair.both_fail == 2


def test_independent_members_fail_together_only_by_chance():
    (pair,) = co_failures({"x": member(a=0, b=0, c=1, d=1), "y": member(a=0, b=1, c=0, d=1)}, "safe")
    assert pair.phi == pytest.approx(0.0)
    assert pair.both_fail == 1


def test_a_member_that_never_fails_has_no_correlation():
    (pair,) = co_failures({"x": member(a=1, b=1), "y": member(a=0, b=1)}, "safe")
    assert pair.phi is None
    assert pair.both_fail == 0


def test_every_pair_of_three_members_is_compared():
    members = {name: member(a=1, b=0) for name in "zxy"}
    assert [(pair.first, pair.second) for pair in co_failures(members, "safe")] == [("x", "y"), ("x", "z"), ("y", "z")]


def test_members_on_different_items_cannot_be_compared():
    with pytest.raises(ContractError, match="one suite"):
        co_failures({"x": member(a=1), "y": member(b=1)}, "safe")
