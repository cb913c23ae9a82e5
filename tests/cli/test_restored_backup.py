# SPDX-License-Identifier: Apache-2.0
"""A home was restored from a backup: what was rolled back since must not be released again."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from federation.demo.show import staged
from federation.demo.stage import LocalStage
from federation.demo.story import first_week, second_week, the_alarm
from federation.demo.trust import TRUST
from federation.sources import Trust
from federation.wiring.local import local_home

SECOND = "spiralverse-ai-federated-v1.0.1"
BAD = "spiralverse/textgen-lora-v2"
WHO = ("--who", "eva", "--why", "restored")


@pytest.fixture
def restored(tmp_path, examples):
    """A home of which the store is that of Wednesday, before the second release was made, promoted and left."""
    folder, backup = tmp_path / "home", tmp_path / "store.sqlite"
    with staged(folder, examples) as stage:
        assert list(first_week(stage))
        with closing(sqlite3.connect(folder / "store.sqlite")) as store, closing(sqlite3.connect(backup)) as copy:
            store.backup(copy)
        assert [*second_week(stage), *the_alarm(stage)]
    shutil.copyfile(backup, folder / "store.sqlite")
    return folder


@pytest.fixture
def delivered_again(restored, examples):
    """Have everything that came since delivered again, and merged; what became of it."""

    def again():
        home = local_home(restored)
        try:
            stage = LocalStage(home, Trust.read(TRUST), examples)
            return " ".join(told for line in second_week(stage) for told in line.became)
        finally:
            home.close()

    return again


def brought_by_what_was_made_since(federation, folder):
    """As the page says: the registry has releases that `federation releases` does not list."""
    listed = {one["name"] for one in federation("releases", "--folder", folder, "--json").json}
    made_since = [place.parent for place in (folder / "registry").glob("*/manifest.json")]
    documents = [json.loads((place / "manifest.json").read_bytes()) for place in made_since if place.name not in listed]
    assert [one["name"] for one in documents] == [SECOND]
    units = [unit for release in documents for unit in release["units"].values()]
    return {unit["name"]: unit["artifact"] for unit in units if unit["origin"] == "new"}


def test_an_unknown_unit_is_quarantined_by_the_digits_that_the_registry_has(federation, restored, delivered_again):
    unknown = federation("quarantine", BAD, *WHO, "--folder", restored)
    assert unknown.code == 3
    assert "is named by all 64 digits of its artifact" in unknown.err
    brought = brought_by_what_was_made_since(federation, restored)
    assert BAD in brought
    for artifact in brought.values():
        assert federation("quarantine", artifact, *WHO, "--folder", restored).code == 0
    told = delivered_again()
    assert f"{BAD} accepted" in told
    assert [one["name"] for one in federation("releases", "--folder", restored, "--json").json] == [
        "spiralverse-ai-federated-v1.0.0"
    ]


def test_without_that_the_next_merge_would_release_it_again(federation, restored, delivered_again):
    assert f"{SECOND} assembled" in delivered_again()
    (*_, newest) = federation("releases", "--folder", restored, "--json").json
    assert BAD in newest["units"]
