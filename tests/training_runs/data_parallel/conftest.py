# SPDX-License-Identifier: Apache-2.0
"""What is learned from, what is asked, and how: small enough to be learned in seconds."""

from pathlib import Path

import pytest
from tests.training_runs.small_world import home

from training_images.data_parallel.train import train
from training_images.job.run import run


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    return home.data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def suite(tmp_path_factory) -> Path:
    return home.suite(tmp_path_factory.mktemp("suite"))


@pytest.fixture
def started(data, suite, tmp_path):
    """The whole job: its exit code, what it said if it failed, and where its unit lies."""

    def start(*more, **channels):
        words = home.channels(**{"data": data, "suite": suite, **channels})
        code = run(train, [*home.WHERE, "--output", str(tmp_path / "unit"), *words, "--batch", "24", *more], {})
        failure = tmp_path / "failure.txt"
        return code, failure.read_text("utf-8").strip() if failure.exists() else "", tmp_path / "unit"

    return start
