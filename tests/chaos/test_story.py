# SPDX-License-Identifier: Apache-2.0
"""The demo's two weeks end the same in a cloud where services fail, answers are lost and processes die."""

import random
from pathlib import Path

import pytest
from infra.demo import STAGES, packages
from tests.chaos.troubled import Troubled

from federation.core import names
from federation.core.digest import digest_of
from federation.demo.show import staged
from federation.demo.story import story

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "training" / "examples"


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """The releases of the same story at home, where nothing goes wrong."""
    with staged(tmp_path_factory.mktemp("home") / "home", EXAMPLES) as stage:
        kept = [name for line in story(stage) for name in line.documents]
        return {name: digest_of(stage.release(name.removeprefix(names.RELEASES))) for name in kept if is_release(name)}


def is_release(name):
    return name.startswith(names.RELEASES)


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_whatever_goes_wrong_the_two_weeks_end_as_at_home(cloud, calm, tmp_path):
    with STAGES[cloud](packages(tmp_path), tmp_path, EXAMPLES) as stage:
        troubled = Troubled(stage, cloud, random.Random(f"{cloud} 1"))
        list(story(troubled))
        told = "\n".join(f"{what}: {trouble}" for what, trouble in troubled.log)
        store = stage.store
        assert {name: digest_of(store.read(name)) for name in store.names(names.RELEASES)} == calm, told
        channel = stage.serves()
        assert channel["serving"]["name"] == "spiralverse-ai-federated-v1.0.0", told
        moves = [moved["kind"] for moved in channel["moves"] if moved["kind"] != "probe"]
        assert moves == ["promote", "promote", "roll_back"], told
        assert [moved["counter"] for moved in channel["moves"]] == list(range(1, channel["counter"] + 1)), told
        assert len(channel["quarantine"]) == 4, told
        assert {letter.step for letter in stage.home.letters.list()} <= {"receive"}, told  # a foreign account's event
