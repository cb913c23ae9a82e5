# SPDX-License-Identifier: Apache-2.0
"""The demo's home after its two weeks."""

from pathlib import Path

import pytest

from federation.demo.show import play
from federation.reads import LiveReads
from federation.wiring.local import local_home

EXAMPLES = Path(__file__).resolve().parents[2] / "training" / "examples"


@pytest.fixture(scope="session")
def lines_and_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "home"
    return list(play(folder, EXAMPLES)), folder


@pytest.fixture(scope="session")
def lines(lines_and_folder):
    return lines_and_folder[0]


@pytest.fixture
def folder(lines_and_folder):
    return lines_and_folder[1]


@pytest.fixture
def home(folder):
    home = local_home(folder)
    yield home
    home.close()


@pytest.fixture
def reads(home):
    return LiveReads(home.ports)


@pytest.fixture
def channel(reads):
    return reads.channel("production")
