# SPDX-License-Identifier: Apache-2.0
"""What a job asks for is what the cluster is told, and nothing that a training job should not have."""

import pytest

from federation.core.digest import canonical
from federation.kubernetes.job import Placement, job_of, unnameable, unreadable
from federation.kubernetes.meeting import service_of
from training_images.job import detect

JOB = {"platform": "kubernetes", "image": "registry/train:1", "arguments": ["--steps", 3], "kind": "embedder"}
NAME = "embedder-0123456789ab"


def made(placement=None, **more):
    return job_of(NAME, {**JOB, **more}, placement or Placement())


def pod(job):
    return job["spec"]["template"]["spec"]


def container(job):
    (only,) = pod(job)["containers"]
    return only


def test_the_container_gets_its_arguments_and_the_whole_job():
    job = made()
    assert container(job)["image"] == "registry/train:1"
    assert container(job)["args"] == ["--steps", "3"]
    assert container(job)["env"] == [
        {"name": "FEDERATION_JOB", "value": canonical(JOB).decode()},
        {"name": "FEDERATION_JOB_NAME", "value": job["metadata"]["name"]},
    ]


def test_nobody_is_root_and_no_token_of_the_cluster_is_in_reach():
    job = made()
    assert pod(job)["securityContext"]["runAsNonRoot"] is True
    assert pod(job)["automountServiceAccountToken"] is False
    assert container(job)["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def test_a_job_that_says_it_is_wrong_is_not_tried_again_and_one_whose_machine_was_taken_is():
    refused, taken = made()["spec"]["podFailurePolicy"]["rules"]
    assert (refused["action"], refused["onExitCodes"]["values"]) == ("FailJob", [42])
    assert refused["onExitCodes"]["containerName"] == container(made())["name"]
    assert (taken["action"], taken["onPodConditions"][0]["type"]) == ("Ignore", "DisruptionTarget")
    assert pod(made())["restartPolicy"] == "Never"


def test_a_limit_in_minutes_is_a_deadline_in_seconds():
    assert made(max_minutes=90)["spec"]["activeDeadlineSeconds"] == 5400
    assert "activeDeadlineSeconds" not in made()["spec"]


def test_a_machine_is_a_list_of_resources_asked_for_and_not_exceeded():
    resources = container(made(machine="cpu=4, memory=16Gi,nvidia.com/gpu=1"))["resources"]
    assert resources["requests"] == resources["limits"] == {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}
    assert container(made())["resources"] == {}


@pytest.mark.parametrize(
    "machine", ["a10g-small", "cpu=", "cpu=4,,memory=1Gi", "cpu=4;rm", "=4", "cpu=-1", "CPU=4", "GPU=1"]
)
def test_a_machine_of_another_platform_is_refused_with_an_example(machine):
    assert str(unreadable(NAME, machine)).endswith("write cpu=4,memory=16Gi,nvidia.com/gpu=1")


@pytest.mark.parametrize("machine", ["nvidia.com/gpu=0.5", "nvidia.com/gpu=500m", "cpu=4,amd.com/gpu=1.5"])
def test_a_part_of_a_gpu_is_refused_here_as_by_the_cluster(machine):
    assert f"asks for machine {machine!r}" in str(unreadable(NAME, machine))
    assert unreadable(NAME, "cpu=0.5,memory=1.5Gi,ephemeral-storage=10Gi,nvidia.com/gpu=2,hugepages-2Mi=64Mi") is None


def test_several_machines_are_an_indexed_job():
    spec = made(count=4)["spec"]
    assert (spec["completions"], spec["parallelism"], spec["completionMode"]) == (4, 4, "Indexed")
    assert "completions" not in made(count=1)["spec"]


def test_several_machines_meet_at_the_first_below_a_service_that_leads_to_no_other_pods(tmp_path):
    job, service = made(count=3, region="here", output="s3://acme/units"), service_of(NAME, "the-uid")
    environment = {one["name"]: one["value"] for one in container(job)["env"]}
    spec = detect.spec(tmp_path, {**environment, "JOB_COMPLETION_INDEX": "2"}, [])
    assert (spec.rank, spec.world, spec.master) == (2, 3, f"{NAME}-0.{pod(job)['subdomain']}")
    assert pod(job)["subdomain"] == service["metadata"]["name"]
    assert service["spec"] == {
        "clusterIP": "None",
        "selector": {"batch.kubernetes.io/job-name": job["metadata"]["name"]},
        "publishNotReadyAddresses": True,
    }


def test_the_service_is_owned_by_its_job_and_keeps_nobody_from_deleting_that():
    owners = service_of(NAME, "the-uid")["metadata"]["ownerReferences"]
    assert owners == [{"apiVersion": "batch/v1", "kind": "Job", "name": NAME, "uid": "the-uid"}]


def test_one_machine_meets_nobody():
    one = made(count=1)
    assert "subdomain" not in pod(one)
    assert [told["name"] for told in container(one)["env"]] == ["FEDERATION_JOB", "FEDERATION_JOB_NAME"]
    without = {**one, "spec": {**one["spec"], "template": made()["spec"]["template"]}}
    assert canonical(without) == canonical(made())


def test_a_lost_machine_costs_one_attempt_however_many_go_with_it():
    one, four = made(count=1)["spec"], made(count=4)["spec"]
    assert (one["backoffLimit"], four["backoffLimit"]) == (3, 12)
    assert (four["backoffLimitPerIndex"], four["maxFailedIndexes"]) == (3, 0)
    assert {"backoffLimitPerIndex", "maxFailedIndexes"}.isdisjoint(one)


@pytest.mark.parametrize(
    ("name", "count"),
    [("a" * 62, 2), ("a" * 61, 11), ("4bit-lora-0123456789ab", 2), ("Embedder-0123456789ab", 2), ("a.b", 2)],
)
def test_machines_that_could_not_be_named_are_refused(name, count):
    assert f"the last named '{name}-{count - 1}'" in unnameable(name, count)
    assert unnameable(name, 1) is None


def test_the_longest_names_are_those_of_63_characters():
    assert unnameable("a" * 61, 10) is None
    assert unnameable("a" * 58, 1024) is None
    assert unnameable(NAME, 1024) is None
    assert unnameable("a" * 63, 1) is None
    assert "has a name of 64 characters; Kubernetes allows 63" in unnameable("a" * 64, 1)


def test_where_interrupted_machines_are_is_the_clusters_to_say_and_used_only_when_asked():
    taint = {"key": "spot", "operator": "Exists", "effect": "NoSchedule"}
    placement = Placement(spot_selector={"karpenter.sh/capacity-type": "spot"}, spot_tolerations=(taint,))
    spot = pod(made(placement, spot=True))
    assert (spot["nodeSelector"], spot["tolerations"]) == ({"karpenter.sh/capacity-type": "spot"}, [taint])
    assert {"nodeSelector", "tolerations"}.isdisjoint(pod(made(placement)))
    assert "nodeSelector" not in pod(made(spot=True))


def test_a_job_may_have_an_identity_of_its_own():
    assert pod(made(Placement(service_account="trainer")))["serviceAccountName"] == "trainer"


def test_the_place_of_the_unit_is_written_on_the_job():
    metadata = made(output="s3://acme-models/units/", asked_by="sha256:00")["metadata"]
    assert metadata["annotations"] == {
        "federation/kind": "embedder",
        "federation/asked-by": "sha256:00",
        "federation/output": f"s3://acme-models/units/{NAME}/",
    }
    assert metadata["labels"] == {"federation_job": NAME, "federation_kind": "embedder"}


def test_a_kind_that_ends_in_a_hyphen_is_a_label_all_the_same():
    assert made(kind="embedder-")["metadata"]["labels"]["federation_kind"] == "embedder"


def test_a_job_is_not_evicted_to_save_a_node_unless_it_may_be_interrupted():
    stays = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "karpenter.sh/do-not-disrupt": "true"}
    assert made()["spec"]["template"]["metadata"]["annotations"] == stays
    assert "annotations" not in made(spot=True)["spec"]["template"]["metadata"]


def test_a_job_is_told_the_secrets_of_its_cluster_and_nothing_of_them_is_in_the_job():
    assert container(made(Placement(secret="hub")))["envFrom"] == [{"secretRef": {"name": "hub"}}]
    assert "envFrom" not in container(made())
