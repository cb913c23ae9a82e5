# SPDX-License-Identifier: Apache-2.0
"""One fact has one id, whoever tells it and however often."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.corpus.cases import VALID, valid

from federation.core import contract
from federation.core import event as events
from federation.core.event import Event

FACT = Event(
    type=events.ARTIFACT_COMPLETED,
    source="//federation/receive",
    subject="distil-12",
    time="2026-11-18T10:02:38.557Z",
    key="aws|distil-12|Completed",
    data={"artifact_uri": "s3://models/distil-12/output/"},
)
TYPES = sorted(value for name, value in vars(events).items() if name.isupper() and str(value).startswith("federation."))
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def test_the_same_fact_told_by_another_at_another_time_has_the_same_id():
    retold = replace(FACT, source="//federation/sweep", time="2026-11-19T06:00:00Z", subject="swept", data={})
    assert retold.id == FACT.id


def test_another_key_or_another_type_is_another_fact():
    assert len({FACT.id, replace(FACT, key="other").id, replace(FACT, type=events.TICK_MERGE).id}) == 3


def test_type_and_key_cannot_run_into_each_other():
    assert replace(FACT, type="a", key="bc").id != replace(FACT, type="ab", key="c").id


def test_every_type_is_named_once_and_has_a_version():
    assert len(TYPES) > 30
    assert len(set(TYPES)) == len(TYPES)


@pytest.mark.parametrize("type_", TYPES)
def test_every_type_satisfies_the_schema(type_):
    contract.check("event.v1", replace(FACT, type=type_).document())


@given(texts, texts, texts, st.dictionaries(texts, texts | st.integers(-(2**53) + 1, 2**53 - 1) | st.none()))
def test_an_event_survives_being_written_down(source, subject, key, data):
    told = replace(FACT, source=source, subject=subject, key=key, data=data)
    contract.check("event.v1", told.document())
    assert Event.of(told.document()) == told


@given(st.sampled_from(["x", "\u00e9", "\U0001f600", " "]), st.integers(1, 5000), st.integers(1, 5000))
def test_however_long_a_name_its_sender_gave_the_event_fits_its_schema(letter, subject, key):
    told = replace(FACT, subject=letter * subject, key=letter * key)
    contract.check("event.v1", told.document())
    assert Event.of(told.document()) == told
    assert (told.subject == letter * subject) == (subject <= 1024)
    assert (told.key == letter * key) == (key <= 2048)


def test_keys_that_are_too_long_to_be_carried_are_told_apart_all_the_same():
    one, other = (replace(FACT, key="x" * 3000 + end) for end in "ab")
    assert len({one.id, other.id, one.key, other.key}) == 4
    assert replace(FACT, key="x" * 3000 + "a").id == one.id


@pytest.mark.parametrize("case", [case for case in VALID if case.schema == "event.v1"], ids=str)
def test_the_corpus_holds_the_ids_that_follow_from_its_facts(case):
    assert Event.of(case.document).id == case.document["id"]


def test_an_extension_attribute_is_read_over():
    extended = valid("event.v1", "with-an-extension-attribute")
    assert Event.of(extended) == Event.of(valid("event.v1", "a-training-job-ended"))


def test_a_follow_up_has_the_time_of_its_cause_and_names_the_step_that_announces_it():
    skipped = FACT.follow_up("fuse", "federation.merge.skipped.v1", "merge", key=f"{FACT.id}|why", data={"why": "why"})
    assert (skipped.source, skipped.subject, skipped.time) == ("//federation/fuse", "merge", FACT.time)
    assert skipped.id != FACT.id
