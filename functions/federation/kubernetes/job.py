# SPDX-License-Identifier: Apache-2.0
"""A training job in Kubernetes' form.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from federation.core.digest import canonical
from federation.core.failure import CONFIGURED_WRONG
from federation.ports import RECENT

LABEL: Final = "federation_job"
KIND: Final = "federation_kind"
OUTPUT: Final = "federation/output"
"""The annotation with the URI of the unit's folder, ending in a slash."""

KEPT_SECONDS: Final = int(RECENT.total_seconds())
"""How long the cluster keeps a finished Job: as long as a sweep looks for it."""

_NOT_EVICTED: Final = {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",  # GKE's, AKS's
    "karpenter.sh/do-not-disrupt": "true",  # EKS's
}
_ATTEMPTS: Final = 3
CONTAINER: Final = "job"
_RESOURCE: Final = re.compile(
    r"(?:cpu|memory|ephemeral-storage)=[0-9]+(?:\.[0-9]+)?[A-Za-z]*|hugepages-[0-9]+[KMG]i=[0-9]+(?:[KMGTPE]i)?"
    r"|[a-z0-9.-]+/[A-Za-z0-9._-]+=[0-9]+"
)
"""A resource that a cluster accepts. Extended resources, such as GPUs, are whole numbers."""
_EXAMPLE: Final = "cpu=4,memory=16Gi,nvidia.com/gpu=1"
_HOST: Final = re.compile(r"[a-z][-a-z0-9]{0,61}[a-z0-9]")
"""A DNS label as a Service needs it (RFC 1035), at most 63 characters."""
_LONGEST_NAME: Final = 63
"""The most characters of a Job's name, which is also a label of its pods."""


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """The settings by which one cluster places jobs.

    `secret` names a Secret whose entries are environment variables of every job, such as HF_TOKEN to push a unit to the Hub.
    `spot_selector` and `spot_tolerations` apply to jobs that may be interrupted, e.g. `cloud.google.com/gke-spot: "true"`
    or `karpenter.sh/capacity-type: spot`.
    """

    service_account: str | None = None
    secret: str | None = None
    spot_selector: Mapping[str, str] = {}
    spot_tolerations: Sequence[Mapping[str, str]] = ()


def unreadable(name: str, machine: str | None) -> str | None:
    """Why `machine` is not a list of resources, or None."""
    if all(_RESOURCE.fullmatch(part) for part in _resource_parts(machine)):
        return None
    return f"job {name} asks for machine {machine!r}; on Kubernetes write {_EXAMPLE}"


def machines(job: Mapping[str, Any]) -> int:
    """How many machines the job asks for."""
    return int(job.get("count", 1))


def unnameable(name: str, count: int) -> str | None:
    """Why the job's name, or a name `<name>-<index>` of its machines, is not allowed; None if all are."""
    if count == 1 and len(name) > _LONGEST_NAME:
        return f"job {name} has a name of {len(name)} characters; Kubernetes allows {_LONGEST_NAME}: shorten its kind"
    last = f"{name}-{count - 1}"
    if count == 1 or _HOST.fullmatch(last):
        return None
    return (
        f"job {name} asks for {count} machines, the last named {last!r}; such a name has at most 63 lower-case "
        "letters, digits and hyphens, and begins with a letter: shorten the job's kind"
    )


def labels_of(name: str, job: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, str]:
    """The labels of everything created for a job: those of its home, its kind, and its name."""
    return {**labels, KIND: str(job["kind"]).rstrip("-"), LABEL: name}  # a label ends in a letter or a digit


def job_of(
    name: str, job: Mapping[str, Any], placement: Placement, labels: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The Job. It is retried if its node is lost, and fails at once if its exit code says that it is configured wrong."""
    minutes, count, job_labels = job.get("max_minutes"), machines(job), labels_of(name, job, labels or {})
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": job_labels, "annotations": _annotations(name, job)},
        "spec": {
            "backoffLimit": _ATTEMPTS * count,  # counted in pods; if one machine is lost, all pods fail
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "podFailurePolicy": {"rules": _failure_rules()},
            "template": {"metadata": _template(job_labels, job), "spec": _pod(name, job, placement)},
            **({"activeDeadlineSeconds": minutes * 60} if minutes else {}),
            **(_indexed_fields(count) if count > 1 else {}),
        },
    }


def _indexed_fields(count: int) -> dict[str, Any]:
    """The fields of an Indexed Job. Each machine has the attempts of a single one; clusters before 1.29 ignore that."""
    indexed = {"completions": count, "parallelism": count, "completionMode": "Indexed"}
    return {**indexed, "backoffLimitPerIndex": _ATTEMPTS, "maxFailedIndexes": 0}


def _annotations(name: str, job: Mapping[str, Any]) -> dict[str, str]:
    output = job.get("output")
    annotations = {"federation/kind": job.get("kind"), "federation/asked-by": job.get("asked_by")}
    annotations[OUTPUT] = f"{output.rstrip('/')}/{name}/" if output else None
    return {key: value for key, value in annotations.items() if value}


def _template(labels: Mapping[str, str], job: Mapping[str, Any]) -> dict[str, Any]:
    """The pods' metadata. Unless it is spot, a pod asks not to be evicted, since its job would start again."""
    return {"labels": labels, **({} if job.get("spot") else {"annotations": _NOT_EVICTED})}


def _failure_rules() -> list[dict[str, Any]]:
    """The pod failure policy, whose first match counts: fail on our exit code, ignore an evicted pod."""
    refused = {"containerName": CONTAINER, "operator": "In", "values": [CONFIGURED_WRONG]}
    return [
        {"action": "FailJob", "onExitCodes": refused},
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
    ]


def _pod(name: str, job: Mapping[str, Any], placement: Placement) -> dict[str, Any]:
    spot = bool(job.get("spot"))
    account = placement.service_account
    return {
        "restartPolicy": "Never",  # a failure policy needs this
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [_container(name, job, placement.secret)],
        **({"subdomain": name} if machines(job) > 1 else {}),
        **({"serviceAccountName": account} if account else {}),
        **({"nodeSelector": dict(placement.spot_selector)} if spot and placement.spot_selector else {}),
        **({"tolerations": [dict(toleration) for toleration in placement.spot_tolerations]} if spot else {}),
    }


def _container(name: str, job: Mapping[str, Any], secret: str | None) -> dict[str, Any]:
    """The container. Dollar signs are escaped, since the cluster replaces `$(VARIABLE)`."""
    resources = dict(part.split("=") for part in _resource_parts(job.get("machine")))
    return {
        "name": CONTAINER,
        "image": job["image"],
        "args": [str(argument).replace("$", "$$") for argument in job.get("arguments", ())],
        "env": [
            {"name": "FEDERATION_JOB", "value": canonical(job).decode().replace("$", "\\u0024")},
            {"name": "FEDERATION_JOB_NAME", "value": name},
            *_address_variables(name, job),
        ],
        **({"envFrom": [{"secretRef": {"name": secret}}]} if secret else {}),
        "resources": {"requests": resources, "limits": resources} if resources else {},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


def _address_variables(name: str, job: Mapping[str, Any]) -> list[dict[str, str]]:
    """For several machines, the address of the first one: `<name>-0` of the Service named like the job."""
    return [{"name": "MASTER_ADDR", "value": f"{name}-0.{name}"}] if machines(job) > 1 else []


def _resource_parts(machine: str | None) -> Sequence[str]:
    return [part.strip() for part in machine.split(",")] if machine else []
