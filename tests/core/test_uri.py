# SPDX-License-Identifier: Apache-2.0
"""The manifest lies beside what the job wrote, wherever that is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.core.uri import file_uri, folder, manifest, parse
from federation.errors import ContractError

COMMIT = "2ce38a52c2ca3bf5f5d25396ce9af05bdbf9b3c5"


@pytest.mark.parametrize(
    ("artifact", "place"),
    [
        ("s3://models/distil-12/output/model.tar.gz", "s3://models/distil-12/output/_MANIFEST.json"),
        ("s3://models/distil-12/output/", "s3://models/distil-12/output/_MANIFEST.json"),
        ("gs://models/embedder/3/", "gs://models/embedder/3/_MANIFEST.json"),
        ("gs://models/embedder/3/_MANIFEST.json", "gs://models/embedder/3/_MANIFEST.json"),
        (f"hf://models/spiralverse/lora@{COMMIT}", f"hf://models/spiralverse/lora@{COMMIT}/_MANIFEST.json"),
        (f"hf://models/spiralverse/lora@{COMMIT}/a/b.bin", f"hf://models/spiralverse/lora@{COMMIT}/a/_MANIFEST.json"),
        ("./training/examples/hf_manifest.json", "./training/examples/_MANIFEST.json"),
    ],
)
def test_the_manifest_of_an_artifact(artifact, place):
    assert manifest(artifact) == place


def test_a_file_lies_below_its_manifests_folder():
    place = folder("s3://models/distil-12/output/_MANIFEST.json")
    assert file_uri(place, "weights/model.onnx") == "s3://models/distil-12/output/weights/model.onnx"


def test_a_path_longer_than_any_store_takes_is_refused_and_told_in_few_words():
    assert parse(f"s3://models/{'a' * 1024}", "s3", {"models"}).path == "a" * 1024
    with pytest.raises(ContractError, match="more than 1,024 bytes") as refused:
        parse(f"s3://models/{'ä' * 513}", "s3", {"models"})
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("gs://models/a.bin", "expected s3://"),
        ("s3", "expected s3://"),
        ("models/a.bin", "expected s3://"),
        ("s3://secrets/a.bin", "expected backup or models, found 'secrets'"),
        ("s3://models", "empty or dotted segment"),
        ("s3://models/", "empty or dotted segment"),
        ("s3://models/a//b.bin", "empty or dotted segment"),
        ("s3://models/./a.bin", "empty or dotted segment"),
        ("s3://models/../secrets/a.bin", "empty or dotted segment"),
        *(
            (f"s3://models/a{character}b.bin", "a character that is not allowed in an artifact's name")
            for character in "\\?#%\n\x00"
        ),
    ],
)
def test_what_is_not_surely_a_file_in_a_bucket_of_the_list_is_not_read(place, told):
    with pytest.raises(ContractError, match="cannot be read") as refused:
        parse(place, "s3", ["models", "backup"])
    assert told in str(refused.value)


def test_without_a_list_nothing_is_read():
    with pytest.raises(ContractError, match="expected no URI at all, found 'models'"):
        parse("s3://models/a.bin", "s3", ())


@given(st.from_regex(r"(s3|gs)://[a-z]{3,8}(/[a-z0-9.]{1,6}){1,4}/?", fullmatch=True))
def test_the_manifest_of_a_manifest_is_itself(artifact):
    assert manifest(manifest(artifact)) == manifest(artifact)
    assert folder(folder(artifact)) == folder(artifact)
