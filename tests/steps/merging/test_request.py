# SPDX-License-Identifier: Apache-2.0
"""Merges race, come twice, or follow every pass: is it one merge, and does it make one release?"""

import pytest
from msgspec.structs import replace
from tests.steps.home import MONDAY, NEXT_TUESDAY, THURSDAY, Crashing, asked_by

from federation.core import event as events
from federation.core import names
from federation.errors import ConflictError, ServiceError
from federation.runtime import carry_out, decide, handle
from federation.simulation.platform import POLICY

ON_PASS = {**POLICY["cadence"], "merge_on_pass": True}
RELEASE = "spiralverse-ai-federated-v"


def contents(home, version):
    """The units of a release."""
    return {unit["name"].partition("/")[2] for unit in home.document(f"releases/{RELEASE}{version}")["units"].values()}


def test_the_same_set_is_one_release_however_often_it_is_merged(home):
    home.first_release()
    home.ship("embedder", 2)
    home.tick("merge", THURSDAY)
    home.tick("merge", "2026-01-12T08:00:00Z")
    assert len(home.store.names(names.RELEASES)) == 2


def test_a_policy_may_merge_on_every_pass(home_under):
    home = home_under(cadence={**POLICY["cadence"], "merge_on_pass": True})
    home.ship("embedder", 1)
    home.ship("runtime-distilled", 1)
    assert [event.subject for event in home.told(events.RELEASE_ASSEMBLED)] == ["spiralverse-ai-federated-v1.0.0"]


def test_the_loser_of_two_merges_takes_another_name_and_leaves_nothing_out(home):
    home.first_release()
    home.now = THURSDAY
    home.ship("embedder", 2)
    one, two = asked_by("ada"), asked_by("eva")
    early = decide("fuse", one, home.local.ports, THURSDAY)
    home.ship("textgen-lora", 2)
    late = decide("fuse", two, home.local.ports, THURSDAY)
    carry_out(early, home.local.ports)
    with pytest.raises(ConflictError):
        carry_out(late, home.local.ports)
    handle("fuse", two, home.local.ports, THURSDAY)
    assert contents(home, "1.0.1") == {"embedder-v2", "textgen-lora-v1", "runtime-distilled-v1"}
    assert contents(home, "1.0.2") == {"embedder-v2", "textgen-lora-v2", "runtime-distilled-v1"}
    assert handle("fuse", two, home.local.ports, THURSDAY).why == f"{RELEASE}1.0.2 is already assembled"


def test_a_name_that_was_chosen_before_a_crash_is_chosen_anew_when_the_change_has_become_another(home):
    for kind in ("embedder", "runtime-distilled"):
        home.ship(kind, 1)
    home.tick("merge", MONDAY)
    home.tick("promote", "2026-01-06T09:30:00Z")
    home.now = THURSDAY
    home.ship("embedder", 2)
    with pytest.raises(ServiceError):
        handle("fuse", asked_by("ada"), replace(home.local.ports, store=Crashing(home.store, names.RELEASES)), THURSDAY)
    home.ship("textgen-lora", 1)
    assert "1.1.0 assembled" in handle("fuse", asked_by("ada"), home.local.ports, THURSDAY).why
    assert "1.1.0 is already assembled" in handle("fuse", asked_by("ada"), home.local.ports, THURSDAY).why


def test_one_tick_makes_one_release_whatever_passes_between_its_deliveries(home):
    """A crash takes the release but not the name; afterwards the selection is another at each delivery."""
    home.first_release()
    home.now = THURSDAY
    home.ship("embedder", 2)
    with pytest.raises(ServiceError):
        handle("fuse", asked_by("ada"), replace(home.local.ports, store=Crashing(home.store, names.RELEASES)), THURSDAY)
    home.ship("textgen-lora", 2)
    assert "1.0.1 assembled" in handle("fuse", asked_by("ada"), home.local.ports, THURSDAY).why
    home.ship("textgen-lora", 3)
    assert "1.0.1 is already assembled" in handle("fuse", asked_by("ada"), home.local.ports, THURSDAY).why
    assert len(home.store.names(names.RELEASES)) == 2


@pytest.mark.parametrize("first", ["embedder", "textgen-lora"])
def test_where_merges_follow_every_pass_the_fullest_release_serves_in_whatever_order_units_were_completed(
    home_under, first
):
    home = home_under(cadence=ON_PASS)
    home.first_release()
    other = {"embedder": "textgen-lora", "textgen-lora": "embedder"}[first]
    home.now = "2026-01-07T12:00:00Z"
    home.ship(first, 2, at="2026-01-07T11:00:00Z")
    home.ship(other, 2, at="2026-01-07T10:00:00Z")
    home.tick("promote", NEXT_TUESDAY)
    assert home.channel.serving.numbers == {"embedder": 2, "textgen-lora": 2, "runtime-distilled": 1}


def test_a_unit_that_passed_waits_for_no_verdict_that_will_never_be_a_pass(home_under, tmp_path):
    """Merges follow every pass: one unit passes while another is being judged, and that one fails."""
    home = home_under(cadence=ON_PASS)
    home.first_release()
    home.now = "2026-01-07T00:00:00Z"
    home.ship("embedder", 2)
    home.ship("textgen-lora", 2, "worse")
    passed, failed = home.told(events.UNIT_PASSED)[-1], home.told(events.UNIT_REFUSED)[-1]
    unheard = ("merges/%", "%v1.0.1", "reports/textgen-lora/%2/%")
    report = home.store.names(names.reports("textgen-lora", 2))[0]
    body = home.store.read(report)
    for name in unheard:
        home.local.database.changed(f"delete from documents where name like '{name}'")  # noqa: S608 - ours
    (tmp_path / "registry/tags/spiralverse-ai-federated-v1.0.1").unlink()
    assert not handle("fuse", passed, home.local.ports, home.now), "the other one is still being judged"
    home.store.keep(report, body)
    assert "1.0.1 assembled" in handle("fuse", failed, home.local.ports, home.now).why


def test_a_failed_unit_that_nobody_waited_for_makes_no_noise_where_merges_follow_every_pass(home_under):
    home = home_under(cadence=ON_PASS)
    home.first_release()
    home.ship("runtime-distilled", 2)
    loud = (events.MERGE_SKIPPED, events.RELEASE_ASSEMBLED)
    before = [len(home.told(type_)) for type_ in loud]
    for number in (2, 3):
        home.ship("embedder", number, "worse")
    assert [len(home.told(type_)) for type_ in loud] == before


def test_one_slow_unit_asks_for_one_distillation_however_many_releases_it_is_in(home_under):
    home = home_under(distillation={"kind": "runtime-distilled", "p95_ms": "1"}, cadence=ON_PASS)
    home.first_release()
    for number in (2, 3, 4):
        home.ship("runtime-distilled", number)
    assert len(home.told(events.RELEASE_ASSEMBLED)) >= 3
    assert len({event.id for event in home.told(events.JOB_REQUESTED)}) == 1
    home.activate(2, distillation={"kind": "runtime-distilled", "p95_ms": "1"}, cadence=ON_PASS)
    home.ship("runtime-distilled", 5)
    home.tick("merge", THURSDAY)
    assert len({event.id for event in home.told(events.JOB_REQUESTED)}) == 2, "another policy may have it done"


def test_a_release_that_was_left_is_not_announced_again(home):
    home.first_release()
    home.now = "2026-01-07T00:00:00Z"
    home.ship("embedder", 2, content="1")
    home.tick("merge", THURSDAY)
    home.tick("promote", NEXT_TUESDAY)
    home.now = "2026-01-13T11:00:00Z"
    home.tell(events.ROLLBACK_ORDERED, who="ada", why="wrong answers")
    home.tick("merge", "2026-01-15T08:00:00Z")
    assert home.told(events.MERGE_SKIPPED)[-1].data["why"] == (
        f"{RELEASE}1.0.1 has exactly these units and was rolled back; promote it by name, or ship other units"
    )
