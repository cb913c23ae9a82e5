# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the steps' stories."""

import pytest

from tests.steps.home import home as made


@pytest.fixture
def home(tmp_path):
    found = made(tmp_path)
    yield found
    found.local.close()


@pytest.fixture
def second(home):
    """A home in its second week; v1.0.1 serves, which brought an embedder."""
    return home.second_release()


@pytest.fixture
def home_under(tmp_path):
    """A home under the simulated policy, with some of its fields replaced."""
    homes = []

    def under(**policy):
        homes.append(made(tmp_path, **policy))
        return homes[-1]

    yield under
    for found in homes:
        found.local.close()
