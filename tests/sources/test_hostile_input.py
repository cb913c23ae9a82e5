# SPDX-License-Identifier: Apache-2.0
"""Can anybody make a source raise, or make it accept what is not ours?

True payloads are bent: fields go, change their type, stand twice; our names are replaced by names that resemble them.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.sources.bending import closed, opened, paths, replaced
from tests.sources.cases import CASES, POLICY, TRUST, Case, case

from federation.sources import Reading, Request, Trust, read
from federation.sources.readers import ENTRIES

VERDICTS = {"accept", "ignore", "reject"}
ODD = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        -1,
        1.5,
        1e308,
        2**60,
        "",
        " ",
        "x" * 3000,
        "\u0000",
        "..",
        "2026-11-18T16:00:00Z",
        "{}",
        "[]",
        "arn:aws:s3:::x",
        "https://",
        "s3://",
        "\U0001f600",
        [],
        {},
        [[]],
        {"a": {}},
        ["aws.sagemaker"],
    ]
)
ACCEPTED = [one for one in CASES if one.told["verdict"] == "accept"]
OURS = {
    "account": ["111122223333", "222233334444"],
    "bucket": POLICY["s3_buckets"] + POLICY["gcs_buckets"],
    "owner": ["acme-ml"],
    "project": ["acme-ml-prod", "987654321098"],
    "subscription": POLICY["push_subscriptions"],
}


def is_sane(reading: Reading) -> bool:
    named = (reading.error is not None) == (reading.verdict == "reject")
    accepts = (reading.verdict == "accept") == bool(reading.completions)
    return reading.verdict in VERDICTS and named and accepts and len(reading.why) < 1000 and reading.why.isprintable()


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,truefalsn0123456789 \\u', max_size=60).map(str.encode))
@settings(max_examples=60, deadline=None)
def test_no_bytes_make_any_entry_raise(body: bytes):
    for entry in ENTRIES:
        for headers in ({}, {"ce-type": "x", "content-type": "application/cloudevents+json"}):
            assert is_sane(read(Request(entry=entry, body=body, headers=headers, proven=True), TRUST))


def bent(draw: st.DrawFn, value: Any) -> Any:
    """The value with one to three places removed or replaced, inside of base64 data as well."""
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(paths(value))))
        odd = draw(ODD | st.just(...)) if path else draw(ODD)
        value = replaced(value, path, lambda old, odd=odd: _bent_text(draw, old, odd))
    return value


def _bent_text(draw: st.DrawFn, old: Any, odd: Any) -> Any:
    if isinstance(old, dict) and isinstance(old.get("base64"), str) and old["base64"].startswith("{"):
        try:
            return {"base64": json.dumps(bent(draw, json.loads(old["base64"])))}
        except ValueError:
            return odd
    return odd


READABLE = [one for one in CASES if one.body.startswith(b"{") and one.name.split("/")[0] != "malformed"]


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_no_bent_payload_makes_a_source_raise(data: st.DataObject):
    one = data.draw(st.sampled_from(READABLE))
    body = json.dumps(closed(bent(data.draw, opened(one.body)))).encode()
    assert is_sane(read(one.request(body), one.trust))


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_an_object_with_a_repeated_key_is_never_accepted(data: st.DataObject):
    one = data.draw(st.sampled_from([each for each in ACCEPTED if "batch" not in each.told and each.body]))
    text = json.dumps(json.loads(one.body))
    opening = data.draw(
        st.sampled_from([at for at, letter in enumerate(text) if letter == "{" and text[at + 1] == '"'])
    )
    key = text[opening + 2 : text.index('"', opening + 2)]
    other = json.dumps(data.draw(ODD))
    doubled = f'{text[: opening + 1]}"{key}": {other}, {text[opening + 1 :]}'
    reading = read(one.request(doubled.encode()), one.trust)
    assert reading.verdict == "reject"


@st.composite
def lookalikes(draw: st.DrawFn, name: str) -> str:
    """A name that resembles one of ours."""
    word = draw(st.text(alphabet="abcxyz0189-._", min_size=1, max_size=8))
    at = draw(st.integers(0, len(name) - 1))
    digit = str((int(name[at]) + 1) % 10) if name[at].isdigit() else name[at].swapcase()
    turned = name[:at] + (digit if digit != name[at] else "q") + name[at + 1 :]
    return draw(
        st.sampled_from([name + word, word + name, turned, name[:at] + name[at + 1 :], name + ".attacker", "x"])
    )


def reworded(body: bytes, ours: list[str], new: Callable[[str], str]) -> bytes:
    """The body in which every name of ours is another, in base64 data and in quoted JSON as well."""

    def words(text: str) -> str:
        for one in sorted(ours, key=len, reverse=True):
            text = text.replace(one, f"\u0001{one[::-1]}\u0001")
        for one in ours:
            text = text.replace(f"\u0001{one[::-1]}\u0001", new(one))
        return text

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walk(one) for key, one in value.items()}
        return (
            [walk(one) for one in value]
            if isinstance(value, list)
            else words(value)
            if isinstance(value, str)
            else value
        )

    return json.dumps(closed(walk(opened(body)))).encode()


def names(one: Case, what: str) -> bool:
    """Whether a name of this sort decides about the payload: it stands in the body and in what is read from it."""
    told = one.reading().completions[0]
    if (what == "bucket" and not told.artifact_uri) or (what == "owner" and told.provider != "huggingface"):
        return False
    changed = reworded(one.body, OURS[what], lambda name: f"{name}q") if one.body else b""
    return bool(changed) and changed != reworded(one.body, [], str)


NAMING = {what: [one for one in ACCEPTED if names(one, what)] for what in OURS}


@pytest.mark.parametrize("what", OURS)
@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_no_name_that_only_resembles_ours_is_accepted(what: str, data: st.DataObject):
    one = data.draw(st.sampled_from(NAMING[what]))
    others = {name: data.draw(lookalikes(name)) for name in OURS[what]}
    assume(not set(others.values()) & set(OURS[what]))
    reading = read(one.request(reworded(one.body, OURS[what], others.__getitem__)), one.trust)
    assert reading.verdict != "accept", reading


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_no_other_secret_opens_the_hub(secret: str):
    push = case("huggingface/push_main")
    reading = read(Request(entry="http:hf-webhook", body=push.body, headers={"x-webhook-secret": secret}), TRUST)
    assert reading.error == ("secret_missing" if not secret else "secret_wrong")


@pytest.mark.parametrize("one", ACCEPTED, ids=lambda one: one.name)
def test_where_the_trust_names_nothing_nothing_is_accepted(one: Case):
    proven = Request(entry=one.told["entry"], body=one.body, headers=one.told.get("headers", {}), proven=True)
    assert read(proven, Trust()).verdict == "reject"


@pytest.mark.parametrize("one", ACCEPTED, ids=lambda one: one.name)
def test_two_readings_of_one_payload_are_equal(one: Case):
    assert read(one.request(), one.trust) == read(one.request(), one.trust)


def test_what_a_stranger_wrote_is_quoted_bounded_and_escaped():
    body = json.loads(case("sagemaker/training_completed_null_artifacts").body)
    body["source"] = "\u202e\n\x1b[31m" + "<b>" * 1000
    why = read(Request(entry="lambda:eventbridge", body=json.dumps(body).encode()), TRUST).why
    assert "\\u202e\\n\\x1b[31m<b>" in why
    assert len(why) < 300


@pytest.mark.parametrize(("status", "told"), [(True, "true"), (3, "3"), ({"a": 1}, "an object of 1"), ("", "''")])
def test_what_a_stranger_wrote_is_quoted_as_json_writes_it(status: object, told: str):
    body = json.loads(case("sagemaker/training_completed_null_artifacts").body)
    body["source"] = status
    assert told in read(Request(entry="lambda:eventbridge", body=json.dumps(body).encode()), TRUST).why


def test_what_a_stranger_left_out_is_told_as_missing():
    why = read(Request(entry="http:grafana", body=b'{"state": "alerting"}', proven=True), TRUST).why
    assert why.startswith("groupKey is missing or null; ")


def test_a_body_that_is_too_large_is_not_read():
    for entry in ENTRIES:
        reading = read(Request(entry=entry, body=b" " * (20 * 2**20), proven=True), TRUST)
        assert reading.error == "body_too_large"
        assert reading.respond in {None, 413, 202}


def test_an_entry_that_is_none_is_refused_by_name():
    reading = read(Request(entry="http:nowhere", body=b"{}"), TRUST)
    assert (reading.verdict, reading.error) == ("reject", "unknown_entry")


@pytest.mark.parametrize(("numbers", "state"), [(100, "unknown"), (200, "firing"), (400_000, "firing")])
def test_the_words_of_an_endless_alert_name_are_not_read(numbers: int, state: str):
    """A stranger may write one to Grafana's entry. The time for its words grows with the square of its length."""
    alert = {"status": "firing", "labels": {"alertname": "Watchdog" + " 1" * numbers}}
    body = {"status": "firing", "groupKey": "one", "alerts": [alert]}
    signal = read(Request(entry="http:grafana", body=json.dumps(body).encode(), proven=True), TRUST).signal
    assert signal is not None
    assert signal.state == state
