# SPDX-License-Identifier: Apache-2.0
"""The adapter of Kubernetes on a real cluster: what only a cluster can prove.

The context is one of the kubeconfig's. Each test's jobs are deleted afterwards.
"""

import pytest
from tests.ports.accounts import described, until
from tests.ports.backends_kubernetes import KUBERNETES_JOB, jobs_on_kubernetes

from federation.kubernetes import clients


@pytest.fixture
def kubernetes_account_jobs():
    told = described("FEDERATION_TEST_KUBERNETES", "context", "namespace", "image")
    namespace, names = told.pop("namespace"), set()
    batch = clients.batch.__wrapped__(told.pop("context"))

    def ended(name, _well):
        until(lambda: batch.read_namespaced_job(name, namespace).status.conditions)

    jobs = jobs_on_kubernetes(batch, namespace, {**KUBERNETES_JOB, **told}, ended)
    yield jobs.remembering(names)
    for name in names:
        batch.delete_namespaced_job(name, namespace, propagation_policy="Background")
    batch.api_client.rest_client.pool_manager.clear()
    batch.api_client.close()
