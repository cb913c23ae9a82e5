# SPDX-License-Identifier: Apache-2.0
"""What a platform says that it ships, and the name that follows from it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.corpus.cases import VALID, valid

from federation.core.digest import digest
from federation.core.manifest import File, artifact_of, manifest_of, unit_of

MANIFESTS = [case for case in VALID if case.schema == "manifest.v1"]
hexadecimal = st.text("0123456789abcdef", min_size=64, max_size=64)
files = st.lists(
    st.builds(File, path=st.text("abc/.", min_size=1, max_size=9), sha256=hexadecimal, bytes=st.integers(0, 2**53 - 1)),
    min_size=1,
    max_size=6,
    unique_by=lambda file: file.path,
)


@pytest.mark.parametrize("case", MANIFESTS, ids=str)
def test_every_checked_manifest_becomes_one(case):
    found = manifest_of(case.document)
    assert found.platform == case.document["platform"]
    assert [unit.name for unit in found.units] == [stated["name"] for stated in case.document["units"]]


def test_a_name_holds_organisation_kind_and_number():
    unit = manifest_of(valid("manifest.v1", "index-with-its-calibration")).units[0]
    assert (unit.org, unit.kind, unit.number) == ("spiralverse", "retrieval-eval", 1)


def test_a_kind_that_ends_like_a_version_keeps_its_number_apart():
    stated = valid("manifest.v1", "two-adapters-from-the-hub")["units"][0]
    unit = unit_of({**stated, "name": "spiralverse/encoder-v2-v31", "kind": "encoder-v2"})
    assert unit.number == 31


@given(files, st.randoms(use_true_random=False))
def test_the_artifact_is_the_set_of_files_in_whatever_order_they_are_listed(listed, random):
    assert artifact_of(random.sample(listed, len(listed))) == artifact_of(listed)


@given(files, st.data())
def test_another_byte_another_place_or_another_size_is_another_artifact(listed, data):
    index = data.draw(st.integers(0, len(listed) - 1))
    old = listed[index]
    new = data.draw(
        st.sampled_from(
            [
                replace(old, path=f"{old.path}x"),
                replace(old, sha256=old.sha256[::-1]),
                replace(old, bytes=old.bytes + 1),
            ]
        )
    )
    changed = [*listed[:index], new, *listed[index + 1 :]]
    assert (artifact_of(changed) == artifact_of(listed)) == (new == old)


def test_the_artifact_says_nothing_about_the_evidence_that_came_with_it():
    stated = valid("manifest.v1", "two-adapters-from-the-hub")["units"][0]
    assert unit_of({**stated, "evidence": {}}).artifact == unit_of(stated).artifact


def test_every_file_behind_the_evidence_is_listed_the_baselines_run_among_them():
    unit = manifest_of(valid("manifest.v1", "latency-against-what-serves")).units[0]
    assert [file.path.rpartition("/")[2] for file in unit.evidence_files()] == [
        "quality.jsonl",
        "latency.jsonl",
        "adversarial.jsonl",
        "policy.jsonl",
        "latency_of_baseline.jsonl",
    ]


def test_evidence_without_records_names_no_file():
    unit = manifest_of(valid("manifest.v1", "summary-and-point-evidence")).units[0]
    assert unit.evidence.quality.summary["accuracy"].mean == "0.8880"
    assert unit.evidence.latency.point == {"latency_ms": "0.412", "cost": "0.0000021"}
    assert {file.path.rpartition("/")[2] for file in unit.evidence_files()} == {"adversarial.jsonl", "policy.jsonl"}


def test_a_unit_may_come_without_any_evidence_and_the_gates_will_say_so():
    assert manifest_of(valid("manifest.v1", "no-evidence-yet-from-a-new-platform")).units[0].evidence_files() == ()


def test_a_field_that_nobody_knows_is_read_over_and_counts_in_the_digest():
    document = valid("manifest.v1", "fields-nobody-knows-are-kept")
    stated = document["units"][0]
    plain = {key: value for key, value in stated.items() if key != "card"}
    assert unit_of(stated) == unit_of(plain)
    assert digest(stated) != digest(plain)
    assert digest(msgspec.json.decode(msgspec.json.encode(document))) == digest(document)
