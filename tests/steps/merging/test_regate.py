# SPDX-License-Identifier: Apache-2.0
"""Another policy holds, or something else serves: what has to be judged first, and is it asked for once?"""

from msgspec.structs import replace
from tests.steps.home import MONDAY, THURSDAY, asked_by

from federation.cache import CachedStore
from federation.core import event as events
from federation.runtime import handle

RELEASE = "spiralverse-ai-federated-v"
BROUGHT = "spiralverse/embedder-v2, spiralverse/textgen-lora-v2."


def test_what_has_to_be_judged_first_is_named_with_what_it_is_judged_against(home):
    home.ship("embedder", 1)
    home.activate(2)
    floors = handle("fuse", asked_by("ada"), home.local.ports, MONDAY)
    assert floors.why == "1 unit must first be judged against the policy's floors: spiralverse/embedder-v1"
    home.ship("textgen-lora", 1)
    home.ship("runtime-distilled", 1)
    home.tick("merge", MONDAY)
    home.tick("promote", "2026-01-06T09:30:00Z")
    home.ship("embedder", 2)
    home.activate(3)
    later = handle("fuse", asked_by("eva"), home.local.ports, THURSDAY)
    assert later.why == f"1 unit must first be judged against {RELEASE}1.0.0: spiralverse/embedder-v2"


def test_verdicts_under_a_newer_policy_than_the_merge_knew_ask_for_nothing_that_is_judged(home):
    """The gate knew version 2 before `fuse` did: its verdict names it, and `fuse` looks for it."""
    home.first_release()
    for kind in ("embedder", "textgen-lora"):
        home.ship(kind, 2)
    ports = replace(home.local.ports, store=CachedStore(home.store))
    assert handle("fuse", asked_by("ada"), ports, THURSDAY).why.endswith("1.0.1 assembled. It brings " + BROUGHT)
    home.activate(2)
    told = list(handle("fuse", asked_by("eva"), replace(ports, store=CachedStore(home.store)), THURSDAY).events)
    for _ in range(4):
        verdicts = [one for event in told if event.type == events.GATE_REQUESTED for one in gated(home, event)]
        told = [one for event in verdicts for one in handle("fuse", event, ports, THURSDAY).events]
    assert not [event for event in told if event.type == events.GATE_REQUESTED]


def gated(home, event):
    return handle("gate", event, home.local.ports, THURSDAY).events


def test_a_merge_goes_on_under_the_policy_that_came_while_its_gates_ran(home):
    """Each verdict under the policy before has its own unit judged again, and no other."""
    home.first_release()
    for kind in ("embedder", "textgen-lora"):
        home.ship(kind, 2)
    home.activate(2)
    asked = handle("fuse", asked_by("ada"), home.local.ports, THURSDAY).events
    home.activate(3)
    for gate, passed in zip(asked, home.told(events.UNIT_PASSED)[-2:], strict=True):
        stale = replace(passed, data={**passed.data, "merge": gate.data["merge"]})
        (again,) = handle("fuse", stale, home.local.ports, THURSDAY).events
        assert (again.type, again.subject, again.data["policy"]) == (events.GATE_REQUESTED, passed.subject, 3)
