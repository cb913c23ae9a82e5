# SPDX-License-Identifier: Apache-2.0
"""One document of the home is damaged, whichever it is and however: no command falls over it, and `intact` names it."""

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.tampering import damaged, opened_by_hand

from federation.core import names

LOOKS = (
    ("status",),
    ("orders",),
    ("served",),
    ("intact",),
    ("replay", "--all"),
    ("explain", "last"),
    ("releases",),
    ("lineage",),
    ("diff",),
)
FORESEEN = {0, 2, 3, 10}
OF_ANOTHER_SHAPE = (b"", b"null", b"[]", b"7", b'"text"', b"{}", b'{"schema":"decision.v1"}', b'{"decision":{}}')


SOME = settings(
    max_examples=20,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def home(played, tmp_path_factory):
    """A copy of the demo's home, in which each test puts back what it damages."""
    folder = tmp_path_factory.mktemp("damaged") / "home"
    shutil.copytree(played, folder)
    return folder


def stored(home):
    with opened_by_hand(home) as store:
        return dict(store.execute("select name, body from documents order by name"))


def kinds(bodies):
    """The name of one document of each kind: of an alarm's state, a decision of each step, a report."""
    found = {}
    for name in bodies:
        first, second, *_ = name.split("/")
        found.setdefault((first, second) if f"{first}/" == names.DECISIONS else first, name)
    return list(found.values())


def looked(federation, home):
    """Every command's answer; none of them may end in a way that nothing foresaw."""
    answers = {command: federation(*command, "--folder", home) for command in LOOKS}
    assert {answer.code for answer in answers.values()} <= FORESEEN
    return answers


def looked_with(federation, home, name, body):
    """The same while the document of that name is spoilt."""
    whole = stored(home)[name]
    damaged(home, name, body)
    try:
        return looked(federation, home)
    finally:
        damaged(home, name, whole)


def high_bit(body, place):
    """One byte as no UTF-8 has it, since its neighbours are ASCII."""
    at = place % len(body)
    return body[:at] + bytes([body[at] ^ 0x80]) + body[at + 1 :]


@SOME
@given(st.data())
def test_a_document_with_a_byte_of_no_character_or_cut_short_is_named(federation, home, data):
    bodies = stored(home)
    name = data.draw(st.sampled_from(list(bodies)))
    place = data.draw(st.integers(0, len(bodies[name]) - 1))
    body = high_bit(bodies[name], place) if data.draw(st.booleans()) else bodies[name][:place]
    intact = looked_with(federation, home, name, body)["intact",]
    assert intact.code == 10
    assert f"{name} is damaged" in intact.out


def test_a_document_of_another_shape_is_named(federation, home):
    for number, name in enumerate(kinds(stored(home))):
        body = OF_ANOTHER_SHAPE[number % len(OF_ANOTHER_SHAPE)]
        intact = looked_with(federation, home, name, body)["intact",]
        assert intact.code == 10
        assert f"{name} is damaged" in intact.out


@SOME
@given(st.data())
def test_one_bit_that_flips_makes_no_command_fall(federation, home, data):
    """The document may still be readable and say another word: `intact` finds that by its digest, if anything names it."""
    bodies = stored(home)
    name = data.draw(st.sampled_from(list(bodies)))
    body = bytearray(bodies[name])
    body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    answers = looked_with(federation, home, name, bytes(body))
    assert answers["intact",].code in {0, 10}


@pytest.mark.parametrize("body", [*OF_ANOTHER_SHAPE, b'{"\xaa":1}', b"[" * 100_000])
def test_a_damaged_channel_is_told_by_whoever_needs_it(federation, home, body):
    with opened_by_hand(home) as store:
        ((whole,),) = store.execute("select body from channels")
        store.execute("update channels set body = ?", (body,))
    try:
        answers = looked(federation, home)
    finally:
        with opened_by_hand(home) as store:
            store.execute("update channels set body = ?", (whole,))
    assert answers["intact",].code == 10
    assert "the channel production" in answers["intact",].out
    assert answers["status",].code == 2
