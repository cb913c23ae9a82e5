# SPDX-License-Identifier: Apache-2.0
"""The imitated cluster answers the real client as a cluster does."""

import pytest
from infra.emulators import kubernetes_expansion
from tests.ports.backends_kubernetes import *  # noqa: F403 - fixtures

from federation.kubernetes.clients import core_api
from federation.kubernetes.job import Placement, job_of
from federation.kubernetes.meeting import service_of

JOB = job_of("a", {"image": "i", "arguments": [], "kind": "embedder"}, Placement())


@pytest.fixture
def refused():
    from kubernetes.client.exceptions import ApiException

    return ApiException


def test_a_name_is_taken_once_in_its_namespace(kubernetes_batch, kubernetes_cluster, refused):
    kubernetes_batch.create_namespaced_job("one", JOB)
    kubernetes_batch.create_namespaced_job("two", JOB)
    with pytest.raises(refused) as conflict:
        kubernetes_batch.create_namespaced_job("one", JOB)
    assert (conflict.value.status, '"reason":"AlreadyExists"' in conflict.value.body) == (409, True)


def test_what_was_created_is_read_and_its_status_patched(kubernetes_batch, kubernetes_cluster, refused):
    kubernetes_batch.create_namespaced_job("one", JOB)
    assert kubernetes_batch.read_namespaced_job("a", "one").status.succeeded is None
    kubernetes_batch.patch_namespaced_job_status("a", "one", {"status": {"active": 1}})
    assert kubernetes_batch.read_namespaced_job("a", "one").status.active == 1
    for call in (
        lambda: kubernetes_batch.read_namespaced_job("b", "one"),
        lambda: kubernetes_batch.patch_namespaced_job_status("b", "one", {"status": {}}),
    ):
        with pytest.raises(refused) as missing:
            call()
        assert missing.value.status == 404


def test_jobs_are_listed_by_label_and_page(kubernetes_batch, kubernetes_cluster):
    for name in "abc":
        job = job_of(name, {"image": "i", "kind": "embedder"}, Placement())
        kubernetes_batch.create_namespaced_job("one", job)
    one = kubernetes_batch.list_namespaced_job("one", label_selector="federation_job=b")
    assert [job.metadata.name for job in one.items] == ["b"]
    assert kubernetes_batch.list_namespaced_job("one", label_selector="app").items == []
    first = kubernetes_batch.list_namespaced_job("one", limit=2)
    rest = kubernetes_batch.list_namespaced_job("one", limit=2, _continue=first.metadata._continue)
    assert [job.metadata.name for page in (first, rest) for job in page.items] == ["a", "b", "c"]
    assert rest.metadata._continue is None


def test_a_name_that_no_object_may_have_is_invalid(kubernetes_batch, kubernetes_cluster, refused):
    with pytest.raises(refused) as invalid:
        kubernetes_batch.create_namespaced_job("one", {**JOB, "metadata": {"name": "Not_A_Name"}})
    assert invalid.value.status == 422


def test_a_label_that_no_object_may_have_is_invalid(kubernetes_batch, kubernetes_cluster, refused):
    for value in ("a" * 64, "a/b", "-a"):
        with pytest.raises(refused) as invalid:
            kubernetes_batch.create_namespaced_job("one", {**JOB, "metadata": {"name": "a", "labels": {"of": value}}})
        assert invalid.value.status == 422


def test_a_reference_is_replaced_by_a_variable_that_is_there_and_two_dollars_are_one():
    told = [
        {"name": "A", "value": "$(B) 5$"},
        {"name": "B", "value": "$(A)"},
        {"name": "C", "value": "$$(A) $$$(B) $("},
    ]
    assert kubernetes_expansion.environment(told) == {"A": "$(B) 5$", "B": "$(B) 5$", "C": "$(A) $$(B) 5$ $("}


def test_a_service_has_a_name_of_its_own_and_goes_with_the_job_that_owns_it(
    kubernetes_batch, kubernetes_cluster, refused
):
    core, uid = core_api(kubernetes_batch), kubernetes_batch.create_namespaced_job("one", JOB).metadata.uid
    core.create_namespaced_service("one", service_of("a", uid))
    core.create_namespaced_service("one", service_of("b", "of-another"))
    assert core.read_namespaced_service("a", "one").spec.cluster_ip == "None"
    kubernetes_cluster.expire("one", "a")
    assert list(kubernetes_cluster.services) == [("one", "b")]
    for status, call in (
        (404, lambda: core.read_namespaced_service("a", "one")),
        (409, lambda: core.create_namespaced_service("one", service_of("b", uid))),
        (422, lambda: core.create_namespaced_service("one", service_of("4bit", uid))),
    ):
        with pytest.raises(refused) as told:
            call()
        assert told.value.status == status
