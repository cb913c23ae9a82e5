# SPDX-License-Identifier: Apache-2.0
"""The filter language lets through what Pub/Sub would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from infra.emulators.pubsub_filter import FilterError, parse

MESSAGE = {"type": "federation.unit.passed.v1", "subject": "embedder", "a b": "1", "empty": ""}


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ('attributes.type = "federation.unit.passed.v1"', True),
        ('attributes.type="federation.unit.passed"', False),
        ('attributes.type != "x"', True),
        ('attributes.absent = "x"', False),
        ('attributes.absent != "x"', False),
        ("attributes:type", True),
        ("attributes:absent", False),
        ("NOT attributes:absent", True),
        ("-attributes:type", False),
        ('attributes:"a b"', True),
        ('attributes."a b" = "1"', True),
        ('hasPrefix(attributes.type, "federation.unit.")', True),
        ('hasPrefix(attributes.absent, "")', False),
        ('hasPrefix(attributes.empty, "")', True),
        ('attributes:type AND attributes:subject AND attributes.subject = "embedder"', True),
        ("attributes:absent OR attributes:type", True),
        ("(attributes:absent OR attributes:type) AND NOT attributes:absent", True),
        ("NOT (attributes:type AND attributes:subject)", False),
    ],
)
def test_a_filter_means_what_the_service_documents(text, passes):
    assert parse(text)(MESSAGE) is passes


@pytest.mark.parametrize(
    "text",
    [
        "attributes.type",
        'attributes.type == "x"',
        "type = 'x'",
        "attributes:type attributes:subject",
        "attributes:type AND",
        "(attributes:type",
        "attributes:type)",
        "attributes:a AND attributes:b OR attributes:c",
        "__import__('os')",
        'attributes.type = "unclosed',
    ],
)
def test_what_is_no_filter_is_refused(text):
    with pytest.raises(FilterError):
        parse(text)


@given(st.dictionaries(st.sampled_from("abc"), st.text(max_size=3)), st.sampled_from("abc"), st.text(max_size=3))
def test_a_condition_and_its_denial_never_both_pass(attributes, key, value):
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    condition = f'attributes.{key} = "{escaped}"'
    assert parse(condition)(attributes) is (attributes.get(key) == value)
    assert parse(f"NOT {condition}")(attributes) is not parse(condition)(attributes)
