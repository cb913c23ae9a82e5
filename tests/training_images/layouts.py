# SPDX-License-Identifier: Apache-2.0
"""A job as each platform starts it, on this machine: an environment, a command line, and files below a root."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

KIND = "textgen-lora"
JOB = {
    "arguments": ["--requests", "3"],
    "asked_by": "sha256:" + "1" * 64,
    "image": "sha256:" + "2" * 64,
}
ALONE = {"cluster": {"workerpool0": ["host-0:2222"]}, "task": {"type": "workerpool0", "index": 0}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A job as a platform starts it, and where its output and failure are."""

    platform: str
    environment: Mapping[str, str]
    arguments: tuple[str, ...]
    output: Path
    failure: Path
    name: str
    region: str


def sagemaker(root: Path, channels: Mapping[str, Path], *settings: str, kind: str = KIND) -> Layout:
    """`docker run IMAGE train`; every hyperparameter is a string, and the SDK encodes strings as JSON."""
    home = root / "opt" / "ml"
    pairs = dict(zip(settings[::2], settings[1::2], strict=True))
    hyperparameters = {name.removeprefix("--"): f'"{value}"' for name, value in pairs.items()}
    _write(home / "input/config/hyperparameters.json", {**hyperparameters, "sagemaker_region": '"eu-central-1"'})
    _write(home / "input/config/resourceconfig.json", {"current_host": "algo-1", "hosts": ["algo-1"]})
    data = home / "input" / "data"
    data.mkdir(parents=True, exist_ok=True)
    for name, folder in channels.items():
        (data / name).symlink_to(folder)
    arn = "arn:aws:sagemaker:eu-central-1:111122223333:training-job/lora-1"
    return Layout(
        platform="aws",
        environment={
            "TRAINING_JOB_NAME": "lora-1",
            "TRAINING_JOB_ARN": arn,
            "AWS_REGION": "eu-central-1",
            "FEDERATION_JOB": json.dumps({**JOB, "kind": kind, "platform": "aws", "machine": "ml.m5.large"}),
        },
        arguments=("train",),
        output=home / "model",
        failure=home / "output" / "failure",
        name=arn,
        region="eu-central-1",
    )


def vertex(root: Path, channels: Mapping[str, Path], *settings: str, kind: str = KIND) -> Layout:
    """Buckets are below /gcs, and the command line names channels by their gs:// URI."""
    bucket = root / "gcs" / "acme-models"
    bucket.mkdir(parents=True, exist_ok=True)
    for name, folder in channels.items():
        (bucket / name).symlink_to(folder)
    return Layout(
        platform="gcp",
        environment={
            "AIP_MODEL_DIR": "gs://acme-models/jobs/lora-1/model/",
            "AIP_CHECKPOINT_DIR": "gs://acme-models/jobs/lora-1/checkpoints/",
            "CLOUD_ML_JOB_ID": "4711",
            "CLUSTER_SPEC": json.dumps(ALONE),
            "FEDERATION_JOB": json.dumps(
                {**JOB, "kind": kind, "platform": "gcp", "machine": "n1-standard-4", "region": "europe-west4"}
            ),
            "FEDERATION_JOB_NAME": "lora-1",
        },
        arguments=(*settings, *(f"--channel.{name}=gs://acme-models/{name}" for name in channels)),
        output=bucket / "jobs" / "lora-1" / "model",
        failure=root / "tmp" / "federation" / "failure.txt",
        name="lora-1",
        region="europe-west4",
    )


def hub(root: Path, channels: Mapping[str, Path], *settings: str, kind: str = KIND) -> Layout:
    """HF Jobs set no variables of their own; the command line names the mounted volumes."""
    job = {"kind": kind, "platform": "hf", "machine": "cpu-basic"}
    return _with_mounts(root, channels, settings, job, "mnt/failure.txt")


def kubernetes(root: Path, channels: Mapping[str, Path], *settings: str, kind: str = KIND) -> Layout:
    """A pod's failure is written to /dev/termination-log; a volume claim is mounted as a folder."""
    (root / "dev").mkdir(exist_ok=True)
    job = {"kind": kind, "platform": "kubernetes", "machine": "cpu=4,memory=16Gi"}
    return _with_mounts(root, channels, settings, job, "dev/termination-log")


def _with_mounts(
    root: Path, channels: Mapping[str, Path], settings: tuple[str, ...], job: Mapping[str, str], failure: str
) -> Layout:
    mounted = root / "mnt"
    mounted.mkdir(exist_ok=True)
    for name, folder in channels.items():
        (mounted / name).symlink_to(folder)
    return Layout(
        platform=job["platform"],
        environment={
            "FEDERATION_JOB": json.dumps({**JOB, **job, "region": "eu-west-1", "output": "/mnt/units"}),
            "FEDERATION_JOB_NAME": "lora-1",
        },
        arguments=(*settings, *(f"--channel.{name}=/mnt/{name}" for name in channels)),
        output=root / "mnt" / "units",
        failure=root / failure,
        name="lora-1",
        region="eu-west-1",
    )


LAYOUTS: Mapping[str, Callable[..., Layout]] = {
    "sagemaker": sagemaker,
    "vertex": vertex,
    "hub": hub,
    "kubernetes": kubernetes,
}


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
