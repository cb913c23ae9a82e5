# SPDX-License-Identifier: Apache-2.0
"""What is let in at the door, and what is told to the one who knocks."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from federation.core import strict_json
from federation.core.digest import canonical
from federation.core.faults import MAX_FOUND
from federation.errors import ContractError

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
)


@given(documents, st.booleans(), st.sampled_from([None, 2]))
def test_a_document_survives_the_door_however_it_was_laid_out(value, ascii_only, indent):
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    read, encoded = strict_json.document_and_bytes(body)
    assert read == value
    assert encoded == canonical(value)


@given(documents, text, documents, documents)
def test_a_repeated_key_is_never_lost_wherever_it_hides(outer, key, first, second):
    repeated = f"{{{json.dumps(key)}:{json.dumps(first)},{json.dumps(key)}:{json.dumps(second)}}}"
    body = f"[{json.dumps(outer)},{repeated}]".encode()
    with pytest.raises(ContractError, match="repeated"):
        strict_json.document(body)
    assert key in strict_json.parse(body).duplicates


@pytest.mark.parametrize(
    ("inner", "said"),
    [(",".join(["1.5"] * 50_000), "1.5 is a float"), (",".join(['{"a":1,"a":2}'] * 20_000), "the key is repeated")],
)
def test_a_long_key_around_very_many_faults_is_told_in_few_words(inner, said):
    body = f'{{"{"k" * 500_000}":[{inner}]}}'.encode()
    with pytest.raises(ContractError, match=said) as refused:
        strict_json.document(body)
    assert len(refused.value.faults) == MAX_FOUND + 1
    assert len(str(refused.value)) < 150_000


pieces = st.sampled_from(
    [
        *'{}[]:,"\\ \n\x00\x7f',
        *(
            '"a"',
            '"a":',
            '"b":',
            '"a:"',
            '"\\u0061":',
            '"\\u003a"',
            '"\\ud800"',
            '"\\/"',
            '"\\""',
            "\ufeff",
            "é",
            "\U0001f600",
        ),
        *("0", "-0", "01", "1.5", "1e3", "NaN", "true", "null", "9007199254740993", "18446744073709551616", "9" * 401),
    ]
)


@given(documents, st.lists(pieces, max_size=8), st.integers(0, 200), st.sampled_from([None, 2]))
@example(value={"a": {"b": 1}}, mixed=['"a":', "1", ","], at=1, indent=None)
@example(value=[], mixed=["[" * 63, "]" * 63], at=1, indent=None)
@example(value=[], mixed=["[" * 64, "]" * 64], at=1, indent=None)
def test_anybodys_json_means_the_same_read_at_once_and_key_by_key(value, mixed, at, indent):
    said = json.dumps(value, ensure_ascii=False, indent=indent)
    body = (said[:at] + "".join(mixed) + said[at:]).encode()
    told = [refused_or_read(read, body) for read in (strict_json.parse, strict_json._key_by_key)]
    assert told[0] == told[1]


def refused_or_read(read, body):
    """What was read, in words that tell 1 from true and 0 from -0.0, or why it was refused."""
    try:
        return repr(read(body, what="it", limit=1000))
    except ContractError as refused:
        return refused.what


@given(
    documents, st.sampled_from(["1.5", "1e3", "-0.0", "9007199254740992", "-99999999999999999999", "NaN", "Infinity"])
)
def test_a_number_that_canonical_bytes_cannot_carry_is_refused_with_its_path(value, number):
    body = f'{{"a":{json.dumps(value)},"b":[0,{number}]}}'.encode()
    with pytest.raises(ContractError) as refused:
        strict_json.document(body)
    assert "$.b[1]" in str(refused.value) or "NaN" in str(refused.value) or "Infinity" in str(refused.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is not JSON"),
        (b"\xef\xbb\xbf{}", "byte-order mark"),
        ('{"a":1}'.encode("utf-16"), "not UTF-8"),
        (b'{"a":"\xff"}', "byte 6 is 0xff"),
        (b'{"a":"\\ud800"}', "half a surrogate pair"),
        (b'{"a":1} {}', "is not JSON"),
        (b'{"a":' + b"9" * 5000 + b"}", "5000 digits"),
        (b"[" * 65 + b"]" * 65, "deeper than 64"),
        (b"[" * 100_000, "deeper than 64"),
        (b"]" * 100_000, "or closes a bracket that it never opened"),
        (b'{"a":"' + b"x" * 2_000_000 + b'"}', "at most 1048576 are read"),
    ],
    ids=[
        "empty",
        "bom",
        "utf-16",
        "latin-1",
        "surrogate",
        "trailing",
        "digits",
        "deep",
        "unclosed",
        "unopened",
        "large",
    ],
)
def test_each_trick_is_told_by_its_name(body, said):
    with pytest.raises(ContractError, match=said):
        strict_json.document(body, what="knock.json")


def test_sixty_four_levels_are_let_in_and_brackets_in_strings_do_not_count():
    assert strict_json.document(b"[" * 64 + b"]" * 64)
    assert strict_json.document(b'{"a":"' + b"[{" * 500 + b'"}') == {"a": "[{" * 500}


def test_a_true_pair_of_surrogates_is_one_character():
    assert strict_json.document(b'{"a":"\\ud83d\\ude00"}') == {"a": "\U0001f600"}


def test_every_fault_is_told_at_once():
    with pytest.raises(ContractError) as refused:
        strict_json.document(b'{"a":1.5,"b":{"c":1,"c":2},"d":[9007199254740993]}')
    assert len(refused.value.faults) == 3


@pytest.mark.parametrize("body", [b'"\\"' + b'\\"\\"' * 400_000, b'"' * 999_999, b'{"a":"' + b"\\" * 999_999])
def test_a_megabyte_of_quotes_that_never_end_is_read_once_and_refused(body):
    with pytest.raises(ContractError):
        strict_json.document(body, limit=2_000_000)


@given(documents, st.lists(pieces, max_size=4), st.integers(0, 60))
@example(value={"a": [True, 1]}, mixed=['"a":', "0,"], at=1)
@example(value=[], mixed=["9007199254740993"], at=1)
@example(value=[], mixed=["[" * 64, "]" * 64], at=1)
def test_a_document_of_ours_means_the_same_read_at_once_and_with_care(value, mixed, at):
    """Whole ones, and ones into which somebody wrote."""
    said = json.dumps(value, ensure_ascii=False)
    for body in (said.encode(), (said[:at] + "".join(mixed) + said[at:]).encode()):
        assert refused_or_read(strict_json.document_and_bytes, body) == refused_or_read(with_care, body)


def with_care(body, *, what, limit):
    return strict_json._carefully(body, what, limit)
