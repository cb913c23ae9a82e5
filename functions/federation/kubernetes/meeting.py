# SPDX-License-Identifier: Apache-2.0
"""How do the machines of one job find each other? By a headless Service of the job's name.

https://kubernetes.io/docs/tasks/job/job-with-pod-to-pod-communication/: an Indexed Job calls its pods `<job>-<index>`, and
such a Service makes `<job>-<index>.<service>` resolve within the namespace.
"""

from typing import Any, Final

from federation.errors import ServiceError
from federation.kubernetes.calls import service_call, status_of
from federation.kubernetes.clients import core_api
from federation.kubernetes.job import LABEL

_JOB_NAME: Final = "batch.kubernetes.io/job-name"
"""The label that the cluster puts on every pod of a Job."""

_TAKEN: Final = 409
_SECONDS: Final = (5.0, 30.0)


def offer(batch: Any, namespace: str, name: str, uid: str) -> None:
    """Make the Service unless the job has it.

    Args:
        batch: The batch/v1 API of the cluster.
        namespace: Of the job.
        name: Of the job.
        uid: Of the Job, with which the Service is deleted.

    Raises:
        ServiceError: The cluster refuses, or the name is another's.
    """
    try:
        with service_call(f"creating the service of job {name} in {namespace}"):
            core_api(batch).create_namespaced_service(namespace, service_of(name, uid), _request_timeout=_SECONDS)
    except ServiceError as error:
        if status_of(error.__cause__) != _TAKEN:
            raise
        _see_whose(batch, namespace, name, uid)


def service_of(name: str, uid: str) -> dict[str, Any]:
    """The Service, without an address of its own: names lead to pods."""
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {LABEL: name}, "ownerReferences": [owner]},
        "spec": {
            "clusterIP": "None",
            "selector": {_JOB_NAME: name},
            "publishNotReadyAddresses": True,  # they look for each other as soon as they run
        },
    }


def _see_whose(batch: Any, namespace: str, name: str, uid: str) -> None:
    """Refuse a Service that does not go with this Job: one of an earlier Job is about to be deleted."""
    with service_call(f"reading the service of job {name} in {namespace}"):
        found = core_api(batch).read_namespaced_service(name, namespace, _request_timeout=_SECONDS)
    if uid not in {owner.uid for owner in found.metadata.owner_references or ()}:
        raise ServiceError(
            f"Kubernetes: the service {name} in {namespace} is not that of the job {name}, whose machines therefore cannot "
            f"meet; unless the cluster deletes it by itself: kubectl delete service {name} --namespace {namespace}"
        )
