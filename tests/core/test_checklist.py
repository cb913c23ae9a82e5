# SPDX-License-Identifier: Apache-2.0
"""A set of units hears every reason why it makes no release; without any, each line of the checklist says yes."""

import pytest
from msgspec.structs import replace
from tests.core.proposals import (
    ELSEWHERE,
    KINDS,
    all_kinds,
    calibrated,
    member,
    members,
    policy,
    proposal,
    released,
    unit,
)

from federation.core.checklist import checklist, refusals
from federation.core.manifest import Residency
from federation.core.proposal import change, next_version


def test_a_changed_contract_is_a_major_that_the_policy_has_to_consent_to():
    changed = {**all_kinds(2), "embedder": member(unit("embedder", 2), contract_changed=True)}
    unwilling = proposal(changed, baseline=released())
    (reason,) = refusals(unwilling)
    assert reason.startswith("The contract changed with spiralverse/embedder-v2, which makes a major release")
    assert reason.endswith("the policy does not allow one (fusion.allow_major)")
    willing = proposal(changed, under=policy(fusion={"allow_major": True}), baseline=released("1.4.2"))
    assert refusals(willing) == ()
    assert str(next_version(willing, ())) == "2.0.0"


def test_another_fusion_api_is_a_major_even_when_every_unit_was_built_for_it():
    for_two = members(*(unit(kind, 2, api="fusion-api-v2") for kind in KINDS))
    moved = proposal(for_two, under=policy(api="fusion-api-v2"), baseline=released())
    assert change(moved).why == "The fusion API went from fusion-api-v1 to fusion-api-v2."
    assert "does not allow one" in refusals(moved)[0]


def test_a_required_kind_that_is_not_there_is_missed_by_name():
    under = policy(fusion={"required": ["runtime-distilled", "embedder"]})
    assert refusals(proposal(members(unit("textgen-lora")), under=under)) == (
        "embedder is required, but no unit of that kind has passed or may be carried over",
        "runtime-distilled is required, but no unit of that kind has passed or may be carried over",
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
    assert all(item.yes for item in checklist(clean))


def test_a_unit_built_for_another_api_is_refused():
    found = {**all_kinds(), "embedder": member(unit("embedder", api="fusion-api-v2"))}
    assert refusals(proposal(found)) == (
        "spiralverse/embedder-v1 was built for fusion-api-v2, but the policy asks for fusion-api-v1",
    )


def test_thresholds_of_an_embedder_with_the_same_dimension_are_refused_all_the_same():
    old, new = unit("embedder", 1), unit("embedder", 2)
    assert old.contract["dimension"] == new.contract["dimension"]
    brought = unit("textgen-lora", thresholds={"code": "0.42"}, measured_with=old.artifact)
    (found,) = refusals(proposal(members(brought, new, unit("runtime-distilled")), under=policy(**calibrated())))
    assert found.startswith(f"spiralverse/textgen-lora-v1 states thresholds for embedder {old.artifact}")
    assert new.artifact in found
    assert found.endswith("measure them again with that one")


def test_a_calibrated_route_without_a_threshold_is_refused():
    assert refusals(proposal(under=policy(**calibrated("code")))) == (
        "route code needs a threshold, but no unit states one",
    )


def test_every_reason_is_told_at_once():
    wrong = members(unit("textgen-lora", api="fusion-api-v2"), unit("embedder"), contract_changed=True)
    forbidden = [unit("embedder").artifact]
    under = policy(**calibrated(serve=["textgen-lora"]))
    found = refusals(proposal(wrong, under=under, baseline=released(), quarantined=forbidden))
    for part in ("is required", "is in quarantine", "was built for", "does not allow one", "needs a threshold"):
        assert len([reason for reason in found if part in reason]) == 1
    assert len(found) == 5


@pytest.mark.parametrize("verdict", ["fail", "inconclusive", None])
def test_a_new_unit_that_has_not_passed_is_refused_even_if_somebody_selects_it(verdict):
    doubtful = replace(member(unit("embedder", 2)), verdict=verdict)
    asked = proposal({**all_kinds(), "embedder": doubtful})
    assert refusals(asked) == (f"spiralverse/embedder-v2 has not passed its gates: {verdict or 'there is no report'}",)
    assert [item.yes for item in checklist(asked)] == [False, True, True, True, True, True, True]


def test_only_what_serves_is_carried_over():
    strange = member(unit("runtime-distilled", 7), origin="carried")
    asked = proposal({**all_kinds(2), "runtime-distilled": strange}, baseline=released())
    assert refusals(asked) == (
        "spiralverse/runtime-distilled-v7 cannot be carried over, because it does not serve now",
    )


def test_units_that_are_refused_are_named_in_the_order_of_their_kinds():
    found = {kind: replace(one, verdict="fail") for kind, one in all_kinds(2).items()}
    asked = proposal(dict(sorted(found.items(), reverse=True)))
    assert [reason.split("-v2")[0] for reason in refusals(asked)] == [f"spiralverse/{kind}" for kind in sorted(KINDS)]


def latency(found, p95_ms="500"):
    """What the checklist says about the budget."""
    under = policy(distillation={"kind": "runtime-distilled", "p95_ms": p95_ms} if p95_ms else None)
    (line,) = [item for item in checklist(proposal(found, under=under)) if item.item.startswith("Latency")]
    assert line.yes
    return line.why


def test_what_a_pass_has_made_is_told_where_it_is_too_slow_itself():
    quick, made = members(unit("textgen-lora"), p95_ms="20"), unit("runtime-distilled")
    slow = {**quick, **members(made, p95_ms="500.5")}
    assert latency(slow) == (
        "spiralverse/runtime-distilled-v1 has a p95 of 500.5 ms, but a distillation pass makes this kind, so none is "
        "requested"
    )
    assert latency({**quick, **members(made, p95_ms="500")}) == "within the budget"
    assert latency({**quick, **members(made)}) == "within the budget"
    assert latency(quick) == latency(slow, None) == "within the budget"
    assert latency({**slow, **members(unit("textgen-lora"), p95_ms="812")}) == (
        "spiralverse/textgen-lora-v1 has a p95 of 812 ms, but the budget is 500 ms"
    )


def test_a_unit_whose_raw_data_left_makes_no_release_whoever_let_it_in():
    left = replace(unit("embedder"), residency=Residency(raw_data_left=True, datasets=()))
    asked = proposal({**all_kinds(), "embedder": member(left)})
    assert refusals(asked) == (
        "spiralverse/embedder-v1 says that raw training data left gcp; only artifacts and metrics may leave",
    )
    assert [item.item for item in checklist(asked) if not item.yes] == ["Raw training data stayed on its platform"]
