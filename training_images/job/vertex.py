# SPDX-License-Identifier: Apache-2.0
"""How does Vertex AI run a training image? Buckets are mounted below /gcs, and AIP_ variables name the folders.

https://cloud.google.com/vertex-ai/docs/training/code-requirements: AIP_MODEL_DIR and AIP_CHECKPOINT_DIR are set if the
job has a baseOutputDirectory; CLUSTER_SPEC describes the pools of a job on several machines.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from training_images.job import places
from training_images.job.errors import ConfigError
from training_images.job.prices import UNKNOWN
from training_images.job.request import Asked, asked
from training_images.job.spec import JobSpec

_MARKS: Final = ("AIP_MODEL_DIR", "CLOUD_ML_JOB_ID", "CLUSTER_SPEC")
FAILURE: Final = places.SCRATCH / "failure.txt"


def runs(root: Path, environment: Mapping[str, str]) -> bool:
    """Whether this is a custom job of Vertex AI."""
    del root
    return any(mark in environment for mark in _MARKS)


def spec(root: Path, environment: Mapping[str, str], arguments: Sequence[str]) -> JobSpec:
    """The specification of a custom job."""
    told = asked(environment, arguments)
    if "AIP_MODEL_DIR" not in environment:
        raise ConfigError("Vertex AI named no folder for the unit; give the job a baseOutputDirectory")
    rank, hosts = _cluster(environment.get("CLUSTER_SPEC"))
    return JobSpec(
        platform="gcp",
        name=_name(environment, told),
        kind=told.text("kind"),
        settings=told.settings,
        channels=places.channels(root, told.settings, _managed(root, environment)),
        output=places.local(root, environment["AIP_MODEL_DIR"]),
        checkpoints=places.local(root, environment.get("AIP_CHECKPOINT_DIR", f"/{places.SCRATCH}/checkpoints")),
        failure=root / FAILURE,
        image=told.text("image"),
        machine=told.text("machine") or told.settings.text("machine", UNKNOWN),
        region=places.region(told.text("region"), told.settings, environment),
        rank=rank,
        world=len(hosts),
        master=hosts[0],
    )


def _name(environment: Mapping[str, str], told: Asked) -> str:
    """`projects/<p>/locations/<l>/customJobs/<n>`, if all parts are known."""
    number, project = environment.get("CLOUD_ML_JOB_ID"), environment.get("CLOUD_ML_PROJECT_ID")
    location = told.text("region") or environment.get("CLOUD_ML_REGION")
    if number and project and location:
        return f"projects/{project}/locations/{location}/customJobs/{number}"
    return told.name or number or "by-hand"


def _managed(root: Path, environment: Mapping[str, str]) -> dict[str, Path]:
    """Folders of a managed data set, whose URIs end in a pattern for the shards."""
    named = {part: environment.get(f"AIP_{part.upper()}_DATA_URI") for part in ("training", "validation", "test")}
    return {part: places.local(root, uri.rpartition("/")[0]) for part, uri in named.items() if uri}


def _cluster(written: str | None) -> tuple[int, list[str]]:
    """The number of this machine, and the hosts of all machines, first pool first."""
    try:
        found = msgspec.json.decode(written or "{}", type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ConfigError(f"CLUSTER_SPEC is no JSON object: {error}") from error
    pools, task = found.get("cluster", {}), found.get("task", {})
    hosts = [host for pool in sorted(pools) for host in pools[pool]] or ["localhost"]
    before = sum(len(pools[pool]) for pool in sorted(pools) if pool < task.get("type", ""))
    return before + int(task.get("index") or 0), hosts
