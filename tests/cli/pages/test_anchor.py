# SPDX-License-Identifier: Apache-2.0
"""Nothing passes any more, though all is as good as what serves: earlier releases have spent what the anchor allows."""

import json

import pytest
from msgspec.structs import replace
from tests.cli.tampering import damaged
from tests.core.gates.units import ANCHOR, BASELINE, ITEMS, RULES, accuracy, unit

from federation.cli.home.opened import opened
from federation.cli.store.shelf import Shelf
from federation.core import names
from federation.core.digest import canonical
from federation.core.gates.quality import judge_quality
from federation.core.report import basis_of
from federation.core.report import report as report_of

FIRST, SECOND = "spiralverse-ai-federated-v1.0.0", "spiralverse-ai-federated-v1.0.1"
UNIT = "spiralverse/policy-adapter-v2"


def scored(subject, right):
    return replace(subject, quality=replace(subject.quality, records=accuracy(right)))


def findings(mine, serving, frozen):
    return judge_quality(RULES.quality, scored(unit(), mine), scored(BASELINE, serving), scored(ANCHOR, frozen))


def findings_of_an_anchor_that_is_right_elsewhere():
    """As many right answers everywhere, so nothing was lost, but the anchor's to other items."""
    other = replace(ANCHOR, quality=replace(ANCHOR.quality, records=accuracy(1200, ITEMS[::-1])))
    return judge_quality(RULES.quality, unit(), BASELINE, other)


@pytest.fixture
def judged(federation, promoted_twice):
    """The next steps of a unit that was judged so, against the demo's second release and its anchor, the first."""

    def with_findings(found):
        with opened(promoted_twice) as home:
            shelf = Shelf(home.ports, home.readers)
            basis = basis_of(shelf.own_channel(), shelf.policy())
            place = names.report(basis.digest, "policy-adapter", 2)
            stored = json.loads(home.ports.store.read(place))
        of = {"name": UNIT, "kind": "policy-adapter", "unit": stored["report"]["unit"]["digest"]}
        told = report_of(**of, basis=basis, findings=found, contract_changed=False)
        damaged(promoted_twice, place, canonical({**stored, "report": told}))
        return federation("explain", UNIT, "--folder", promoted_twice, "--json").json["next"]

    return with_findings


def test_the_choice_between_winning_it_back_and_another_anchor_is_a_persons(judged):
    choice, measure = judged(findings(mine=1180, serving=1182, frozen=1205))
    assert choice == (
        "It passes against what serves, and only the anchor stops it: what serves has already spent 0.0153 of the 0.02 that "
        f"accuracy may lose since {FIRST}. Win that back; or decide to accept the loss: "
        f"federation anchor {SECOND} --who YOU --why 'WHY'; then federation tick merge"
    )
    assert measure.startswith("Measure more, or against what serves now, as the reasons say")


@pytest.mark.parametrize(
    "found",
    [
        findings(mine=1150, serving=1182, frozen=1205),
        findings_of_an_anchor_that_is_right_elsewhere(),
        [*findings(mine=1180, serving=1182, frozen=1205), *judge_quality((), unit(), None, None)],
    ],
    ids=["what serves is better", "what serves has lost nothing", "another check stops it too"],
)
def test_where_another_anchor_would_not_help_nobody_is_led_to_it(judged, found):
    assert not any("anchor" in way for way in judged(found))
