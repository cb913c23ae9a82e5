"""The adapter of Kubernetes, on an imitation of a cluster."""

import pytest
from infra.emulators import kubernetes as emulator

from federation.kubernetes.trainer import KubernetesTrainer

NAMESPACE = "training"


@pytest.fixture(scope="session")
def kubernetes_serving():
    with emulator.serving() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def kubernetes_batch(kubernetes_serving):
    """The real client, pointed at the emulator."""
    from kubernetes import client  # noqa: PLC0415 - half a second for who needs it

    with client.ApiClient(client.Configuration(host=kubernetes_serving.endpoint)) as api:
        yield client.BatchV1Api(api)
        api.rest_client.pool_manager.clear()


@pytest.fixture
def kubernetes_cluster(kubernetes_serving):
    """Without a job, a fault or a call that an earlier test left."""
    kubernetes_serving.faults.forget()
    kubernetes_serving.jobs.clear()
    return kubernetes_serving


@pytest.fixture
def kubernetes_trainer(kubernetes_cluster, kubernetes_batch):
    return KubernetesTrainer(lambda: kubernetes_batch, NAMESPACE)
