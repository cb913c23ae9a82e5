# SPDX-License-Identifier: Apache-2.0
"""Two trainings of one kind finish in the wrong order. What can become of the older one?"""

import json

import pytest

from federation.demo import wire_google
from federation.demo.show import staged
from federation.demo.story import first_week
from federation.demo.trust import GCS_BUCKET

LATE, SERVING = "spiralverse/embedder-v2", "spiralverse/embedder-v3"
MANIFEST = "gcp_manifest.json"


@pytest.fixture(scope="module")
def home(tmp_path_factory, examples):
    """The first release serves version 3 of Google's units when version 2 arrives."""
    folder, units = tmp_path_factory.mktemp("late") / "home", tmp_path_factory.mktemp("units")
    for path in examples.iterdir():
        if path.name != MANIFEST:
            (units / path.name).symlink_to(path)
    manifest = json.loads((examples / MANIFEST).read_bytes())
    for unit in manifest["units"]:
        unit["name"] = unit["name"].replace("-v1", "-v3")
    (units / MANIFEST).write_text(json.dumps(manifest))
    with staged(folder, units) as stage:
        assert list(first_week(stage))
        ships(stage, examples / "later" / MANIFEST, "embedder/v2/", "2026-11-18T05:50:00Z")
    return folder


def ships(stage, manifest, path, at):
    stage.ships(manifest, f"gs://{GCS_BUCKET}/{path}")
    stage.arrives(at, "Cloud Storage: the sentinel is written", wire_google.sentinel(path, at))


def explained(federation, home, unit):
    return federation("explain", unit, "--folder", home, "--json").json


def test_a_lower_number_than_what_serves_is_superseded_although_it_passed(federation, home):
    page = explained(federation, home, LATE)
    assert {finding["verdict"] for finding in page["findings"]} == {"pass"}
    assert page["verdict"] == "superseded"
    assert page["why"] == [f"{SERVING} serves, and a merge takes only higher numbers"]
    assert page["next"] == ["To release this content after all, ship it as spiralverse/embedder-v4."]


def test_the_list_of_all_units_says_so_too(federation, home):
    units = federation("status", "--all", "--folder", home, "--json").json["units"]
    assert {unit["name"]: unit["state"] for unit in units if "embedder" in unit["name"]} == {
        LATE: "superseded",
        SERVING: "serving",
    }


def test_no_merge_takes_it(federation, home):
    federation("tick", "merge", "--folder", home)
    assert LATE not in str(federation("releases", "--folder", home, "--json").json)


def test_of_two_numbers_that_passed_a_merge_takes_the_higher(federation, tmp_path, examples):
    home = tmp_path / "home"
    with staged(home, examples) as stage:
        ships(stage, examples / MANIFEST, "embedder/v1/", "2026-11-18T05:50:00Z")
        ships(stage, examples / "later" / MANIFEST, "embedder/v2/", "2026-11-18T06:00:00Z")
    first, second = (explained(federation, home, f"spiralverse/embedder-v{number}") for number in (1, 2))
    assert (first["verdict"], second["verdict"]) == ("passed", "passed")
    assert first["next"] == ["A merge takes the highest number that has passed, now spiralverse/embedder-v2."]
    assert second["next"] == ["The next merge takes it into a release: federation tick merge"]
