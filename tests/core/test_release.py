# SPDX-License-Identifier: Apache-2.0
"""Units become one release with one version, or hear every reason why they do not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.proposals import (
    ELSEWHERE,
    KINDS,
    all_kinds,
    calibrated,
    critical,
    member,
    members,
    policy,
    proposal,
    released,
    unit,
)

from federation.core import contract
from federation.core.digest import canonical, digest
from federation.core.release import assemble, change, next_version, refusals
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


def test_a_carried_unit_is_not_said_to_be_brought():
    carried = members(unit("textgen-lora"), unit("runtime-distilled"), origin="carried")
    newer = proposal({**carried, "embedder": member(unit("embedder", 2))}, baseline=released())
    assert change(newer).why == "It brings spiralverse/embedder-v2."
    origins = {kind: stated["origin"] for kind, stated in assemble(newer, Version(1, 4, 3))["units"].items()}
    assert origins == {"embedder": "new", "textgen-lora": "carried", "runtime-distilled": "carried"}


def test_a_carried_unit_keeps_the_report_that_it_came_with():
    serving = released()
    kept = members(unit("runtime-distilled"), origin="carried")
    again = assemble(proposal({**kept, **members(unit("embedder", 2))}, baseline=serving), Version(1, 4, 3))
    assert again["units"]["runtime-distilled"]["report"] == serving["units"]["runtime-distilled"]["report"]


def test_another_kind_is_a_minor():
    serving = released("1.4.2", found=members(unit("runtime-distilled"), unit("textgen-lora")))
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


def test_a_changed_contract_is_a_major_that_the_policy_has_to_consent_to():
    changed = {**all_kinds(2), "embedder": member(unit("embedder", 2), contract_changed=True)}
    unwilling = proposal(changed, baseline=released())
    (reason,) = refusals(unwilling)
    assert reason.startswith("The contract changed with spiralverse/embedder-v2. That makes a major release")
    assert reason.endswith("the policy does not consent to one (fusion.allow_major).")
    willing = proposal(changed, under=policy(fusion={"allow_major": True}), baseline=released("1.4.2"))
    assert refusals(willing) == ()
    assert str(next_version(willing, ())) == "2.0.0"


def test_another_fusion_api_is_a_major_even_when_every_unit_was_built_for_it():
    for_two = members(*(unit(kind, 2, api="fusion-api-v2") for kind in KINDS))
    moved = proposal(for_two, under=policy(api="fusion-api-v2"), baseline=released())
    assert change(moved).why == "The fusion API went from fusion-api-v1 to fusion-api-v2."
    assert "does not consent" in refusals(moved)[0]


def test_a_contract_change_outweighs_a_change_of_kinds():
    serving = released(found=members(unit("runtime-distilled")))
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


def test_a_required_kind_that_is_not_there_is_missed_by_name():
    under = policy(fusion={"required": ["runtime-distilled", "embedder"]})
    assert refusals(proposal(members(unit("textgen-lora")), under=under)) == (
        "embedder is required, and no unit of that kind has passed or may be carried over",
        "runtime-distilled is required, and no unit of that kind has passed or may be carried over",
    )


def test_a_quarantined_artifact_is_refused_under_any_version_number():
    bad = unit("textgen-lora", 2, content="bad weights")
    returning = unit("textgen-lora", 9, content="bad weights")
    assert returning.artifact == bad.artifact
    found = refusals(proposal({**all_kinds(), "textgen-lora": member(returning)}, quarantined=[bad.artifact]))
    assert found == ("spiralverse/textgen-lora-v9 is in quarantine; lift it with a reason, or ship other content",)


def test_a_quarantine_elsewhere_stands_in_nobodys_way():
    clean = proposal(quarantined=[ELSEWHERE])
    assert refusals(clean) == ()
    assert all(item["yes"] for item in assemble(clean, FIRST)["checklist"])


def test_a_unit_built_for_another_api_is_refused():
    found = {**all_kinds(), "embedder": member(unit("embedder", api="fusion-api-v2"))}
    assert refusals(proposal(found)) == (
        "spiralverse/embedder-v1 was built for fusion-api-v2, and fusion-api-v1 is in force",
    )


def test_thresholds_of_an_embedder_with_the_same_dimension_are_refused_all_the_same():
    old, new = unit("embedder", 1), unit("embedder", 2)
    assert old.contract["dimension"] == new.contract["dimension"]
    brought = unit("textgen-lora", thresholds={"code": "0.42"}, measured_with=old.artifact)
    (found,) = refusals(proposal(members(brought, new, unit("runtime-distilled")), under=policy(**calibrated())))
    assert found.startswith(f"spiralverse/textgen-lora-v1 brings thresholds measured with embedder {old.artifact}")
    assert new.artifact in found
    assert found.endswith("measure them again with it")


def test_a_calibrated_route_without_a_threshold_is_refused():
    assert refusals(proposal(under=policy(**calibrated("code")))) == (
        "route code needs a threshold, and no unit brings one measured for it",
    )


def test_every_reason_is_told_at_once():
    wrong = members(unit("textgen-lora", api="fusion-api-v2"), unit("embedder"), contract_changed=True)
    forbidden = [unit("embedder").artifact]
    under = policy(**calibrated(serve=["textgen-lora"]))
    found = refusals(proposal(wrong, under=under, baseline=released(), quarantined=forbidden))
    for part in ("is required", "is in quarantine", "was built for", "does not consent", "needs a threshold"):
        assert len([reason for reason in found if part in reason]) == 1
    assert len(found) == 5


def test_a_safety_critical_route_says_who_votes_and_how_their_errors_go_together():
    pair = {
        "suite": "policy",
        "members": ["spiralverse/runtime-distilled-v1", "spiralverse/textgen-lora-v1"],
        "items": 80,
        "both_fail": 2,
        "phi": "0.31",
    }
    under = policy(**critical("majority"))
    document = assemble(proposal(under=under, correlation=[pair]), FIRST)
    chat, medical = document["routes"]
    assert chat["voting"] is None
    assert medical["voting"] == {
        "rule": "majority",
        "members": ["spiralverse/textgen-lora-v1", "spiralverse/runtime-distilled-v1"],
        "correlation": [pair],
    }
    contract.check("release.v1", document)


@pytest.mark.parametrize(("p95", "asked"), [("499.9", False), ("500", False), ("500.5", True)])
def test_a_distillation_pass_is_asked_for_when_the_slowest_unit_exceeds_the_budget(p95, asked):
    under = policy(distillation={"kind": "runtime-distilled", "p95_ms": "500"})
    found = {**members(unit("embedder"), p95_ms="20"), **members(unit("runtime-distilled"), p95_ms=p95)}
    document = assemble(proposal(found, under=under), FIRST)
    expected = "spiralverse/runtime-distilled-v1 has a p95 of 500.5 ms, and the budget is 500 ms"
    assert document["distillation"] == ({"kind": "runtime-distilled", "why": expected} if asked else None)
    contract.check("release.v1", document)


def test_without_a_budget_nothing_is_too_slow():
    assert assemble(proposal(members(unit("runtime-distilled"), p95_ms="90000")), FIRST)["distillation"] is None


def test_a_release_names_what_it_replaces_by_digest():
    serving = released()
    document = assemble(proposal(all_kinds(2), baseline=serving), Version(1, 4, 3))
    assert document["baseline"] == {"name": "spiralverse-ai-federated-v1.4.2", "digest": digest(serving)}
    assert document["anchor"] is None


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_set_is_either_refused_or_makes_a_release_that_keeps_every_promise(data):
    chosen = data.draw(st.sets(st.sampled_from(KINDS)).map(sorted), label="kinds")
    thresholds = data.draw(st.sampled_from([None, {"code": "0.42"}, {"poetry": "0.1"}]), label="thresholds")
    with_ = data.draw(st.sampled_from([unit("embedder").artifact, ELSEWHERE]), label="measured with")
    made = [
        unit(kind, thresholds=thresholds if kind == "textgen-lora" else None, measured_with=with_) for kind in chosen
    ]
    forbidden = data.draw(st.sets(st.sampled_from([ELSEWHERE, *(one.artifact for one in made)])), label="quarantine")
    changed = data.draw(st.booleans(), label="contract changed")
    under = policy(
        **data.draw(st.sampled_from([{}, critical(), calibrated()]), label="routes"),
        distillation=data.draw(st.sampled_from([None, {"kind": "runtime-distilled", "p95_ms": "10"}]), label="budget"),
    )
    serving = data.draw(st.sampled_from([None, released()]), label="baseline")
    found = {one.kind: member(one, contract_changed=changed, p95_ms="17.5") for one in made}
    asked = proposal(found, under=under, baseline=serving, quarantined=sorted(forbidden))
    if refusals(asked):
        return
    document = assemble(asked, next_version(asked, ()))
    contract.check("release.v1", document)
    assert all(item["yes"] for item in document["checklist"])
    assert set(under.fusion.required) <= set(document["units"])
    assert not forbidden & {stated["artifact"] for stated in document["units"].values()}
    assert document["fallback"]
    assert serving is None or not changed
    assert all(route["embedder"] == unit("embedder").artifact for route in document["routes"] if route["threshold"])
    assert canonical(document) == canonical(assemble(asked, next_version(asked, ())))
