# SPDX-License-Identifier: Apache-2.0
"""How do the machines of one job find each other? By a headless Service with the job's name.

https://kubernetes.io/docs/tasks/job/job-with-pod-to-pod-communication/: an Indexed Job names its pods `<job>-<index>`, and
such a Service makes `<job>-<index>.<service>` resolve within the namespace.
"""

from collections.abc import Mapping
from typing import Any, Final

from federation.errors import ServiceError
from federation.kubernetes.calls import checked, service_call, status_of
from federation.kubernetes.clients import TIMEOUTS, core_api
from federation.kubernetes.job import LABEL

_JOB_NAME: Final = "batch.kubernetes.io/job-name"
"""The label that the cluster gives to every pod of a Job."""

_TAKEN: Final = 409


def offer(batch: Any, namespace: str, name: str, uid: str, labels: Mapping[str, str] | None = None) -> None:
    """Create the Service unless the job already has it.

    Args:
        batch: The batch/v1 API of the cluster.
        namespace: The job's namespace.
        name: The job's name.
        uid: The uid of the Job. It owns the Service, so both are deleted together.
        labels: The job's labels.

    Raises:
        ServiceError: The cluster refuses, or the name belongs to another Service.
    """
    try:
        with service_call(f"creating the service of job {name} in {namespace}"):
            service = service_of(name, uid, labels)
            core_api(batch).create_namespaced_service(namespace, service, _request_timeout=TIMEOUTS)
    except ServiceError as error:
        if status_of(error.__cause__) != _TAKEN:
            raise
        _check_owner(batch, namespace, name, uid)


def service_of(name: str, uid: str, labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The Service. It has no address itself; its names resolve to pods."""
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {**(labels or {}), LABEL: name}, "ownerReferences": [owner]},
        "spec": {
            "clusterIP": "None",
            "selector": {_JOB_NAME: name},
            "publishNotReadyAddresses": True,  # machines look for each other as soon as they run
        },
    }


def _check_owner(batch: Any, namespace: str, name: str, uid: str) -> None:
    """Raise unless this Job owns the Service. The cluster will soon delete a Service of an earlier Job."""
    operation = f"reading the service of job {name} in {namespace}"
    with service_call(operation):
        service = checked(
            core_api(batch).read_namespaced_service(name, namespace, _request_timeout=TIMEOUTS), operation
        )
    if uid not in {owner.uid for owner in service.metadata.owner_references or ()}:
        raise ServiceError(
            f"Kubernetes: the service {name} in {namespace} does not belong to the job {name}, so the job's machines "
            f"cannot meet; if the cluster does not delete it: kubectl delete service {name} --namespace {namespace}"
        )
