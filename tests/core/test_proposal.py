# SPDX-License-Identifier: Apache-2.0
"""What a release is made from, how it differs from the one that serves, and the version that follows."""

from hypothesis import given
from hypothesis import strategies as st
from tests.core.proposals import KINDS, all_kinds, member, members, policy, proposal, released, unit

from federation.core.checklist import refusals
from federation.core.proposal import change, next_version
from federation.core.version import FIRST, Version


def test_the_first_release_is_one_point_nothing():
    first = proposal()
    assert refusals(first) == ()
    assert str(next_version(first, ())) == "1.0.0"
    assert change(first).bump == "first"


def test_newer_units_of_the_same_kinds_are_a_patch_that_names_them():
    serving = released("1.4.2")
    newer = proposal({**all_kinds(), "embedder": member(unit("embedder", 2))}, baseline=serving)
    assert str(next_version(newer, ())) == "1.4.3"
    assert change(newer).why == (
        "It brings spiralverse/embedder-v2, spiralverse/runtime-distilled-v1, spiralverse/textgen-lora-v1."
    )


def test_another_kind_is_a_minor():
    serving = released("1.4.2", by_kind=members(unit("runtime-distilled"), unit("textgen-lora")))
    assert str(next_version(proposal(baseline=serving), ())) == "1.5.0"
    assert change(proposal(baseline=serving)).why == "The set of kinds gained embedder."


def test_a_kind_less_is_a_minor_too():
    fewer = proposal(members(unit("runtime-distilled", 2), unit("textgen-lora", 2)), baseline=released())
    assert change(fewer).bump == "minor"
    assert change(fewer).why == "The set of kinds lost embedder."


def test_another_route_is_a_minor():
    poetry = {"prompt_type": "poetry", "serve": ["runtime-distilled"], "calibrated": False, "safety_critical": False}
    found = change(proposal(under=policy(routes=[poetry]), baseline=released()))
    assert (found.bump, found.why) == ("minor", "The set of routes gained poetry and lost chat.")


def test_a_contract_change_outweighs_a_change_of_kinds():
    serving = released(by_kind=members(unit("runtime-distilled")))
    changed = members(unit("runtime-distilled", 2), unit("embedder"), contract_changed=True)
    assert change(proposal(changed, baseline=serving)).bump == "major"


def test_a_taken_version_is_skipped_because_it_names_one_digest_for_ever():
    taken = [f"spiralverse-ai-federated-v1.4.{patch}" for patch in (3, 4, 6)]
    assert str(next_version(proposal(all_kinds(2), baseline=released("1.4.2")), taken)) == "1.4.5"
    assert str(next_version(proposal(), ["spiralverse-ai-federated-v1.0.0"])) == "1.0.1"
    assert next_version(proposal(), ["elsewhere-ai-federated-v1.0.0"]) == FIRST


@given(st.sets(st.integers(0, 9)), st.sampled_from(["patch", "minor"]))
def test_the_next_version_is_never_taken_and_always_higher(patches, bump):
    found = all_kinds(2) if bump == "patch" else members(unit("runtime-distilled", 2))
    taken = [f"spiralverse-ai-federated-v1.{minor}.{patch}" for minor in (4, 5) for patch in patches]
    version = next_version(proposal(found, baseline=released("1.4.2")), taken)
    assert version > Version(1, 4, 2)
    assert f"spiralverse-ai-federated-v{version}" not in taken


@given(st.permutations(KINDS))
def test_the_same_units_are_the_same_composition_in_whatever_order_they_came(order):
    assert proposal(members(*map(unit, order))).composition == proposal().composition


def test_another_unit_another_baseline_or_another_policy_is_another_composition():
    others = [
        proposal({**all_kinds(), "embedder": member(unit("embedder", 2))}),
        proposal(baseline=released()),
        proposal(under=policy(version=2)),
        proposal(members(unit("runtime-distilled"))),
    ]
    assert len({proposal().composition, *(one.composition for one in others)}) == 5
