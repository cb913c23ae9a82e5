# SPDX-License-Identifier: Apache-2.0
"""A misspelt rule is a valid field of a policy, and has no effect: so it is named, wherever it is."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.cases import VALID
from tests.corpus.mutations import places

from federation.core import contract
from federation.core.faults import MAX_LISTED
from federation.core.unknown_fields import manifest_field_warnings, policy_field_warnings, unknown_fields

EXAMPLE = json.loads((Path(__file__).resolve().parents[2] / "training/examples/policy.json").read_bytes())
POLICIES = [EXAMPLE, *(case.document for case in VALID if case.schema == "policy.v1")]
CHOSEN_BY_THE_AUTHOR = {"matrix", "origins", "gates", "suites", "contract", "alarms", "categories", "items", "jobs"}
"""Fields whose keys are names that the author of a policy chooses, such as kinds."""


def fields(policy):
    """The place of every field that the schema names."""
    return [
        place
        for place in places(policy)
        if isinstance(place[-1], str) and (len(place) == 1 or place[-2] not in CHOSEN_BY_THE_AUTHOR)
    ]


def path_of(place):
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(steps).removeprefix(".")


def misspelt(draw, name):
    """The name with one letter doubled, dropped or capitalised."""
    at = draw(st.integers(0, len(name) - 1))
    letter = draw(st.sampled_from([name[at] * 2, "", name[at].upper()]))
    return name[:at] + letter + name[at + 1 :]


@st.composite
def spoilt(draw):
    """A policy with one field misspelt, that field's new place, and its right name."""
    policy = copy.deepcopy(draw(st.sampled_from(POLICIES)))
    *parents, name = draw(st.sampled_from(fields(policy)))
    holder = policy
    for step in parents:
        holder = holder[step]
    wrong = misspelt(draw, name)
    value = holder.pop(name)
    holder[wrong] = value
    return policy, (*parents, wrong), name


@given(spoilt())
def test_a_misspelt_field_is_named_wherever_it_is(case):
    policy, place, name = case
    found = {field.path: field for field in unknown_fields("policy.v1", policy)}
    if place[-1] == name:  # a letter without a capital, such as an underscore
        assert found == {}
    else:
        assert list(found) == [path_of(place)]
        assert len(name) < 4 or found[path_of(place)].misspelt


@pytest.mark.parametrize("policy", POLICIES, ids=range(len(POLICIES)))
def test_a_policy_without_such_fields_has_nothing_to_warn_of(policy):
    assert policy_field_warnings(policy) == ()


def test_the_fields_that_somebody_really_misspelt():
    policy = copy.deepcopy(EXAMPLE)
    policy |= {"origin": {"hf": ["hf://models/eve/"]}}
    policy["rollback"]["alarm"] = {"5xx": "tell"}
    policy["gates"]["embedder"]["safety"]["nevers"] = ["weapons"]
    policy["gates"]["embedder"]["quality"][0] |= {"Categories": {"*": "0.1"}, "directon": "lower"}
    contract.check("policy.v1", policy)
    told = {tuple(warning.split("`")[1::2]) for warning in policy_field_warnings(policy)}
    assert told == {
        ("origin", "origins"),
        ("rollback.alarm", "alarms"),
        ("gates.embedder.safety.nevers", "never"),
        ("gates.embedder.quality[0].Categories", "categories"),
        ("gates.embedder.quality[0].directon", "direction"),
    }


def test_a_note_in_a_policy_is_named_but_not_taken_for_a_misspelling():
    (field,) = unknown_fields("policy.v1", {**EXAMPLE, "x_ticket": "OPS-7"})
    assert (field.path, field.similar, field.misspelt) == ("x_ticket", None, False)
    assert policy_field_warnings({**EXAMPLE, "x_ticket": 7}) == (
        "`x_ticket` is not a field of a policy and has no effect",
    )


def test_a_key_that_does_not_print_starts_no_new_line():
    (warning,) = policy_field_warnings({**EXAMPLE, "x\nThe policy is fine": 1})
    assert "\n" not in warning


def test_of_very_many_such_fields_the_rest_are_counted():
    warnings = policy_field_warnings(EXAMPLE | {f"x_{number}": number for number in range(10_000)})
    assert len(warnings) == MAX_LISTED + 1
    assert warnings[-1] == "and 9,980 more"


def test_a_manifest_may_state_more_but_a_misspelt_field_is_named():
    manifest = copy.deepcopy(next(case.document for case in VALID if case.name == "latency-against-what-serves"))
    manifest["units"][0]["provenance"]["peak_memory_mb"] = 512
    assert manifest_field_warnings(manifest) == ()
    latency = manifest["units"][0]["evidence"]["latency"]
    latency["againts"] = latency.pop("against")
    (warning,) = manifest_field_warnings(manifest)
    assert warning == (
        "`units[0].evidence.latency.againts` is not a field of a manifest and has no effect; did you mean `against`?"
    )
