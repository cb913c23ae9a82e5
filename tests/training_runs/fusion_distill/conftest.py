# SPDX-License-Identifier: Apache-2.0
import pytest
from tests.training_runs.small_world.home import World, shared


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return shared(tmp_path_factory.getbasetemp())
