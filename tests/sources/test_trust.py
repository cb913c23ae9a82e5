# SPDX-License-Identifier: Apache-2.0
"""Does the trust believe exactly what its document names?"""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.cases import POLICY, TRUST

from federation.errors import ContractError
from federation.sources import Trust


def test_the_policy_of_the_cases_fills_every_field_it_names():
    assert TRUST.aws_accounts == {"111122223333", "222233334444"}
    assert TRUST.projects == {"acme-ml-prod", "987654321098"}
    assert TRUST.hub_owners == {"acme-ml"}
    assert TRUST.tick_subscriptions == {"projects/acme-ml-prod/subscriptions/tick"}


def test_keys_that_are_unknown_or_null_mean_nothing():
    assert Trust.read({"x_ticket": "OPS-7", "aws_accounts": None}) == Trust()


def test_every_fault_is_named_at_once():
    with pytest.raises(ContractError) as caught:
        Trust.read({"aws_accounts": [111122223333], "s3_buckets": "one", "hf_secret": "", "oidc_audience": []})
    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "aws_accounts",
        "s3_buckets",
        "oidc_audience",
        "hf_secret",
    ]


@pytest.mark.parametrize(
    "key_and_value",
    [
        {"aws_accounts": ["11112222333"]},
        {"aws_accounts": ["111122223333 "]},
        {"gcp_project_number": True},
        {"gcp_project_number": "\u0661\u0662"},
        {"gcp_project_number": "-1"},
        {"gcp_project": "acme ml"},
        {"gcp_project": ""},
    ],
)
def test_what_could_never_be_the_name_of_a_sender_is_a_fault(key_and_value: dict[str, object]):
    (key,) = key_and_value
    with pytest.raises(ContractError) as caught:
        Trust.read(key_and_value)
    assert [fault.split(":")[0] for fault in caught.value.faults] == [key]


def test_a_project_number_may_be_written_as_a_number_and_a_project_without_one_has_one_name():
    assert Trust.read({"gcp_project_number": 987654321098}).projects == {"987654321098"}
    assert Trust.read({"gcp_project": "acme-ml-prod"}).projects == {"acme-ml-prod"}
    assert Trust().projects == frozenset()


@pytest.mark.parametrize("document", [None, [], "trust", 1])
def test_what_is_no_object_is_no_trust(document: object):
    with pytest.raises(ContractError, match="not an object"):
        Trust.read(document)


def test_secrets_do_not_show():
    secrets = {"hf_secret": "hush-1", "alertmanager_token": "hush-2", "grafana_secret": "hush-3"}
    trust = Trust.read({**secrets, "gcp_project": "spiralverse"})
    assert "hush" not in repr(trust)
    assert "hush" not in repr(trust.__rich_repr__())
    assert "project='spiralverse'" in repr(trust)


def test_a_fault_of_a_secret_does_not_show_it():
    with pytest.raises(ContractError) as caught:
        Trust.read({"hf_secret": "hüsh"})
    assert "sh" not in str(caught.value).replace("cannot", "").split("hf_secret:")[1].split("a secret")[0]


@pytest.mark.parametrize(
    ("ref", "trusted"),
    [
        ("refs/heads/main", True),
        ("refs/heads/main2", False),
        ("refs/heads/mainx/main", False),
        ("refs/tags/v1.4.0", True),
        ("refs/tags/w1", False),
        ("refs/tags/v1/evil", False),
        ("refs/pr/5", False),
        ("xrefs/heads/main", False),
    ],
)
def test_a_star_stops_at_a_slash_and_nothing_else_is_a_pattern(ref: str, *, trusted: bool):
    assert any(pattern.fullmatch(ref) for pattern in TRUST.hub_refs) is trusted


@given(st.text("ab/*", min_size=1, max_size=8), st.text("ab/", max_size=12))
def test_a_pattern_of_several_stars_means_what_anybody_would_read_in_it(glob: str, ref: str):
    (pattern,) = Trust.read({"hf_refs": glob}).hub_refs
    plainly = re.compile(re.escape(glob).replace(r"\*", "[^/]*"))
    assert (pattern.fullmatch(ref) is None) is (plainly.fullmatch(ref) is None)


@pytest.mark.parametrize("glob", ["refs/tags/v*.*.*", "refs/tags/*.*.*-rc*"])
def test_a_ref_made_to_be_weighed_for_hours_is_judged_at_once(glob: str):
    """Whoever has the webhook's secret chooses the ref, up to a megabyte of it; the door may take thirty seconds."""
    (pattern,) = Trust.read({"hf_refs": glob}).hub_refs
    begun = time.process_time()
    assert pattern.fullmatch(f"refs/tags/v{'.' * 3_000}/") is None
    assert time.process_time() - begun < 1


def test_subscriptions_of_ticks_can_be_named():
    named = Trust.read({**POLICY, "tick_subscriptions": ["projects/p/subscriptions/clock"]})
    assert named.tick_subscriptions == {"projects/p/subscriptions/clock"}
    assert "projects/p/subscriptions/clock" in named.subscriptions


@pytest.mark.parametrize(
    ("name", "is_tick"),
    [("tick", True), ("reconcile-tick", True), ("ticks.eu", True), ("ticket", False), ("sticky", False)],
)
def test_a_subscription_named_for_ticks_carries_them(name: str, *, is_tick: bool):
    subscription = f"projects/p/subscriptions/{name}"
    assert (subscription in Trust.read({"push_subscriptions": [subscription]}).tick_subscriptions) is is_tick


@given(
    st.dictionaries(
        st.sampled_from([*POLICY, "sns_topics"]), st.none() | st.integers() | st.text() | st.lists(st.text())
    )
)
def test_any_document_is_read_or_refused_with_its_faults(document: dict[str, object]):
    assert isinstance(outcome(document), Trust) or outcome(document)


def outcome(document: dict[str, object]) -> Trust | tuple[str, ...]:
    try:
        return Trust.read(document)
    except ContractError as error:
        return error.faults
