# SPDX-License-Identifier: Apache-2.0
"""A training job in Azure Machine Learning's form: a command job with an environment.

https://learn.microsoft.com/rest/api/azureml/jobs/create-or-update
"""

import shlex
from collections.abc import Mapping
from typing import Any, Final

from federation.core.digest import canonical, digest_of
from federation.sources.azure import TAG

UNIT: Final = "unit"
"""Name of the output for the unit's folder, if the policy names a folder on Azure's storage."""
ENVIRONMENT: Final = "federation"

_COMPUTE: Final = "computes/"
_MOUNTED: Final = ("azureml://", "wasbs://", "abfss://")
_EXAMPLES: Final = "Standard_NC4as_T4_v3, or computes/NAME for a cluster of the workspace"


def is_mounted(job: Mapping[str, Any]) -> bool:
    """Whether Azure uploads the unit; otherwise the job itself does, for instance to the Hub."""
    return str(job.get("output") or "").startswith(_MOUNTED)


def environment_version(image: str) -> str:
    """The environment's version, made from the image, since environments never change."""
    return digest_of(image.encode()).removeprefix("sha256:")[:16]


def missing_settings(job: Mapping[str, Any]) -> str | None:
    """A sentence about what the policy lacks: the job's machine, command or output; None if it has all."""
    if job.get("machine") and job.get("output") and job.get("arguments"):
        return None
    return (
        f"jobs.{job['kind']} needs `machine` ({_EXAMPLES}), `output`, and in `arguments` the whole command to run on "
        "Azure Machine Learning; add them"
    )


def job_of(
    name: str, job: Mapping[str, Any], workspace: str, identity: str = "", tags: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The job in Azure's form.

    Args:
        name: The job's name.
        job: The job as the policy describes it.
        workspace: The workspace's resource id.
        identity: The client id of the managed identity that the job runs as; empty for the workspace's token.
        tags: The job's tags, besides its name and kind.
    """
    version = environment_version(str(job["image"]))
    return {
        "properties": {
            "jobType": "Command",
            "displayName": name,
            "experimentName": str(job["kind"]),
            "tags": {**(tags or {}), TAG: name, "federation_kind": str(job["kind"])},
            "environmentId": f"{workspace}/environments/{ENVIRONMENT}/versions/{version}",
            "environmentVariables": {"FEDERATION_JOB": canonical(job).decode(), "FEDERATION_JOB_NAME": name},
            "identity": {"identityType": "Managed", "clientId": identity} if identity else {"identityType": "AMLToken"},
            **_command(name, job),
            **_machine(job, workspace),
            **_distribution(job),
            **_limits(job),
        }
    }


def _command(name: str, job: Mapping[str, Any]) -> dict[str, Any]:
    """The command and its outputs. A mounted folder is passed as `--output`, which every image accepts."""
    command = shlex.join(str(word) for word in job["arguments"])
    if not is_mounted(job):
        return {"command": command}
    uri = f"{str(job['output']).rstrip('/')}/{name}/"
    output = {"jobOutputType": "uri_folder", "mode": "ReadWriteMount", "uri": uri}
    return {"command": f"{command} --output ${{{{outputs.{UNIT}}}}}", "outputs": {UNIT: output}}


def _machine(job: Mapping[str, Any], workspace: str) -> dict[str, Any]:
    """A named cluster, or a machine type, for which Azure finds a machine, perhaps a spot one."""
    machine, count = str(job["machine"]), _machines(job)
    if machine.startswith(_COMPUTE):
        return {"computeId": f"{workspace}/{machine}", "resources": {"instanceCount": count}}
    tier = {"queueSettings": {"jobTier": "Spot"}} if job.get("spot") else {}
    return {"resources": {"instanceType": machine, "instanceCount": count}, **tier}


def _machines(job: Mapping[str, Any]) -> int:
    return int(job.get("count", 1))


def _distribution(job: Mapping[str, Any]) -> dict[str, Any]:
    """One process per machine with MASTER_ADDR, RANK and WORLD_SIZE, by which machines find each other.

    https://learn.microsoft.com/azure/machine-learning/how-to-train-distributed-gpu#pytorch
    """
    if _machines(job) == 1:
        return {}
    return {"distribution": {"distributionType": "PyTorch", "processCountPerInstance": 1}}


def _limits(job: Mapping[str, Any]) -> dict[str, Any]:
    minutes = job.get("max_minutes")
    return {"limits": {"jobLimitsType": "Command", "timeout": f"PT{minutes}M"}} if minutes else {}
