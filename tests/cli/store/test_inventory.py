# SPDX-License-Identifier: Apache-2.0
"""Of which kind is a unit, by its name?"""

import pytest

from federation.cli.store.inventory import kind_of


@pytest.mark.parametrize(
    ("named", "kind"),
    [
        ("spiralverse/embedder-v2", "embedder"),
        ("spiralverse/text-vision-v12", "text-vision"),
        ("text-vision", "text-vision"),
    ],
)
def test_the_kind_is_what_stands_before_the_number_whatever_else_begins_with_v(named, kind):
    assert kind_of(named) == kind
