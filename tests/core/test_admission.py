# SPDX-License-Identifier: Apache-2.0
"""What is let in: the right name from the right platform, trained on data that stayed, of the very bytes it claims."""

import pytest
from msgspec.structs import replace
from tests.core.proposals import policy, unit

from federation.core.admission import StoredFile, files_of, integrity_faults, manifest_faults, missing, origin_faults
from federation.core.manifest import DataSet, File, Residency

LORA = unit("textgen-lora", 12)
WEIGHTS = LORA.files[0]


def lying(found, **changed):
    """What lies at each path of a unit: what it says, but for what is changed."""
    honest = {file.path: StoredFile(sha256=file.sha256, bytes=file.bytes) for file in files_of(found)}
    return {path: seen for path, seen in {**honest, **changed}.items() if seen is not None}


def told(found=LORA, platform="hf", observed=None):
    seen = lying(found) if observed is None else observed
    return (*manifest_faults(found, platform, policy()), *integrity_faults(found, seen))


def trained_on(*datasets, left=False):
    return replace(LORA, residency=Residency(raw_data_left=left, datasets=datasets))


def dataset(name, platform):
    return DataSet(name=name, digest="sha256:" + "0" * 64, platform=platform, region="eu-west-1")


def test_an_honest_unit_comes_in():
    assert told() == ()


def test_what_is_shipped_and_what_proves_it_are_both_looked_at():
    paths = [file.path for file in files_of(LORA)]
    assert paths == ["model.bin", "quality.jsonl", "latency.jsonl", "safety.jsonl"]


@pytest.mark.parametrize(
    ("found", "platform", "fault"),
    [
        (
            replace(LORA, name="elsewhere/textgen-lora-v12"),
            "hf",
            "elsewhere/textgen-lora-v12 belongs to elsewhere, but this policy governs spiralverse",
        ),
        (
            replace(LORA, name="spiralverse/embedder-v12"),
            "hf",
            "spiralverse/embedder-v12 is of kind textgen-lora, so its name must be spiralverse/textgen-lora-v12",
        ),
        (LORA, "gcp", "gcp may not ship textgen-lora: the policy's matrix allows it only embedder"),
        (LORA, "azure", "azure may ship nothing: the policy's matrix lists only aws, gcp, hf"),
        (
            trained_on(left=True),
            "hf",
            "spiralverse/textgen-lora-v12 says that raw training data left hf; only artifacts and metrics may leave",
        ),
        (
            trained_on(dataset("intents", "hf"), dataset("tickets", "gcp")),
            "hf",
            "spiralverse/textgen-lora-v12 was trained on hf with data set tickets, which is on gcp",
        ),
        (
            replace(LORA, files=[WEIGHTS, WEIGHTS]),
            "hf",
            "spiralverse/textgen-lora-v12 lists model.bin more than once",
        ),
    ],
    ids=["organisation", "kind", "matrix", "platform", "raw data", "foreign data", "listed twice"],
)
def test_each_reason_to_stay_outside_is_told_in_a_sentence(found, platform, fault):
    assert told(found, platform) == (fault,)


def test_other_bytes_of_the_same_length_are_seen():
    other = lying(LORA, **{"model.bin": StoredFile(sha256="f" * 64, bytes=WEIGHTS.bytes)})
    assert told(observed=other) == (f"model.bin has sha256 {'f' * 64}, but the manifest says {WEIGHTS.sha256}",)


def test_another_length_is_told_as_such():
    shorter = lying(LORA, **{"safety.jsonl": StoredFile(sha256="f" * 64, bytes=3)})
    (fault,) = told(observed=shorter)
    assert fault.startswith("safety.jsonl has 3 bytes, but the manifest says ")


def test_a_file_that_is_not_there_yet_is_missing_and_not_wrong():
    half = lying(LORA, **{"latency.jsonl": None})
    assert told(observed=half) == ()
    assert missing(LORA, half) == ("latency.jsonl",)
    assert missing(LORA, lying(LORA)) == ()


def test_every_reason_is_told_at_once():
    wrong = replace(
        trained_on(dataset("tickets", "gcp"), left=True),
        name="elsewhere/embedder-v12",
        files=[File(path="model.bin", sha256="0" * 64, bytes=WEIGHTS.bytes)],
    )
    assert len(told(wrong, "aws", lying(LORA))) == 6


@pytest.mark.parametrize(
    ("origin", "uri", "believed"),
    [
        ("hf://models/spiralverse/", "hf://models/spiralverse/lora@2ce38a/_MANIFEST.json", True),
        ("hf://models/spiralverse/lora/", "hf://models/spiralverse/lora@2ce38a/_MANIFEST.json", True),
        ("hf://models/spiralverse/lora/", "hf://models/spiralverse/lora-of-others@2ce38a/_MANIFEST.json", False),
        ("hf://models/spiralverse/lora/", "hf://models/others/lora@2ce38a/_MANIFEST.json", False),
        ("s3://bucket/a/", "s3://bucket@x/a/_MANIFEST.json", False),
        ("hf://models/spiralverse/", "./hf_manifest.json", True),
        ("hf://models/spiralverse/", "file:///srv/hf_manifest.json", False),
    ],
)
def test_an_origin_may_be_one_repository_and_a_path_given_by_hand_has_none(origin, uri, believed):
    assert (origin_faults("hf", uri, "", replace(policy(), origins={"hf": [origin]})) == ()) == believed
