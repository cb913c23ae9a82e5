# SPDX-License-Identifier: Apache-2.0
"""One way to write a document down."""

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from federation.core.digest import canonical, digest

keys = st.text(max_size=6) | st.sampled_from(["\ue000", "\U0001f600", "\uffff", "a", "A", "\x7f", '"', "\\"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=25,
)


def without_surrogates(value):
    try:
        rfc8785.dumps(value)
    except UnicodeEncodeError:
        return False
    return True


@given(values.filter(without_surrogates))
def test_canonical_bytes_are_rfc_8785_to_the_last_byte(value):
    assert canonical(value) == rfc8785.dumps(value)


def test_the_name_does_not_depend_on_the_order_of_keys():
    assert digest({"b": 1, "a": [2]}) == digest({"a": [2], "b": 1})
    assert digest({"a": [1, 2]}) != digest({"a": [2, 1]})
