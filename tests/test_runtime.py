# SPDX-License-Identifier: Apache-2.0
"""Keep, move, act, announce: in this order, and safe to cut anywhere."""

import pytest

from federation.core import event as events
from federation.core import names
from federation.core.alarm import breach_event
from federation.core.decision import DECISION_PREFIXES, Decision, decision_in, summary
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.outcome import Outcome, Publish
from federation.errors import ConflictError, MissingError, ServiceError
from federation.recorded import RecordedReads
from federation.runtime import carry_out, decide, handle, routes
from federation.simulation.platform import POLICY
from federation.steps import STEPS, load
from federation.wiring.local import local_home
from tests.steps.home import MONDAY, NEXT_TUESDAY, TUESDAY
from tests.steps.home import home as made


@pytest.fixture
def ready(tmp_path):
    """Three units have passed; the merge is due."""
    home = made(tmp_path)
    for kind in ("textgen-lora", "embedder", "runtime-distilled"):
        home.ship(kind, 1)
    yield home
    home.local.close()


def tick(type_, time):
    return Event(type=type_, source="//test", subject="schedule", time=time, key=f"tick|{time}", data={})


class Cut:
    """A port whose n-th effect never returns."""

    def __init__(self, port, log, fuse):
        self._port, self._log, self._fuse = port, log, fuse

    def __getattr__(self, name):
        effect = getattr(self._port, name)
        if name not in {"claim", "keep", "move", "announce", "publish", "shift"}:
            return effect

        def lit(*args):
            self._fuse[0] -= 1
            if self._fuse[0] == 0:
                raise ServiceError("cut here")
            self._log.append(name)
            return effect(*args)

        return lit


def cut(ports, after):
    fuse, log = [after], []
    fields = ("store", "bus", "registry", "traffic", "artifacts", "trainer", "alarms")
    return type(ports)(**{name: Cut(getattr(ports, name), log, fuse) for name in fields}), log


@pytest.mark.parametrize("effect", range(1, 6))
def test_wherever_a_merge_is_cut_the_next_delivery_ends_the_same(ready, effect):
    ports, _ = cut(ready.local.ports, effect)
    with pytest.raises(ServiceError, match="cut here"):
        handle("fuse", tick(events.TICK_MERGE, MONDAY), ports, MONDAY)
    handle("fuse", tick(events.TICK_MERGE, MONDAY), ready.local.ports, MONDAY)
    assert ready.store.names(names.RELEASES) == ["releases/spiralverse-ai-federated-v1.0.0"]
    assert len(ready.store.names(names.RECEIPTS)) == 1


def test_a_promotion_is_carried_out_in_the_order_that_survives_a_crash(ready):
    handle("fuse", tick(events.TICK_MERGE, MONDAY), ready.local.ports, MONDAY)
    ports, log = cut(ready.local.ports, 99)
    handle("promote", tick(events.TICK_PROMOTE, TUESDAY), ports, TUESDAY)
    assert log == ["keep", "move", "shift", "announce"]


@pytest.mark.parametrize("effect", [1, 2, 3, 4])
def test_wherever_a_promotion_is_cut_it_happens_once(ready, effect):
    handle("fuse", tick(events.TICK_MERGE, MONDAY), ready.local.ports, MONDAY)
    ports, _ = cut(ready.local.ports, effect)
    with pytest.raises(ServiceError, match="cut here"):
        handle("promote", tick(events.TICK_PROMOTE, TUESDAY), ports, TUESDAY)
    handle("promote", tick(events.TICK_PROMOTE, TUESDAY), ready.local.ports, TUESDAY)
    assert ready.channel.counter == 1
    assert ready.local.ports.traffic.serving("production").counter == 1


def test_a_roll_back_moves_before_anything_is_written_down(ready):
    ready.second_release()
    ports, log = cut(ready.local.ports, 99)
    handle("roll_back", breach_event("alarm", "2026-01-13T12:00:00Z", {}), ports, NEXT_TUESDAY)
    assert log == ["move", "keep", "shift", "announce"]


def test_of_two_workers_that_decided_on_one_channel_the_slower_loses(ready):
    handle("fuse", tick(events.TICK_MERGE, MONDAY), ready.local.ports, MONDAY)
    slow = decide("promote", tick(events.TICK_PROMOTE, TUESDAY), ready.local.ports, TUESDAY)
    handle("promote", tick(events.TICK_PROMOTE, "2026-01-06T09:31:00Z"), ready.local.ports, TUESDAY)
    with pytest.raises(ConflictError):
        carry_out(slow, ready.local.ports)
    assert ready.channel.counter == 1


def test_a_refusal_on_a_channel_that_has_moved_is_decided_again(ready):
    handle("fuse", tick(events.TICK_MERGE, MONDAY), ready.local.ports, MONDAY)
    held = decide("promote", tick(events.TICK_PROMOTE, MONDAY), ready.local.ports, MONDAY)
    ready.tell(events.HOLD_ORDERED, who="ada", why="x")
    with pytest.raises(ConflictError, match="moved while promote decided"):
        carry_out(held, ready.local.ports)


def test_every_stored_decision_can_be_taken_again_to_the_same_byte(ready):
    ready.tick("merge", MONDAY)
    ready.tick("promote", TUESDAY)
    ready.ship("embedder", 2, "worse")
    ready.alarm("2026-01-06T12:00:00Z")
    kept = [ready.document(name) for prefix in DECISION_PREFIXES for name in ready.store.names(prefix)]
    stored = [decision_in(document) for document in kept]
    assert {document["step"] for document in stored} == {"validate", "gate", "fuse", "promote", "roll_back"}
    for document in stored:
        reads = RecordedReads(document["reads"], ready.store, ready.local.ports.artifacts)
        step, event = load(document["step"]), Event.of(document["event"])
        outcome = step.decide(event, step.gather(event, reads), reads.policy(), document["now"])
        assert canonical(summary(outcome)) == canonical(document["outcome"])


def test_a_decision_whose_evidence_is_gone_cannot_be_taken_again(ready):
    (name, *_) = ready.store.names(names.REPORTS)
    document = decision_in(ready.document(name))
    for file in (ready.local.folder / "clouds").rglob("quality.jsonl"):
        file.unlink()
    reads = RecordedReads(document["reads"], ready.store, ready.local.ports.artifacts)
    with pytest.raises(MissingError, match="was read by the decision, but is no longer there"):
        load("gate").gather(Event.of(document["event"]), reads)


def test_what_was_decided_is_logged_with_its_event_and_a_repetition_only_for_who_looks_closely(ready, caplog):
    due = tick(events.TICK_MERGE, MONDAY)
    with caplog.at_level("DEBUG", logger="federation"):
        for _ in range(2):
            handle("fuse", due, ready.local.ports, MONDAY)
    first, again = (line for line in caplog.records if getattr(line, "event_id", None) == due.id)
    assert (first.levelname, again.levelname) == ("INFO", "DEBUG")
    assert first.getMessage().startswith("spiralverse-ai-federated-v1.0.0 assembled. ")
    said = {field: getattr(first, field) for field in ("step", "type", "subject", "documents", "moved", "events")}
    assert said == {
        "step": "fuse",
        "type": events.TICK_MERGE,
        "subject": "schedule",
        "documents": 2,
        "moved": None,
        "events": [events.RELEASE_ASSEMBLED],
    }


def test_what_the_registry_has_taken_is_not_published_again_whatever_became_of_its_tag(ready):
    due = tick(events.TICK_MERGE, MONDAY)
    (told,) = handle("fuse", due, ready.local.ports, MONDAY).events
    tag = ready.local.folder / "registry" / "tags" / told.subject
    tag.write_text("f" * 40)
    assert handle("fuse", due, ready.local.ports, MONDAY).repeat
    assert tag.read_text() == "f" * 40


def test_a_release_that_the_store_has_lost_is_not_published(ready):
    due = tick(events.TICK_MERGE, MONDAY)
    lost = Outcome(why="a release", acts=(Publish(release="spiralverse-ai-federated-v7.0.0"),), repeat=True)
    with pytest.raises(MissingError, match=r"v7\.0\.0 cannot be published: the store does not contain it"):
        carry_out(Decision(step="fuse", event=due, now=MONDAY, trace=(), outcome=lost), ready.local.ports)


def test_without_a_policy_nothing_is_decided(tmp_path):
    home = local_home(tmp_path, in_memory=True)
    with pytest.raises(MissingError, match="federation init"):
        handle("fuse", tick(events.TICK_MERGE, MONDAY), home.ports, MONDAY)
    home.close()


def test_the_policy_of_the_highest_version_is_the_active_one(ready):
    ready.store.keep(names.policy(2), canonical({**POLICY, "version": 2, "name": "stricter"}))
    asked = decide("fuse", tick(events.TICK_MERGE, MONDAY), ready.local.ports, MONDAY).outcome.events
    assert [event.data["policy"] for event in asked] == [2, 2, 2]


def test_every_event_type_that_a_step_hears_is_routed_to_it():
    assert routes()[events.SLO_BREACHED] == ("roll_back",)
    assert {step for steps in routes().values() for step in steps} == set(STEPS)


def test_a_step_of_another_version_is_not_imported():
    with pytest.raises(LookupError, match="there is no step 'merging'"):
        load("merging")


def test_an_event_of_a_newer_version_is_delivered_again_and_changes_nothing(ready):
    """Its rules were deployed before its functions: taken for another order, it once lifted a hold."""
    home = ready
    home.tell(events.HOLD_ORDERED, who="ada", why="an incident")
    of_tomorrow = Event(
        type="federation.tomorrow.ordered.v1",
        source="//test",
        subject="x",
        time=home.now,
        key="x",
        data={"who": "bob", "why": "x"},
    )
    for step in STEPS:
        with pytest.raises(ServiceError, match=f"{step} of this version does not know federation.tomorrow"):
            handle(step, of_tomorrow, home.local.ports, home.now)
    assert home.channel.hold.who == "ada"
