# SPDX-License-Identifier: Apache-2.0
"""In one process or over the bus: the same documents, and an alarm that waits for nothing."""

import pytest
from msgspec.structs import replace

from federation.chain import deliver_chain, run_chain
from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.policy import policy_of
from federation.core.strict_json import document
from federation.demo import wire_aws
from federation.demo.examples import examples
from federation.demo.stage import LocalStage
from federation.demo.story import first_week, second_week, story
from federation.demo.trust import TRUST
from federation.errors import ConflictError, ServiceError
from federation.reads import LiveReads
from federation.runtime import routes
from federation.sources import Trust
from federation.wiring.local import local_home
from tests.steps.home import NEXT_TUESDAY, THURSDAY
from tests.steps.home import home as made
from tests.test_relay import queued
from tests.test_runtime import Cut


@pytest.fixture
def home(tmp_path):
    home = local_home(tmp_path / "home")
    policy = document((examples() / "policy.json").read_bytes())
    home.ports.store.keep(names.policy(policy_of(policy).version), canonical(policy))
    yield home
    home.close()


def stage(home, *, inline):
    return LocalStage(home, Trust.read(TRUST), examples(), inline=inline)


def documents(home, *prefixes):
    """Whatever was decided about them: a decision tells of its moment."""
    reads = LiveReads(home.ports)
    found = {name: reads.document(name) for prefix in prefixes for name in reads.names(prefix)}
    return {
        name: {key: kept for key, kept in document.items() if key != "decision"} for name, document in found.items()
    }


def test_the_story_ends_with_the_same_documents_inline(home, tmp_path):
    other = local_home(tmp_path / "other")
    policy = document((examples() / "policy.json").read_bytes())
    other.ports.store.keep(names.policy(policy_of(policy).version), canonical(policy))
    list(story(stage(home, inline=True)))
    list(story(stage(other, inline=False)))
    kept = (
        names.VERSIONS,
        names.REPORTS,
        names.MERGES,
        names.RELEASES,
        names.SETTLED,
        names.RECEIPTS,
        names.REGATE_LISTS,
    )
    assert documents(home, *kept) == documents(other, *kept)
    assert home.ports.store.channel("production") == other.ports.store.channel("production")
    other.close()


def test_inline_nothing_that_a_step_hears_goes_over_the_bus(home):
    heard = []
    home.bus.announce = heard.extend  # type: ignore[method-assign]
    list(first_week(stage(home, inline=True)))
    assert {event.type for event in heard}.isdisjoint(routes())
    assert home.ports.store.names(names.RELEASES)


class Noted:
    """A port that writes down what is asked of it."""

    def __init__(self, port, log):
        self._port, self._log = port, log

    def __getattr__(self, name):
        method = getattr(self._port, name)

        def noted(*args):
            self._log.append((name, args[0]))
            return method(*args)

        return noted


ALARM = wire_aws.alarm("2026-11-24T14:04:41Z", about="2026-11-24T14:04:40Z")
OVER = wire_aws.alarm("2026-11-24T14:04:41Z", about="2026-11-24T13:00:00Z", state="OK")


@pytest.mark.parametrize("brought", [ALARM, queued(OVER.body, ALARM.body)], ids=["alone", "behind another in a batch"])
def test_an_alarm_reads_the_channel_and_moves_it_before_anything_else(home, brought):
    play = stage(home, inline=True)
    list(first_week(play))
    list(second_week(play))
    log = []
    ports = type(home.ports)(**{name: Noted(getattr(home.ports, name), log) for name in home.ports.__struct_fields__})
    deliver_chain(brought, Trust.read(TRUST), ports, lambda: "2026-11-24T14:04:41Z")
    asked = [call for call in log if call[1] not in {names.POLICIES, names.policy(1)}]  # a process asks once a minute
    assert asked[:2] == [("channel", "production"), ("move", "production")]
    assert home.ports.traffic.serving("production").release == "spiralverse-ai-federated-v1.0.0"
    shifted = [call for call in log if call[0] == "shift"]
    assert len(shifted) == 1, "and is not heard once more with the rest of its delivery"


@pytest.mark.parametrize(("word", "moved"), [("tell", []), ("hold", [("move", "production")])])
def test_an_alarm_that_may_not_roll_back_does_what_its_policy_says_in_one_process_too(home, word, moved):
    play = stage(home, inline=True)
    list(first_week(play))
    list(second_week(play))
    rules = document((examples() / "policy.json").read_bytes())
    words = {**rules["rollback"], "alarms": {wire_aws.ALARM: word}}
    home.ports.store.keep(names.policy(2), canonical({**rules, "version": 2, "rollback": words}))
    log, heard = [], []
    home.bus.announce = heard.extend  # type: ignore[method-assign]
    ports = replace(home.ports, store=Noted(home.ports.store, log), traffic=Noted(home.ports.traffic, log))
    for _ in range(2):
        deliver_chain(ALARM, Trust.read(TRUST), ports, lambda: "2026-11-24T14:04:41Z")
    assert [call for call in log if call[0] in {"move", "shift"}] == moved, "once, however often it is delivered"
    assert {event.data["word"] for event in heard if event.type == events.SLO_NOTED} == {word}
    assert home.ports.traffic.serving("production").release == "spiralverse-ai-federated-v1.0.1"


class Overtaken:
    """A store whose channel somebody else moves just before the first move."""

    def __init__(self, store):
        self._store, self._left = store, 1

    def __getattr__(self, name):
        return getattr(self._store, name)

    def move(self, *args):
        if self._left:
            self._left = 0
            raise ConflictError("overtaken")
        return self._store.move(*args)


def test_an_alarm_that_fails_keeps_none_from_rolling_back_that_came_behind_it_and_is_delivered_again(home):
    play = stage(home, inline=True)
    list(first_week(play))
    list(second_week(play))
    rules = document((examples() / "policy.json").read_bytes())
    words = {**rules["rollback"], "alarms": {"brake": "hold"}}
    home.ports.store.keep(names.policy(2), canonical({**rules, "version": 2, "rollback": words}))
    both = queued(ALARM.body.replace(wire_aws.ALARM.encode(), b"brake"), ALARM.body)
    now, trust = "2026-11-24T14:04:41Z", Trust.read(TRUST)
    with pytest.raises(ConflictError, match="overtaken"):
        deliver_chain(both, trust, replace(home.ports, store=Overtaken(home.ports.store)), lambda: now)
    assert home.ports.traffic.serving("production").release == "spiralverse-ai-federated-v1.0.0"
    deliver_chain(both, trust, home.ports, lambda: now)
    channel = document(home.ports.store.channel("production"))
    assert [moved["kind"] for moved in channel["moves"][-2:]] == ["roll_back", "hold"]


def test_an_old_alarm_asks_first_whether_it_is_still_true(home):
    play = stage(home, inline=True)
    list(first_week(play))
    told = wire_aws.alarm("2026-11-18T09:00:00Z", about="2026-11-18T08:00:00Z")
    resolved = wire_aws.alarm("2026-11-18T08:30:00Z", about="2026-11-18T08:20:00Z", state="OK")
    for body in (resolved, told):
        deliver_chain(body, Trust.read(TRUST), home.ports, lambda: "2026-11-18T09:00:00Z")
    assert not home.ports.store.names(f"{names.DECISIONS}roll_back/")


@pytest.mark.parametrize("effect", range(1, 16))
def test_wherever_a_chain_is_cut_the_next_delivery_ends_the_same(home, effect):
    play = stage(home, inline=True)
    manifest = examples() / "aws_manifest.json"
    folder = "s3://spiralverse-artifacts/models/runtime-distilled-v1/output/"
    play.ships(manifest, folder)
    job = wire_aws.training_job("runtime-distilled-v1", f"{folder}model.tar.gz", "2026-11-15T05:40:00Z")
    fuse = [effect]
    ports = type(home.ports)(
        **{name: Cut(getattr(home.ports, name), [], fuse) for name in home.ports.__struct_fields__}
    )
    trust = Trust.read(TRUST)
    try:
        deliver_chain(job, trust, ports, lambda: "2026-11-15T05:41:00Z")
    except ServiceError:
        deliver_chain(job, trust, home.ports, lambda: "2026-11-15T05:42:00Z")
    home.settle(lambda: "2026-11-15T05:43:00Z")
    assert len(home.ports.store.names(names.VERSIONS)) == 2
    assert len(home.ports.store.names(names.REPORTS)) == 2


class Unreadable:
    """Artifacts whose records cannot be read; everything else can."""

    def __init__(self, artifacts, error):
        self._artifacts = artifacts
        self._error = error
        self.observe = artifacts.observe

    def read(self, uri, limit):
        if uri.endswith(".jsonl"):
            raise self._error
        return self._artifacts.read(uri, limit)


@pytest.mark.parametrize("error", [ServiceError("the records cannot be read now"), KeyError("a fault of ours")])
def test_what_a_later_step_raises_on_is_delivered_again_by_the_bus(home, error):
    play = stage(home, inline=True)
    folder = "s3://spiralverse-artifacts/models/runtime-distilled-v1/output/"
    play.ships(examples() / "aws_manifest.json", folder)
    job = wire_aws.training_job("runtime-distilled-v1", f"{folder}model.tar.gz", "2026-11-15T05:40:00Z")
    ports = replace(home.ports, artifacts=Unreadable(home.ports.artifacts, error))
    deliver_chain(job, Trust.read(TRUST), ports, lambda: "2026-11-15T05:41:00Z")
    assert home.bus.waiting() == 2
    home.settle(lambda: "2026-11-15T05:42:00Z")
    assert len(home.ports.store.names(names.REPORTS)) == 2


def test_what_one_step_leads_to_is_done_in_the_same_process(tmp_path):
    """A promotion leaves a unit behind, which is judged again against what serves now."""
    begun = made(tmp_path)
    begun.first_release()
    begun.ship("embedder", 2)
    begun.tick("merge", THURSDAY)
    begun.ship("textgen-lora", 2)
    due = Event(type=events.TICK_PROMOTE, source="//test", subject="schedule", time=NEXT_TUESDAY, key="tick", data={})
    run_chain("promote", due, begun.local.ports, lambda: NEXT_TUESDAY)
    assert begun.channel.serving.name.endswith("v1.0.1")
    assert len(begun.store.names(names.reports("textgen-lora", 2))) == 2
    begun.local.close()


def test_a_process_that_ended_between_two_steps_is_made_up_for_by_the_next_delivery(home):
    """Nothing is left on the bus, and the completion is settled: only what was announced then is still to be done."""
    play = stage(home, inline=True)
    folder = "s3://spiralverse-artifacts/models/runtime-distilled-v1/output/"
    play.ships(examples() / "aws_manifest.json", folder)
    job = wire_aws.training_job("runtime-distilled-v1", f"{folder}model.tar.gz", "2026-11-15T05:40:00Z")
    ending = replace(home.ports, artifacts=Unreadable(home.ports.artifacts, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        deliver_chain(job, Trust.read(TRUST), ending, lambda: "2026-11-15T05:41:00Z")
    assert home.ports.store.names(names.SETTLED)
    assert home.bus.waiting() == 0
    deliver_chain(job, Trust.read(TRUST), home.ports, lambda: "2026-11-15T05:42:00Z")
    assert len(home.ports.store.names(names.REPORTS)) == 2


def test_a_first_step_that_raises_is_delivered_again_by_its_sender(home):
    tick = Event(
        type=events.TICK_SWEEP, source="//test", subject="schedule", time="2026-11-15T05:00:00Z", key="tick", data={}
    )
    broken = replace(home.ports, trainer=None)
    with pytest.raises(AttributeError):
        run_chain("sweep", tick, broken, lambda: "2026-11-15T05:00:00Z")
    run_chain("sweep", tick, home.ports, lambda: "2026-11-15T05:00:00Z")
