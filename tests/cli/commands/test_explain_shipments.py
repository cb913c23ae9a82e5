# SPDX-License-Identifier: Apache-2.0
"""Two teams ship under one number, and a third has not uploaded everything: each finds out where its shipment is."""

import json

import pytest

from federation.demo import wire_aws, wire_google
from federation.demo.show import staged
from federation.demo.trust import GCS_BUCKET

SEARCH, NEWS, LATE = "embedder/search/", "embedder/news/", "embedder/late/"
UNIT = "spiralverse/embedder-v1"
WEIGHTS = "embedder/adapter_model.safetensors"
MERGE = "2026-11-16T08:00:00Z"


def lies(path):
    return f"gs://{GCS_BUCKET}/{path}"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory, examples):
    """A home with two shipments of one number; of a third only the manifest has come, and no merge has found enough."""
    tmp_path = tmp_path_factory.mktemp("shipped")
    folder, other = tmp_path / "home", tmp_path / "other"
    other.mkdir()
    for path in examples.iterdir():
        (other / path.name).symlink_to(path)
    manifest = json.loads((examples / "gcp_manifest.json").read_bytes())
    manifest["units"][0]["provenance"]["job"] = "the news team's"
    (other / "news.json").write_text(json.dumps(manifest))
    with staged(folder, examples) as stage:
        for path, shipment, at in (
            (SEARCH, examples / "gcp_manifest.json", "2026-11-15T10:00:00Z"),
            (NEWS, other / "news.json", "2026-11-15T10:02:30Z"),
            (LATE, examples / "later" / "gcp_manifest.json", "2026-11-15T11:00:00Z"),
        ):
            stage.ships(shipment, lies(path))
            if path == LATE:
                (folder / "clouds" / "gs" / GCS_BUCKET / path / WEIGHTS).unlink()
            stage.arrives(at, "Cloud Storage: the sentinel is written", wire_google.sentinel(path, at))
        stage.arrives(MERGE, "The merge is due", wire_aws.tick("merge", MERGE))
    return folder


def explained(federation, folder, subject):
    return federation("explain", subject, "--folder", folder, "--json").json


def test_the_page_of_a_number_shows_both_shipments(federation, shipped):
    page = explained(federation, shipped, UNIT)
    assert page["facts"]["lies at"] == lies(SEARCH)
    assert page["facts"]["other content"].startswith(f"rejected, lies at {lies(NEWS)}")
    assert page["next"][-1].endswith("ship it as spiralverse/embedder-v2.")


def test_the_digits_of_a_rejection_lead_to_that_page(federation, shipped):
    page = federation("status", "--folder", shipped).out
    rejected = next(line for line in page.splitlines() if " already names " in line)
    digits = rejected.partition(" already names ")[2].partition(";")[0]
    assert explained(federation, shipped, digits)["subject"] == UNIT


def test_every_document_that_the_status_names_has_a_page(federation, shipped):
    found = federation("status", "--folder", shipped, "--json").json
    units = [(place, one["name"]) for one in found["units"] for place in one["documents"]]
    waiting = [(one["document"], one["subject"]) for one in found["waiting"]]
    assert {place.partition("/")[0] for place, _ in (*units, *waiting)} == {"versions", "reports", "settled", "waiting"}
    for place, about in (*units, *waiting):
        page = federation("explain", place, "--folder", shipped)
        assert page.code == 0, place
        assert about in page.out
    for gone in ("settled/0", "versions/embedder/000000009"):
        assert federation("explain", gone, "--folder", shipped).code == 3


def test_a_unit_without_its_files_is_looked_for_in_what_waits(federation, shipped):
    answer = federation("explain", "spiralverse/embedder-v2", "--folder", shipped)
    assert answer.code == 3
    (one,) = federation("status", "--folder", shipped, "--json").json["waiting"]
    digits = one["event"].removeprefix("sha256:")[:12]
    assert f"federation explain --folder {shipped} {digits}" in answer.err
    page = explained(federation, shipped, digits)
    assert page["verdict"] == "waiting"
    assert WEIGHTS in page["why"][0]
    assert "federation tick sweep" in page["next"][0]


def test_what_waits_of_another_kind_is_no_trace_of_a_unit_that_is_missing(federation, shipped):
    answer = federation("explain", "spiralverse/textgen-lora-v3", "--folder", shipped)
    assert (answer.code, "completion waiting" in answer.err) == (3, False)
    assert answer.err.rstrip().endswith(f"Or its event was lost: federation tick --folder {shipped} sweep")


def test_a_merge_that_made_nothing_names_what_waits(federation, shipped):
    page = explained(federation, shipped, "fuse")
    assert page["verdict"] == "merge skipped"
    (told,) = [value for name, value in page["facts"].items() if name.startswith("waiting ")]
    assert told.startswith(lies(LATE))
    assert WEIGHTS in told


def test_what_was_rejected_is_looked_at_again_only_if_its_manifest_is_written_again(federation, examples, tmp_path):
    """Its team mends the file, and the archive's copy of the old event is sent again, which succeeds and does nothing."""
    shipments, path = tmp_path / "units", "embedder/moved/"
    shipments.mkdir()
    for one in examples.iterdir():
        (shipments / one.name).symlink_to(one)
    manifest = json.loads((examples / "gcp_manifest.json").read_bytes())
    for dataset in manifest["units"][0]["residency"]["datasets"]:
        dataset["platform"] = "aws"
    (shipments / "moved.json").write_text(json.dumps(manifest))
    delivery = wire_google.sentinel(path, "2026-11-15T10:00:00Z")
    with staged(tmp_path / "home", examples) as stage:
        stage.ships(shipments / "moved.json", lies(path))
        stage.arrives("2026-11-15T10:00:00Z", "The sentinel is written", delivery)
        stage.ships(examples / "gcp_manifest.json", lies(path))
        stage.arrives("2026-11-15T11:00:00Z", "The old event again", delivery)
    page = explained(federation, tmp_path / "home", UNIT)
    assert page["verdict"] == "rejected"
    assert any("only when its manifest is written again; to send the old event again" in one for one in page["next"])
