# SPDX-License-Identifier: Apache-2.0
"""A unit leaves a machine that nobody empties: the manifest last, or everything at once."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from infra.emulators import gcs, hub
from tests.ports.backends_aws import *  # noqa: F403 - fixtures

from training_images.job.errors import ConfigError
from training_images.job.upload import upload

PUSH = (
    "import sys, pathlib; from training_images.job.upload import upload; upload(pathlib.Path(sys.argv[1]), sys.argv[2])"
)
TOY = Path(__file__).with_name("toy.py")
FILES = {
    "textgen-lora/adapter.safetensors": b"weights",
    "textgen-lora/README.md": b"---\nlicense: mit\n---\n![loss](charts/loss.svg)\n",
    "textgen-lora/charts/loss.svg": b"<svg/>",
    "_MANIFEST.json": b"{}",
}


@pytest.fixture
def unit(tmp_path):
    for name, body in FILES.items():
        path = tmp_path / "unit" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return tmp_path / "unit"


def pushed(unit, uri, **environment):
    """A job of its own, as a container is: clients read their endpoints from the environment."""
    ended = pushing(unit, uri, **environment)
    assert ended.returncode == 0, ended.stderr


def pushing(unit, uri, **environment):
    told = {"PYTHONPATH": f"{os.getcwd()}:{os.getcwd()}/functions", **environment}  # noqa: PTH109 - the tests' root
    return subprocess.run(
        [sys.executable, "-c", PUSH, str(unit), uri], env=told, capture_output=True, text=True, timeout=60, check=False
    )


def breaking_off(faults, operation):
    """Faults that let a unit's first files through and refuse the last."""
    seen = []

    def watch(called):
        seen.append(called)
        if called == operation and seen.count(operation) == len(FILES):
            faults.refuse(operation, 403, times=9)

    faults.watch = watch


def test_a_bucket_of_amazons_gets_every_file(unit, s3, aws_cloud, bucket):
    pushed(unit, f"s3://{bucket}/jobs/lora-1", **aws_cloud.environment)
    assert set(keys(s3, bucket)) == set(FILES)


def test_a_push_to_amazon_that_breaks_off_before_its_end_leaves_no_manifest(unit, s3, aws_cloud, bucket):
    breaking_off(aws_cloud.faults, "PutObject")
    assert pushing(unit, f"s3://{bucket}/jobs/lora-1", **aws_cloud.environment).returncode != 0
    aws_cloud.faults.forget()
    assert set(keys(s3, bucket)) == set(FILES) - {"_MANIFEST.json"}


def keys(s3, bucket):
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="jobs/lora-1/")["Contents"]
    return [one["Key"].removeprefix("jobs/lora-1/") for one in listed]


@contextmanager
def google():
    """An imitation of Cloud Storage with a bucket, and the names of what lies there."""
    with gcs.serving(buckets=("acme-units",)) as cloud:
        yield cloud, lambda: {name.removeprefix("jobs/lora-1/") for name in cloud.buckets.all["acme-units"].live}


def test_a_bucket_of_googles_gets_every_file(unit):
    with google() as (cloud, names):
        pushed(unit, "gs://acme-units/jobs/lora-1", STORAGE_EMULATOR_HOST=cloud.endpoint, GOOGLE_CLOUD_PROJECT="acme")
        assert names() == set(FILES)


def test_a_push_to_google_that_breaks_off_before_its_end_leaves_no_manifest(unit):
    with google() as (cloud, names):
        breaking_off(cloud.faults, "objects.insert")
        told = {"STORAGE_EMULATOR_HOST": cloud.endpoint, "GOOGLE_CLOUD_PROJECT": "acme"}
        assert pushing(unit, "gs://acme-units/jobs/lora-1", **told).returncode != 0
        assert names() == set(FILES) - {"_MANIFEST.json"}


def test_a_repository_of_the_hub_gets_all_of_it_in_one_commit_with_the_card_in_front(unit):
    with hub.serving() as cloud:
        from huggingface_hub import HfApi

        pushed(unit, "hf://models/acme/lora-1", HF_ENDPOINT=cloud.endpoint, HF_TOKEN="hf_test", HF_HUB_DISABLE_XET="1")
        api = HfApi(endpoint=cloud.endpoint, token="hf_test")
        assert set(api.list_repo_files("acme/lora-1")) >= {*FILES, "README.md"}
        newest, *_ = api.list_repo_commits("acme/lora-1")
        assert newest.title == "A unit, with its evidence and its manifest"


def test_what_an_earlier_job_left_on_the_machine_is_not_pushed_along(tmp_path):
    (tmp_path / "words.txt").write_text("turn on the light")
    with gcs.serving() as cloud:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import storage

        client = storage.Client(
            project="acme", credentials=AnonymousCredentials(), client_options={"api_endpoint": cloud.endpoint}
        )
        client.create_bucket("acme-units")
        for kind in ("textgen-lora", "embedder"):
            ended(tmp_path, kind, STORAGE_EMULATOR_HOST=cloud.endpoint, GOOGLE_CLOUD_PROJECT="acme")
        names = {blob.name for blob in client.list_blobs("acme-units", prefix="embedder/")}
        client.close()
    assert names > {"embedder/_MANIFEST.json", "embedder/embedder/weights.json"}
    assert not [name for name in names if "textgen-lora" in name]


def ended(root, kind, **environment):
    """A job on this machine whose unit is pushed to a bucket."""
    words = ["--region", "here", "--machine", "core", "--channel.data", "/", "--makes", kind]
    told = {**environment, "CONTRACT_ROOT": str(root), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, str(TOY), *words, "--output", f"gs://acme-units/{kind}"],
        env=told, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("uri", ["ftp://acme/unit", "/mnt/unit", "hf://datasets/acme/unit", "hf://models/acme"])
def test_where_nothing_can_be_pushed_is_told(unit, uri):
    with pytest.raises(ConfigError):
        upload(unit, uri)


def test_a_repository_that_a_push_makes_is_nobody_elses_to_read(unit):
    """Who wants others to have the unit says so on the Hub; a job does not."""
    with hub.serving() as cloud:
        from huggingface_hub import HfApi

        pushed(unit, "hf://models/acme/lora-1", HF_ENDPOINT=cloud.endpoint, HF_TOKEN="hf_test", HF_HUB_DISABLE_XET="1")
        assert HfApi(endpoint=cloud.endpoint, token="hf_test").model_info("acme/lora-1").private is True
