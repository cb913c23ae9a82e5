# SPDX-License-Identifier: Apache-2.0
"""At three in the morning a thousand completions lie in a store in a cloud, and the answer needs few of them."""

import json
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from tests import written
from tests.steps.home import MONDAY, TUESDAY, home

from federation.cli.commands.explain import page_about
from federation.cli.commands.status import status_of
from federation.cli.store.history import History
from federation.cli.store.serving import last_tampering
from federation.cli.store.shelf import Shelf
from federation.cli.store.trend import trend
from federation.core import event as events
from federation.core import instant, names
from federation.core.alarm import breach_event
from federation.core.digest import canonical, digest
from federation.core.event import Event
from federation.ports import Ports

KINDS = ("textgen-lora", "embedder", "runtime-distilled")
PAST = 1_000
FIRST, SECOND = PAST + 1, PAST + 2
NIGHT = "2026-01-16T03:00:00Z"
HOUR = 3600.0


@dataclass
class Counting:
    """A store in a cloud: it tells when each document was kept, and counts the calls."""

    documents: dict = field(default_factory=dict)
    kept: dict = field(default_factory=dict)
    channels: dict = field(default_factory=dict)
    read_names: list = field(default_factory=list)
    listings: int = 0

    def put(self, name, body, when):
        if name not in self.documents:
            self.documents[name], self.kept[name] = body, when

    def read(self, name):
        self.read_names.append(name)
        return self.documents.get(name)

    def names(self, prefix):
        return sorted(self.dates(prefix))

    def dates(self, prefix):
        self.listings += 1
        return {name: when for name, when in self.kept.items() if name.startswith(prefix)}

    def channel(self, name):
        return self.channels.get(name)


@dataclass
class Home:
    """As a command sees a home in a cloud."""

    store: Counting
    place: str = "s3://acme/home"
    readers: int = 8
    letters: object = None

    def __post_init__(self):
        self.letters = self

    @property
    def ports(self):
        rest = dict.fromkeys(("bus", "artifacts", "registry", "trainer", "traffic", "alarms"))
        return Ports(store=self.store, **rest)

    @property
    def shelf(self):
        return Shelf(self.ports, self.readers)

    def list(self):
        return []

    def queued(self):
        return 0


def decided(step, event, told):
    return written.decision(step, event, f"{event.subject} {told}")


def long_ago(store, number):
    """One of the thousand: a completion, its unit, the gate, a merge and a promotion that was held."""
    when = HOUR * number
    kind = KINDS[number % 3]
    time = f"2025-{1 + number // 100:02d}-{1 + number % 28:02d}T00:00:00Z"
    name = f"acme/{kind}-v{number + 1}"
    event = Event(type=events.ARTIFACT_COMPLETED, source="//aws", subject=name, time=time, key=f"{number}", data={})
    store.put(names.event(event.id), canonical(event.document()), when)
    settled = {
        "event": event.id,
        "told": [],
        "uri": f"s3://bucket/{number}/_MANIFEST.json",
        "decision": decided("validate", event, "accepted"),
    }
    store.put(names.settled(event.id), canonical(settled), when + 1)
    version = written.version(name, kind, time)
    store.put(names.version(kind, number + 1), canonical(version), when + 1)
    judged = {"basis": {"baseline": None, "anchor": None, "policy": ""}, "verdict": "pass", "findings": []}
    report = {"report": judged, "unit": version, "decision": decided("gate", event, "passed")}
    store.put(names.report(digest(number), kind, number + 1), canonical(report), when + 2)
    store.put(
        names.merge(event.id), canonical({"release": "x", "decision": decided("fuse", event, "assembled")}), when + 3
    )
    store.put(f"{names.decisions('promote', event.id)}held", canonical(decided("promote", event, "held")), when + 4)


@pytest.fixture(scope="module")
def old_home(tmp_path_factory):
    """A home of a thousand completions, in whose last two weeks two releases served and one was left."""
    live = home(tmp_path_factory.mktemp("home"))
    store = Counting()
    for number in range(PAST):
        long_ago(store, number)
    moment = [HOUR * PAST]

    def lived(happens):
        happens()
        moment[0] += HOUR
        for name in live.store.names(""):
            store.put(name, live.store.read(name), moment[0])

    for kind in KINDS:
        lived(lambda kind=kind: live.ship(kind, FIRST))
    lived(lambda: live.tick("merge", MONDAY))
    lived(lambda: live.tick("promote", TUESDAY))
    lived(lambda: live.ship("embedder", SECOND))
    lived(lambda: live.tick("merge", "2026-01-08T08:00:00Z"))
    lived(lambda: live.tick("promote", "2026-01-13T09:30:00Z"))
    live.now = NIGHT
    lived(lambda: live.tell(events.SLO_BREACHED, at=NIGHT))
    store.channels["production"] = live.store.channel("production")
    live.local.close()
    return Home(store)


@pytest.fixture
def counted(old_home):
    """The home, and how many documents it was asked for since; each at most once."""
    old_home.store.read_names.clear()
    old_home.store.listings = 0
    return old_home


def release(home, number):
    return sorted(name.removeprefix(names.RELEASES) for name in home.store.names(names.RELEASES))[number]


def few(home, most):
    read = home.store.read_names
    assert 0 < len(read) <= most, len(read)
    assert home.store.listings <= 40
    return True


def test_the_status_looks_at_what_is_open_and_says_how_much_it_left_out(counted):
    found = status_of(counted)
    assert few(counted, 80)
    assert {one["name"].rpartition("/")[2] for one in found["units"]} >= {f"{kind}-v{FIRST}" for kind in KINDS}
    states = {one["name"].rpartition("/")[2]: one["state"] for one in found["units"]}
    assert (states[f"embedder-v{SECOND}"], states[f"textgen-lora-v{FIRST}"]) == ("quarantined", "serving")
    assert [one["unit"].rpartition("/")[2] for one in found["quarantine"]] == [f"embedder-v{SECOND}"]
    assert found["older"]["units"] > 900
    assert found["older"]["completions"] > 900


def test_an_alarm_on_trial_that_cries_wolf_all_week_costs_the_status_no_more(old_home):
    home = Home(deepcopy(old_home.store))
    policy = json.loads(home.store.documents[names.policy(1)])
    rules = {"settle_seconds": 300, "alarms": {"wolf": "tell"}}
    home.store.put(names.policy(2), canonical({**policy, "version": 2, "rollback": rules}), HOUR * (PAST + 20))
    for number in range(300):
        at = instant.text(instant.moment(NIGHT) + timedelta(hours=2 * number, minutes=6))
        cry = breach_event("wolf", at, {})
        found = decided("roll_back", cry, "is told")
        noted = Event(type=events.SLO_NOTED, source="//x", subject="wolf", time=at, key="x", data={"word": "tell"})
        found["outcome"]["events"] = [noted.document()]
        kept = HOUR * (PAST + 20 + 2 * number)
        home.store.put(f"{names.decisions('roll_back', cry.id)}told", canonical(found), kept)
    home.store.read_names.clear()
    (wolf,) = status_of(home)["on_trial"]
    assert wolf["goes_on"]
    assert few(home, 100)


def test_three_hundred_completions_that_were_never_announced_cost_the_status_five_documents(old_home):
    home = Home(deepcopy(old_home.store))
    home.store.read_names.clear()
    assert status_of(home)["received"] == []
    before = len(home.store.read_names)
    for number in range(300):
        time = "2026-01-15T00:00:00Z"
        event = Event(type=events.ARTIFACT_COMPLETED, source="//aws", subject="x", time=time, key=f"{number}!", data={})
        home.store.put(names.event(event.id), canonical(event.document()), HOUR * (PAST + 20))
    home.store.read_names.clear()
    found = status_of(home)
    assert (len(found["received"]), found["older"]["received"]) == (5, 295)
    assert len(home.store.read_names) == before + 5


def test_all_of_it_is_there_for_who_wants_it(counted):
    found = status_of(counted, every=True)
    assert len(found["units"]) >= PAST
    assert found["older"] == {"units": 0, "completions": 0, "parked": 0, "received": 0}


def test_the_last_decision_is_the_roll_back_of_this_night_with_what_followed(counted):
    page = page_about(counted.shelf, "last")
    assert few(counted, 24)
    assert page.led_here[-1].now == NIGHT


def test_the_last_roll_back_is_found_where_roll_backs_are(counted):
    page = page_about(counted.shelf, "roll_back")
    assert few(counted, 6)
    assert page.verdict == "rolled back"


@pytest.mark.parametrize(("number", "verdict"), [(0, "serving"), (1, "rolled back")])
def test_a_release_is_told_by_what_was_decided_since_it_was_made(counted, number, verdict):
    page = page_about(counted.shelf, release(counted, number))
    assert few(counted, 24)
    assert page.verdict == verdict
    assert [past.step for past in page.led_here][:2] == ["fuse", "promote"]
    assert "roll_back" in {past.step for past in page.led_here}


def test_a_unit_is_told_by_what_was_decided_since_it_came(counted):
    page = page_about(counted.shelf, f"spiralverse/embedder-v{SECOND}")
    assert few(counted, 24)
    assert [past.step for past in page.led_here][:2] == ["validate", "gate"]


def test_an_event_is_found_by_its_name_with_all_that_it_led_to(counted):
    (rolled,) = counted.store.names(f"{names.DECISIONS}roll_back/")
    page = page_about(counted.shelf, rolled.split("/")[2][:12])
    assert few(counted, 24)
    assert page.led_here[0].step == "roll_back"


def test_a_metric_is_followed_through_the_releases_and_the_reports_of_what_they_brought(counted):
    points = trend(counted.shelf, "accuracy")
    assert [point.unit.rpartition("/")[2] for point in points] == [
        f"embedder-v{FIRST}",
        f"embedder-v{SECOND}",
        f"runtime-distilled-v{FIRST}",
        f"textgen-lora-v{FIRST}",
    ]
    assert few(counted, 2 + len(points))
    assert counted.store.listings == 1


def test_everything_is_read_once_by_several_and_in_order(counted):
    decisions = History(counted.shelf).decisions
    assert len(decisions) > 4 * PAST
    assert len(counted.store.read_names) == len(set(counted.store.read_names))
    moments = [past.now for past in decisions]
    assert moments == sorted(moments)


def test_a_store_that_tells_no_dates_gives_the_same_pages(counted):
    class Undated:
        """The same store, as a folder would be."""

        def __init__(self, store):
            self.read, self.names, self.channel = store.read, store.names, store.channel

    folder = Shelf(Ports(**{**dict.fromkeys(Ports.__struct_fields__), "store": Undated(counted.store)}))
    for subject in ("last", "roll_back", release(counted, 1), f"spiralverse/embedder-v{SECOND}"):
        here, there = (page_about(shelf, subject).document() for shelf in (folder, counted.shelf))
        assert json.dumps(here) == json.dumps(there)


def test_a_job_of_two_weeks_ago_is_nobodys_any_more_unless_somebody_wants_every_one(counted):
    now = HOUR * (PAST + 20)
    for name, age in (("embedder-lost", 15), ("embedder-runs", 1), ("embedder-shipped", 2)):
        counted.store.put(names.job(name), canonical(written.job(name, "embedder")), now - age * 24 * HOUR)
    time = "2026-01-15T00:00:00Z"
    event = Event(type=events.ARTIFACT_COMPLETED, source="//aws", subject="x", time=time, key="shipped", data={})
    settled = {"uri": "s3://bucket/embedder-shipped/", "told": [], "decision": decided("validate", event, "accepted")}
    counted.store.put(names.settled(event.id), canonical(settled), now - 12 * HOUR)
    assert [one["name"] for one in status_of(counted)["jobs"]] == ["embedder-runs"]
    assert [one["name"] for one in status_of(counted, every=True)["jobs"]] == ["embedder-lost", "embedder-runs"]


def test_the_last_job_of_each_kind_that_ended_badly_is_told_however_many_of_others_were_launched_since(counted):
    now, kinds = HOUR * (PAST + 20), ("reranker", "translator", "speech")
    policy = json.loads(counted.store.documents[names.policy(1)])
    described = {kind: {"image": "image", "arguments": [], "after_rollback": False} for kind in kinds}
    counted.store.put(names.policy(2), canonical({**policy, "version": 2, "jobs": described}), now)
    failed, lost, refused = (f"{kind}-000000000001" for kind in kinds)
    counted.store.put(names.job(failed), canonical(written.job(failed, kinds[0])), now + 1)
    counted.store.put(names.failed_job(failed), canonical(written.ended(failed, "FAILED: a disk", NIGHT)), now + 2)
    counted.store.put(names.job(lost), canonical(written.job(lost, kinds[1])), now + 1)
    counted.store.put(names.lost_job(lost), canonical(written.ended(lost, "lost: gone", NIGHT)), now + 2)
    no = {"name": refused, "kind": kinds[2], "why": "no money is left"}
    counted.store.put(names.refused_job(refused), canonical(no), now + 2)
    for number in range(20):
        other = f"judge-{number:012x}"
        counted.store.put(names.job(other), canonical(written.job(other, "judge")), now + 3 + number)
    found = {line["kind"]: (line["state"], line["why"]) for line in status_of(counted)["jobs"]}
    found.pop("embedder", None)  # of another story
    assert found.pop("judge") == ("under way", "gcp on demand")
    assert found == {
        kinds[0]: ("failed", "FAILED: a disk"),
        kinds[1]: ("failed", "lost: gone"),
        kinds[2]: ("refused", "no money is left"),
    }
    again = written.job(f"{kinds[0]}-2", kinds[0])
    counted.store.put(names.job(again["name"]), canonical(again), now + 40)
    states = {line["state"] for line in status_of(counted)["jobs"] if line["kind"] == kinds[0]}
    assert states == {"under way"}, "somebody is at work on it"


def test_what_was_tampered_with_stays_told_for_a_day_however_often_sweeps_find_something_else(old_home):
    home = Home(deepcopy(old_home.store))
    for hour in range(30):
        at = instant.text(instant.moment(NIGHT) + timedelta(hours=hour))
        event = Event(type=events.TICK_SWEEP, source="//x", subject="registry", time=at, key=f"{hour}", data={})
        told = Event(type=events.TAMPER_DETECTED, source="//x", subject="x", time=at, key="x", data={}).document()
        found = decided("sweep", event, "found something")
        found["outcome"]["events"] = [told] if hour == 0 else []
        home.store.put(f"{names.decisions('sweep', event.id)}found", canonical(found), HOUR * (PAST + 20 + hour))
        home.store.read_names.clear()
        known = last_tampering(History(home.shelf), at)
        assert (known is not None) == (hour <= 25)
        assert len(home.store.read_names) < 30
