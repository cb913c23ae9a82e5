# SPDX-License-Identifier: Apache-2.0
"""The adapters of one machine."""

import pytest
from tests.ports.accounts import until
from tests.ports.jobs import Jobs
from tests.ports.letterbox import Letterbox
from tests.ports.line import HEARD, Line
from tests.ports.monitor import Monitor
from tests.ports.shelf import Shelf

from federation.core.channel import Channel, Entry
from federation.core.digest import canonical
from federation.core.uri import SENTINEL
from federation.errors import ServiceError
from federation.local.alarms import LocalAlarms
from federation.local.artifacts import LocalArtifacts
from federation.local.bus import LocalBus
from federation.local.database import Database
from federation.local.dead_letters import LocalDeadLetters
from federation.local.registry import LocalRegistry
from federation.local.store import LocalStore
from federation.local.traffic import LocalTraffic
from federation.local.trainer import LocalTrainer
from federation.runtime import routes
from federation.wiring.traffic_elsewhere import TrafficElsewhere

WAITS = """
import pathlib, sys, time
while not pathlib.Path("go").exists():
    time.sleep(0.01)
pathlib.Path("unit").mkdir()
pathlib.Path(sys.argv[1]).write_text("{}")
"""


@pytest.fixture
def memory_store():
    database = Database(None)
    yield LocalStore(database)
    database.close()


@pytest.fixture
def file_store(tmp_path):
    database = Database(tmp_path / "store.sqlite")
    yield LocalStore(database)
    database.close()


@pytest.fixture
def local_shelf(tmp_path):
    def place(path, body):
        file = tmp_path / "clouds/s3/acme-models" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
        return f"s3://acme-models/{path}"

    foreign = ("s3://../../etc/passwd", "file:///etc/passwd", "../../../etc/passwd", "s3:///../x")
    return Shelf(artifacts=LocalArtifacts(tmp_path / "clouds"), place=place, foreign=foreign)


@pytest.fixture
def local_registry(tmp_path):
    return LocalRegistry(tmp_path / "registry")


@pytest.fixture
def local_traffic(tmp_path):
    return LocalTraffic(tmp_path / "serving", tmp_path / "registry")


class MovedFirst:
    """Traffic of a home whose nodes are elsewhere and read the channel: each shift first moves the channel."""

    def __init__(self, store):
        self._store = store
        self._traffic = TrafficElsewhere(store)
        self.refusal = self._traffic.refusal
        self.serving = self._traffic.serving
        self.probe = self._traffic.probe

    def shift(self, shift):
        served = self.serving(shift.channel)
        before = served.counter if served else 0
        if shift.counter > before:
            serving = Entry(name=shift.release, digest="", since="", units={}, numbers={}, new=(), commit="")
            channel = Channel(name=shift.channel, counter=shift.counter, serving=serving)
            self._store.move(shift.channel, before, canonical(channel.document()))
        self._traffic.shift(shift)


@pytest.fixture
def elsewhere_traffic(memory_store):
    return MovedFirst(memory_store)


@pytest.fixture
def local_letterbox():
    database = Database(None)
    bus = LocalBus(database, routes())

    def gives_up(step, event):
        def deliver(hearing, _event):
            if hearing == step:
                raise ServiceError("the step is down")

        bus.announce([event])
        bus.drain(deliver)

    def delivered():
        got = []
        bus.drain(lambda step, event: got.append((step, event)))
        return got

    yield Letterbox(letters=LocalDeadLetters(bus), gives_up=gives_up, delivered=delivered)
    database.close()


@pytest.fixture
def local_line():
    database = Database(None)
    bus = LocalBus(database, {HEARD: ("gate",)})

    def heard(_count):
        got = []
        bus.drain(lambda _step, event: got.append(event))
        return got

    yield Line(bus=bus, heard=heard)
    database.close()


@pytest.fixture
def local_jobs(tmp_path, monkeypatch):
    """Jobs that wait for a file, and then write their manifest, or a file that is none."""
    (tmp_path / "waits_to_go.py").write_text(WAITS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    folder = tmp_path / "jobs"

    def ends(name, _well):
        (folder / name / "go").touch()
        until((folder / name / "exit_code.txt").exists, pause=0.02)

    def started(name):
        ends(name, True)
        return len(list(folder.glob("*")))

    job = {"platform": "aws", "kind": "embedder", "image": "waits_to_go", "arguments": [f"unit/{SENTINEL}"]}
    broken = {**job, "arguments": ["unit/model.bin"]}
    return Jobs(trainer=LocalTrainer(folder), job=job, broken=broken, started=started, ends=ends)


@pytest.fixture
def local_monitor(tmp_path):
    """Alarms in a folder. All of them are ours, so `strange` leaves a file that is not JSON, and `deny` a torn one."""
    folder = tmp_path / "alarms"
    folder.mkdir()

    def fires(name):
        place = folder / f"{name}.json"
        place.write_text(
            f'{{"key": "local|{name}", "at": "2026-11-18T10:04:40Z", "labels": {{"service": "churn"}}, "name": "{name}"}}'
        )

    return Monitor(
        alarms=LocalAlarms(folder),
        fires=fires,
        ends=lambda name: (folder / f"{name}.json").unlink(),
        strange=(folder / "notes.txt").touch,
        deny=lambda: (folder / "torn.json").write_text('{"key": "loc'),
    )
