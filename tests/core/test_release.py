# SPDX-License-Identifier: Apache-2.0
"""A release names all that it is made of, who votes, and what it replaces."""

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
from federation.core.checklist import refusals
from federation.core.digest import canonical, digest
from federation.core.proposal import change, next_version
from federation.core.release import assemble, recency
from federation.core.version import FIRST, Version


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
    slow, under = unit("textgen-lora"), policy(distillation={"kind": "runtime-distilled", "p95_ms": "500"})
    found = {**members(unit("embedder"), unit("runtime-distilled"), p95_ms="20"), **members(slow, p95_ms=p95)}
    document = assemble(proposal(found, under=under), FIRST)
    why = "spiralverse/textgen-lora-v1 has a p95 of 500.5 ms, but the budget is 500 ms"
    pass_ = {"kind": "runtime-distilled", "unit": member(slow).digest, "why": why}
    assert document["distillation"] == (pass_ if asked else None)
    contract.check("release.v1", document)


def test_what_a_pass_has_made_asks_for_no_other_however_slow_it_is():
    under = policy(distillation={"kind": "runtime-distilled", "p95_ms": "500"})
    document = assemble(proposal(members(unit("runtime-distilled"), p95_ms="900"), under=under), FIRST)
    assert document["distillation"] is None


def test_a_carried_unit_is_as_slow_as_it_was():
    under = policy(distillation={"kind": "runtime-distilled", "p95_ms": "500"})
    slow = members(unit("textgen-lora"), p95_ms="812")
    serving = released(by_kind={**members(unit("runtime-distilled")), **slow}, under=under)
    assert serving["units"]["textgen-lora"]["p95_ms"] == "812"
    carried = members(unit("textgen-lora"), origin="carried", p95_ms="812")
    again = assemble(
        proposal({**members(unit("runtime-distilled", 2)), **carried}, under=under, baseline=serving), FIRST
    )
    assert again["distillation"] == serving["distillation"]


def test_a_unit_that_nobody_timed_asks_for_no_pass():
    under = policy(distillation={"kind": "runtime-distilled", "p95_ms": "500"})
    timed = {**members(unit("embedder")), **members(unit("textgen-lora"), p95_ms="812")}
    assert assemble(proposal(timed, under=under), FIRST)["distillation"]["unit"] == timed["textgen-lora"].digest


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


VERSIONS = st.builds(Version, *[st.integers(0, 9)] * 3)


@given(data=st.data(), older=VERSIONS, newer=VERSIONS)
def test_of_releases_of_one_moment_the_one_with_a_newer_unit_is_the_later_whatever_its_version(data, older, newer):
    kept = members(*(unit(kind) for kind in KINDS))
    kind = data.draw(st.sampled_from(KINDS))
    first = assemble(proposal(kept), older)
    second = assemble(proposal({**kept, kind: member(unit(kind, 2))}), newer)
    assert first["created_at"] == second["created_at"]
    assert max([first, second], key=recency) == second


def test_a_release_that_was_merged_later_is_the_later_though_its_units_are_older():
    newer_units = assemble(proposal(members(unit("embedder", 2))), Version(2, 0, 0))
    merged_later = {
        **assemble(proposal(members(unit("embedder", 1))), Version(1, 0, 1)),
        "created_at": "2027-01-01T00:00:00Z",
    }
    assert max([newer_units, merged_later], key=recency) == merged_later
