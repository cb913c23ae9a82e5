# SPDX-License-Identifier: Apache-2.0
"""The manifest of a job has what the policy's job requests, and no right that a training job does not need."""

import pytest

from federation.core.digest import canonical
from federation.kubernetes.job import Placement, job_of, unnameable, unreadable
from federation.kubernetes.meeting import service_of
from training_images.job import detect

JOB = {"platform": "kubernetes", "image": "registry/train:1", "arguments": ["--steps", 3], "kind": "embedder"}
NAME = "embedder-0123456789ab"


def job_with(placement=None, **fields):
    return job_of(NAME, {**JOB, **fields}, placement or Placement())


def pod(job):
    return job["spec"]["template"]["spec"]


def container(job):
    (container_,) = pod(job)["containers"]
    return container_


def test_the_container_gets_its_arguments_and_the_whole_job():
    job = job_with()
    assert container(job)["image"] == "registry/train:1"
    assert container(job)["args"] == ["--steps", "3"]
    assert container(job)["env"] == [
        {"name": "FEDERATION_JOB", "value": canonical(JOB).decode()},
        {"name": "FEDERATION_JOB_NAME", "value": job["metadata"]["name"]},
    ]


def test_a_pod_is_not_root_and_has_no_token_of_the_cluster():
    job = job_with()
    assert pod(job)["securityContext"]["runAsNonRoot"] is True
    assert pod(job)["automountServiceAccountToken"] is False
    assert container(job)["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def test_exit_code_42_fails_the_job_and_a_lost_machine_does_not_count():
    configuration, disruption = job_with()["spec"]["podFailurePolicy"]["rules"]
    assert (configuration["action"], configuration["onExitCodes"]["values"]) == ("FailJob", [42])
    assert configuration["onExitCodes"]["containerName"] == container(job_with())["name"]
    assert (disruption["action"], disruption["onPodConditions"][0]["type"]) == ("Ignore", "DisruptionTarget")
    assert pod(job_with())["restartPolicy"] == "Never"


def test_a_limit_in_minutes_is_a_deadline_in_seconds():
    assert job_with(max_minutes=90)["spec"]["activeDeadlineSeconds"] == 5400
    assert "activeDeadlineSeconds" not in job_with()["spec"]


def test_a_machine_is_both_the_request_and_the_limit_of_resources():
    resources = container(job_with(machine="cpu=4, memory=16Gi,nvidia.com/gpu=1"))["resources"]
    assert resources["requests"] == resources["limits"] == {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}
    assert container(job_with())["resources"] == {}


@pytest.mark.parametrize(
    "machine", ["a10g-small", "cpu=", "cpu=4,,memory=1Gi", "cpu=4;rm", "=4", "cpu=-1", "CPU=4", "GPU=1"]
)
def test_a_machine_of_another_platform_is_refused_with_an_example(machine):
    assert str(unreadable(NAME, machine)).endswith("write cpu=4,memory=16Gi,nvidia.com/gpu=1")


@pytest.mark.parametrize("machine", ["nvidia.com/gpu=0.5", "nvidia.com/gpu=500m", "cpu=4,amd.com/gpu=1.5"])
def test_a_fraction_of_a_gpu_is_refused_as_by_the_cluster(machine):
    assert f"asks for machine {machine!r}" in str(unreadable(NAME, machine))
    assert unreadable(NAME, "cpu=0.5,memory=1.5Gi,ephemeral-storage=10Gi,nvidia.com/gpu=2,hugepages-2Mi=64Mi") is None


def test_several_machines_are_an_indexed_job():
    spec = job_with(count=4)["spec"]
    assert (spec["completions"], spec["parallelism"], spec["completionMode"]) == (4, 4, "Indexed")
    assert "completions" not in job_with(count=1)["spec"]


def test_several_machines_connect_to_the_first_by_the_jobs_own_service(tmp_path):
    job, service = job_with(count=3, region="here", output="s3://acme/units"), service_of(NAME, "the-uid")
    environment = {variable["name"]: variable["value"] for variable in container(job)["env"]}
    spec = detect.spec(tmp_path, {**environment, "JOB_COMPLETION_INDEX": "2"}, [])
    assert (spec.rank, spec.world, spec.master) == (2, 3, f"{NAME}-0.{pod(job)['subdomain']}")
    assert pod(job)["subdomain"] == service["metadata"]["name"]
    assert service["spec"] == {
        "clusterIP": "None",
        "selector": {"batch.kubernetes.io/job-name": job["metadata"]["name"]},
        "publishNotReadyAddresses": True,
    }


def test_the_service_is_owned_by_its_job_without_blocking_its_deletion():
    owners = service_of(NAME, "the-uid")["metadata"]["ownerReferences"]
    assert owners == [{"apiVersion": "batch/v1", "kind": "Job", "name": NAME, "uid": "the-uid"}]


def test_a_job_of_one_machine_has_no_service_and_no_address():
    job = job_with(count=1)
    assert "subdomain" not in pod(job)
    assert [variable["name"] for variable in container(job)["env"]] == ["FEDERATION_JOB", "FEDERATION_JOB_NAME"]
    job_without_count = {**job, "spec": {**job["spec"], "template": job_with()["spec"]["template"]}}
    assert canonical(job_without_count) == canonical(job_with())


def test_a_lost_machine_costs_one_attempt_also_in_a_group():
    single, group = job_with(count=1)["spec"], job_with(count=4)["spec"]
    assert (single["backoffLimit"], group["backoffLimit"]) == (3, 12)
    assert (group["backoffLimitPerIndex"], group["maxFailedIndexes"]) == (3, 0)
    assert {"backoffLimitPerIndex", "maxFailedIndexes"}.isdisjoint(single)


@pytest.mark.parametrize(
    ("name", "count"),
    [("a" * 62, 2), ("a" * 61, 11), ("4bit-lora-0123456789ab", 2), ("Embedder-0123456789ab", 2), ("a.b", 2)],
)
def test_a_job_whose_machines_cannot_be_named_is_refused(name, count):
    assert f"the last named '{name}-{count - 1}'" in unnameable(name, count)
    assert unnameable(name, 1) is None


def test_the_longest_name_has_63_characters():
    assert unnameable("a" * 61, 10) is None
    assert unnameable("a" * 58, 1024) is None
    assert unnameable(NAME, 1024) is None
    assert unnameable("a" * 63, 1) is None
    assert "has a name of 64 characters; Kubernetes allows 63" in unnameable("a" * 64, 1)


def test_spot_placement_is_used_only_for_spot_jobs():
    taint = {"key": "spot", "operator": "Exists", "effect": "NoSchedule"}
    placement = Placement(spot_selector={"karpenter.sh/capacity-type": "spot"}, spot_tolerations=(taint,))
    spot = pod(job_with(placement, spot=True))
    assert (spot["nodeSelector"], spot["tolerations"]) == ({"karpenter.sh/capacity-type": "spot"}, [taint])
    assert {"nodeSelector", "tolerations"}.isdisjoint(pod(job_with(placement)))
    assert "nodeSelector" not in pod(job_with(spot=True))


def test_a_job_may_have_its_own_service_account():
    assert pod(job_with(Placement(service_account="trainer")))["serviceAccountName"] == "trainer"


def test_the_units_place_is_an_annotation_of_the_job():
    metadata = job_with(output="s3://acme-models/units/", asked_by="sha256:00")["metadata"]
    assert metadata["annotations"] == {
        "federation/kind": "embedder",
        "federation/asked-by": "sha256:00",
        "federation/output": f"s3://acme-models/units/{NAME}/",
    }
    assert metadata["labels"] == {"federation_job": NAME, "federation_kind": "embedder"}


def test_a_kind_that_ends_in_a_hyphen_is_a_label():
    assert job_with(kind="embedder-")["metadata"]["labels"]["federation_kind"] == "embedder"


def test_only_a_spot_job_may_be_evicted_to_save_a_node():
    annotations = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "karpenter.sh/do-not-disrupt": "true"}
    assert job_with()["spec"]["template"]["metadata"]["annotations"] == annotations
    assert "annotations" not in job_with(spot=True)["spec"]["template"]["metadata"]


def test_a_job_refers_to_the_clusters_secret_without_containing_it():
    assert container(job_with(Placement(secret="hub")))["envFrom"] == [{"secretRef": {"name": "hub"}}]
    assert "envFrom" not in container(job_with())
