"""The adapters of one machine."""

import pytest
from tests.ports.letterbox import Letterbox
from tests.ports.shelf import Shelf

from federation.errors import ServiceError
from federation.local.artifacts import LocalArtifacts
from federation.local.bus import LocalBus
from federation.local.database import Database
from federation.local.dead_letters import LocalDeadLetters
from federation.local.registry import LocalRegistry
from federation.local.store import LocalStore
from federation.local.traffic import LocalTraffic
from federation.runtime import routes


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
