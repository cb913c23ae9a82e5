# SPDX-License-Identifier: Apache-2.0
"""Which example units are made, and what is said when one of them cannot be?"""

import pytest
from training.units.plan import ORDERS
from training.units.running import FailedError, Workshop, carry_out, remove

from federation.core.uri import SENTINEL


@pytest.fixture
def workshop(tmp_path):
    return Workshop(build=tmp_path, commit="0" * 40)


def made(workshop, names):
    for name in names:
        workshop.unit(name).mkdir(parents=True)
        (workshop.unit(name) / SENTINEL).write_text("{}")


def orders(kind):
    return [order for order in ORDERS if order.kind == kind]


def test_a_unit_whose_teacher_was_never_made_is_not_waited_for(workshop):
    with pytest.raises(FailedError, match="textgen-lora-v1, textgen-lora-v2 must be made first"):
        carry_out(orders("runtime-distilled"), workshop, at_once=2)


def test_a_unit_that_exists_is_not_made_again(workshop, capsys):
    made(workshop, [order.name for order in ORDERS])
    carry_out(ORDERS, workshop, at_once=2)
    assert capsys.readouterr().out == ""


def test_units_of_one_kind_are_removed_without_those_of_others(workshop):
    made(workshop, [order.name for order in ORDERS])
    remove(orders("embedder"), workshop)
    assert [order.name for order in ORDERS if not workshop.has(order.name)] == [
        order.name for order in orders("embedder")
    ]


def test_every_unit_needs_only_units_that_are_ordered_before_it():
    for place, order in enumerate(ORDERS):
        assert set(order.channels.values()) <= {earlier.name for earlier in ORDERS[:place]}
