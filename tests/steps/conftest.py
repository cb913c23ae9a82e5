"""Fixtures of the steps' stories."""

import pytest

from tests.steps.home import home as made


@pytest.fixture
def home(tmp_path):
    return made(tmp_path)


@pytest.fixture
def home_under(tmp_path):
    return lambda **policy: made(tmp_path, **policy)
