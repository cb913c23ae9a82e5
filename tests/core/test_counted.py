# SPDX-License-Identifier: Apache-2.0
"""How many there are, as people say it."""

from federation.core.counted import counted


def test_one_of_a_thing_is_not_several():
    assert [counted(count, "delivery", "deliveries") for count in (0, 1, 1_000)] == [
        "0 deliveries",
        "1 delivery",
        "1,000 deliveries",
    ]
