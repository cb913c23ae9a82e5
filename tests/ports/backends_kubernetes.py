# SPDX-License-Identifier: Apache-2.0
"""The adapter of Kubernetes, on an imitation of a cluster."""

import pytest
from infra.emulators import kubernetes as emulator
from tests.ports.jobs import jobs_of

from federation.kubernetes.job import LABEL
from federation.kubernetes.trainer import KubernetesTrainer

NAMESPACE = "training"
KUBERNETES_JOB = {
    "platform": "kubernetes",
    "kind": "embedder",
    "image": "registry/train:1",
    "machine": "cpu=100m,memory=64Mi",
    "output": "s3://acme-units/jobs",
    "max_minutes": 10,
}


@pytest.fixture(scope="session")
def kubernetes_serving():
    with emulator.serving() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def kubernetes_batch(kubernetes_serving):
    """The real client, pointed at the emulator."""
    from kubernetes import client

    with client.ApiClient(client.Configuration(host=kubernetes_serving.endpoint)) as api:
        yield client.BatchV1Api(api)
        api.rest_client.pool_manager.clear()


@pytest.fixture
def kubernetes_cluster(kubernetes_serving):
    """Without a job, a fault or a call that an earlier test left."""
    kubernetes_serving.faults.forget()
    kubernetes_serving.jobs.clear()
    kubernetes_serving.services.clear()
    return kubernetes_serving


@pytest.fixture
def kubernetes_trainer(kubernetes_cluster, kubernetes_batch):
    return KubernetesTrainer(lambda: kubernetes_batch, NAMESPACE)


@pytest.fixture
def kubernetes_jobs(kubernetes_cluster, kubernetes_batch):
    return _imitated(kubernetes_cluster, kubernetes_batch, KUBERNETES_JOB)


@pytest.fixture
def kubernetes_several_jobs(kubernetes_cluster, kubernetes_batch):
    """The same on several machines, which are a Job and a Service."""
    return _imitated(kubernetes_cluster, kubernetes_batch, {**KUBERNETES_JOB, "count": 3})


def _imitated(cluster, batch, job):
    def ends(name, well):
        cluster.finish(NAMESPACE, name, "Complete" if well else "Failed")

    return jobs_on_kubernetes(batch, NAMESPACE, job, ends)


def jobs_on_kubernetes(batch, namespace, job, ends):
    def started(name):
        return len(batch.list_namespaced_job(namespace, label_selector=f"{LABEL}={name}").items)

    return jobs_of(KubernetesTrainer(lambda: batch, namespace), job, started, ends, {"machine": "four cores"})
