"""Every adapter that claims a port; the same suite runs against each."""

import pytest

from federation.local.artifacts import LocalArtifacts
from federation.local.database import Database
from federation.local.registry import LocalRegistry
from federation.local.store import LocalStore
from federation.local.traffic import LocalTraffic
from federation.local.trainer import LocalTrainer


@pytest.fixture(params=["memory", "file"])
def store(request, tmp_path):
    database = Database(None if request.param == "memory" else tmp_path / "store.sqlite")
    yield LocalStore(database)
    database.close()


@pytest.fixture
def clouds(tmp_path):
    return tmp_path / "clouds"


@pytest.fixture
def artifacts(clouds):
    return LocalArtifacts(clouds)


@pytest.fixture
def registry(tmp_path):
    return LocalRegistry(tmp_path / "registry")


@pytest.fixture
def traffic(tmp_path):
    return LocalTraffic(tmp_path / "serving", tmp_path / "registry")


@pytest.fixture
def trainer(tmp_path):
    return LocalTrainer(tmp_path / "jobs")
