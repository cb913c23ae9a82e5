# SPDX-License-Identifier: Apache-2.0
"""A job starts once under its name, on any cluster, and the sweep finds it when it ends."""

import json
from types import SimpleNamespace

import pytest
from infra.emulators.http_serving import Answer
from infra.emulators.proxy import proxied
from tests.ports.backends_kubernetes import NAMESPACE

from federation.errors import CapacityError, ContractError, ServiceError
from federation.kubernetes import meeting
from federation.kubernetes.clients import batch
from federation.kubernetes.job import Placement, job_of
from federation.kubernetes.trainer import PAGE, KubernetesTrainer
from training_images.job.request import asked

JOB = {"platform": "kubernetes", "image": "registry/train:1", "arguments": [], "kind": "embedder"}
NAME = "embedder-0123456789ab"
OUTPUT = "s3://acme-models/units"


def test_a_missing_context_of_the_kubeconfig_is_a_failure_of_the_service():
    trainer = KubernetesTrainer(lambda: batch("a-context-that-nobody-has"), NAMESPACE)
    with pytest.raises(ServiceError, match=r"listing the jobs of .* failed: ConfigException: Invalid kube-config file"):
        trainer.finished()


def test_a_cluster_that_asks_to_wait_an_hour_is_not_waited_for(tmp_path, monkeypatch):
    """Waiting that long would exceed the sweep's own limit, and nobody would know why."""
    with proxied("http://127.0.0.1:1") as proxy:
        monkeypatch.setattr("infra.emulators.proxy.PAGE", Answer(status=429, headers={"Retry-After": "3600"}))
        monkeypatch.setattr("urllib3.util.retry.time", SimpleNamespace(sleep=pytest.fail))
        proxy.interfere()
        contexts = {"contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}], "current-context": "here"}
        user = {"name": "u", "user": {"token": "t"}}
        clusters_and_users = {"clusters": [{"name": "c", "cluster": {"server": proxy.endpoint}}], "users": [user]}
        file = tmp_path / "config"
        file.write_text(json.dumps({**contexts, **clusters_and_users}))
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(file))
        api = batch.__wrapped__("here")
        with pytest.raises(ServiceError, match=r"listing the jobs of .* failed: 429"):
            KubernetesTrainer(lambda: api, NAMESPACE).finished()
        api.api_client.close()


def test_a_name_that_was_started_before_starts_nothing(kubernetes_trainer, kubernetes_cluster):
    kubernetes_trainer.launch(NAME, JOB)
    first_job = kubernetes_cluster.jobs[NAMESPACE, NAME]
    kubernetes_trainer.launch(NAME, {**JOB, "image": "registry/train:2"})
    assert kubernetes_cluster.jobs == {(NAMESPACE, NAME): first_job}
    assert kubernetes_cluster.faults.calls == ["create_job", "create_job"]


def test_text_that_looks_like_a_variable_arrives_unexpanded(kubernetes_trainer, kubernetes_cluster):
    job = {
        **JOB,
        "arguments": ["--keep", "^(a|b)$$", "--as", "$(FEDERATION_JOB_NAME)", "--cost", "$5"],
        "teacher": "$$",
    }
    kubernetes_trainer.launch(NAME, job)
    environment, arguments = kubernetes_cluster.seen(NAMESPACE, NAME)
    assert asked(environment, []).job == job
    assert arguments == job["arguments"]


def test_a_complete_job_is_finished_and_has_its_artifact(kubernetes_trainer, kubernetes_cluster):
    kubernetes_trainer.launch(NAME, {**JOB, "output": OUTPUT})
    assert kubernetes_trainer.finished() == []
    kubernetes_cluster.finish(NAMESPACE, NAME)
    (finished,) = kubernetes_trainer.finished()
    resource = f"kubernetes://{NAMESPACE}/{NAME}"
    completed_at = kubernetes_cluster.jobs[NAMESPACE, NAME]["status"]["completionTime"]
    assert finished == {
        "provider": "kubernetes",
        "resource": resource,
        "artifact_uri": f"{OUTPUT}/{NAME}/",
        "completed_at": completed_at,
        "dedupe_key": f"kubernetes|{resource}|Complete",
    }
    assert kubernetes_trainer.artifact(resource) == finished["artifact_uri"]


def test_a_failed_job_says_why_and_has_no_artifact(kubernetes_trainer, kubernetes_cluster):
    kubernetes_trainer.launch(NAME, {**JOB, "output": OUTPUT})
    kubernetes_cluster.finish(NAMESPACE, NAME, "Failed")
    (finished,) = kubernetes_trainer.finished()
    assert finished["name"] == NAME
    assert finished["failure"] == "BackoffLimitExceeded: Job has reached the specified backoff limit"
    assert finished["dedupe_key"] == f"kubernetes|kubernetes://{NAMESPACE}/{NAME}|Failed"
    assert "artifact_uri" not in finished


def test_a_failure_without_a_time_has_the_time_of_its_job(kubernetes_trainer, kubernetes_cluster):
    # kubernetes/api batch/v1 types.go: of a JobCondition, all but its type and status is optional
    kubernetes_trainer.launch(NAME, JOB)
    job = kubernetes_cluster.jobs[NAMESPACE, NAME]
    job["status"] = {"conditions": [{"type": "FailureTarget", "status": "True"}, {"type": "Failed", "status": "True"}]}
    (finished,) = kubernetes_trainer.finished()
    assert (finished["completed_at"], finished["failure"]) == (
        job["metadata"]["creationTimestamp"],
        "Failed: no message",
    )


def test_a_foreign_job_is_never_listed_as_finished(kubernetes_trainer, kubernetes_cluster):
    foreign = job_of("somebody-elses", JOB, Placement())
    foreign["metadata"]["labels"] = {"app": "web"}
    kubernetes_cluster.jobs[NAMESPACE, "somebody-elses"] = foreign
    kubernetes_cluster.finish(NAMESPACE, "somebody-elses")
    assert kubernetes_trainer.finished() == []


def test_a_job_without_an_output_has_no_artifact(kubernetes_trainer, kubernetes_cluster):
    kubernetes_trainer.launch(NAME, JOB)
    kubernetes_cluster.finish(NAMESPACE, NAME)
    (finished,) = kubernetes_trainer.finished()
    assert "artifact_uri" not in finished
    assert kubernetes_trainer.artifact(finished["resource"]) is None


@pytest.mark.parametrize("resource", ["kubernetes://training/unknown", "kubernetes://other/a", "hf://models/acme/a"])
def test_a_resource_that_is_not_a_job_here_has_no_artifact(kubernetes_trainer, resource):
    assert kubernetes_trainer.artifact(resource) is None


def test_finished_jobs_are_listed_over_many_pages(kubernetes_trainer, kubernetes_cluster):
    names = [f"embedder-{number:03d}" for number in range(PAGE + 5)]
    for name in names:
        kubernetes_cluster.jobs[NAMESPACE, name] = job_of(name, JOB, Placement())
        kubernetes_cluster.finish(NAMESPACE, name)
    listed = [finished["resource"].rpartition("/")[2] for finished in kubernetes_trainer.finished()]
    assert listed == names
    assert kubernetes_cluster.faults.calls == ["list_jobs", "list_jobs"]


def test_a_job_that_the_cluster_finds_malformed_is_a_fault_of_the_policy(kubernetes_trainer):
    with pytest.raises(ContractError, match=r"422 Invalid: Job\.batch \"Not_A_Name\" is invalid"):
        kubernetes_trainer.launch("Not_A_Name", JOB)


def test_a_refusal_of_the_cluster_is_reported_in_its_words(kubernetes_trainer, kubernetes_cluster):
    kubernetes_cluster.faults.refuse("create_job", 403)
    with pytest.raises(ServiceError, match=f"creating job {NAME} in {NAMESPACE} failed: 403 Forbidden"):
        kubernetes_trainer.launch(NAME, JOB)
    kubernetes_cluster.faults.refuse("list_jobs", 500)
    with pytest.raises(ServiceError, match=r"listing the jobs of training failed: 500"):
        kubernetes_trainer.finished()
    kubernetes_cluster.faults.refuse("read_job", 401)
    with pytest.raises(ServiceError, match="reading job a in training failed: 401"):
        kubernetes_trainer.artifact("kubernetes://training/a")


@pytest.fixture
def cluster_answering(monkeypatch):
    """Makes the trainer of a cluster that answers every request with this status and message."""
    from kubernetes import client

    with proxied("http://127.0.0.1:1") as proxy, client.ApiClient(client.Configuration(host=proxy.endpoint)) as api:
        proxy.interfere()

        def trainer_of(code, reason, message):
            status = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
            page = Answer(status=code, body=json.dumps(status).encode(), headers={"Content-Type": "application/json"})
            monkeypatch.setattr("infra.emulators.proxy.PAGE", page)
            return KubernetesTrainer(lambda: client.BatchV1Api(api), NAMESPACE)

        yield trainer_of


def test_a_used_up_quota_is_a_lack_of_capacity_but_a_denial_is_not(cluster_answering):
    """The first is placed elsewhere; the second needs a right."""
    message = (
        f'jobs.batch "{NAME}" is forbidden: exceeded quota: jobs, requested: count/jobs.batch=1, '
        "used: count/jobs.batch=200, limited: count/jobs.batch=200"
    )
    with pytest.raises(CapacityError, match=r"403 Forbidden: .* exceeded quota: jobs"):
        cluster_answering(403, "Forbidden", message).launch(NAME, JOB)
    with pytest.raises(ServiceError) as error:
        cluster_answering(403, "Forbidden", f'jobs.batch is forbidden: User "launch" cannot create {NAME}').launch(
            NAME, JOB
        )
    assert not isinstance(error.value, CapacityError)


def test_a_conflict_of_quotas_is_not_taken_for_a_started_job(cluster_answering):
    """The server counts jobs in the quota object; of two concurrent ones, one gets the same status as a taken name."""
    message = 'Operation cannot be fulfilled on resourcequotas "jobs": the object has been modified'
    with pytest.raises(ServiceError, match="409 Conflict: Operation cannot be fulfilled"):
        cluster_answering(409, "Conflict", message).launch(NAME, JOB)


def test_an_answer_of_another_shape_is_a_failure(kubernetes_trainer, kubernetes_cluster):
    kubernetes_cluster.jobs[NAMESPACE, NAME] = {"metadata": {"labels": {"federation_job": NAME}}, "spec": {}}
    with pytest.raises(ServiceError, match=r"listing the jobs of training failed: ValidationError"):
        kubernetes_trainer.finished()


def test_a_lost_answer_is_a_failure_and_the_next_delivery_finds_the_job(kubernetes_trainer, kubernetes_cluster):
    kubernetes_cluster.faults.lose("create_job")
    with pytest.raises(ServiceError, match="creating job"):
        kubernetes_trainer.launch(NAME, JOB)
    kubernetes_trainer.launch(NAME, JOB)
    assert list(kubernetes_cluster.jobs) == [(NAMESPACE, NAME)]


def service_and_owner(cluster):
    """The only service, and its owner."""
    (service,) = cluster.services.values()
    (owner,) = service["metadata"]["ownerReferences"]
    return service, owner


def test_several_machines_get_a_service_that_is_deleted_with_their_job(kubernetes_trainer, kubernetes_cluster):
    kubernetes_trainer.launch(NAME, {**JOB, "count": 2})
    _, owner = service_and_owner(kubernetes_cluster)
    assert owner["uid"] == kubernetes_cluster.jobs[NAMESPACE, NAME]["metadata"]["uid"]
    assert kubernetes_cluster.faults.calls == ["create_job", "create_service"]
    kubernetes_cluster.expire(NAMESPACE, NAME)
    assert (kubernetes_cluster.jobs, kubernetes_cluster.services) == ({}, {})


def test_one_machine_gets_no_service(kubernetes_trainer, kubernetes_cluster):
    kubernetes_trainer.launch(NAME, {**JOB, "count": 1})
    assert kubernetes_cluster.faults.calls == ["create_job"]


def test_a_job_of_several_machines_starts_once_also_after_a_redelivery(kubernetes_trainer, kubernetes_cluster):
    kubernetes_trainer.launch(NAME, {**JOB, "count": 2})
    first_service = service_and_owner(kubernetes_cluster)
    kubernetes_trainer.launch(NAME, {**JOB, "count": 2})
    assert service_and_owner(kubernetes_cluster) == first_service
    assert list(kubernetes_cluster.jobs) == [(NAMESPACE, NAME)]
    assert kubernetes_cluster.faults.calls[2:] == ["create_job", "read_job", "create_service", "read_service"]


@pytest.mark.parametrize("operation", ["create_job", "create_service"])
@pytest.mark.parametrize("fault", ["refuse", "lose", "act_and_refuse"])
def test_what_an_interrupted_launch_lacks_is_created_by_the_next(
    kubernetes_trainer, kubernetes_cluster, operation, fault
):
    arguments = (operation,) if fault == "lose" else (operation, 503)
    getattr(kubernetes_cluster.faults, fault)(*arguments)
    with pytest.raises(ServiceError, match="creating"):
        kubernetes_trainer.launch(NAME, {**JOB, "count": 2})
    kubernetes_trainer.launch(NAME, {**JOB, "count": 2})
    _, owner = service_and_owner(kubernetes_cluster)
    assert owner["uid"] == kubernetes_cluster.jobs[NAMESPACE, NAME]["metadata"]["uid"]


def test_a_launch_waits_until_an_earlier_jobs_service_is_gone(kubernetes_trainer, kubernetes_cluster):
    kubernetes_cluster.services[NAMESPACE, NAME] = meeting.service_of(NAME, "of-an-earlier-job")
    with pytest.raises(ServiceError, match=f"kubectl delete service {NAME} --namespace {NAMESPACE}"):
        kubernetes_trainer.launch(NAME, {**JOB, "count": 2})
    kubernetes_cluster.services.clear()
    kubernetes_trainer.launch(NAME, {**JOB, "count": 2})
    assert service_and_owner(kubernetes_cluster)[1]["name"] == NAME


def test_a_service_without_an_owner_is_not_the_jobs(kubernetes_trainer, kubernetes_cluster):
    kubernetes_cluster.services[NAMESPACE, NAME] = {"metadata": {"name": NAME}}
    with pytest.raises(ServiceError, match="does not belong to the job"):
        kubernetes_trainer.launch(NAME, {**JOB, "count": 2})


def test_a_denied_service_is_reported_in_the_clusters_words(kubernetes_trainer, kubernetes_cluster):
    kubernetes_cluster.faults.refuse("create_service", 403)
    with pytest.raises(ServiceError, match=f"creating the service of job {NAME} in {NAMESPACE} failed: 403 Forbidden"):
        kubernetes_trainer.launch(NAME, {**JOB, "count": 2})


def test_a_job_whose_machines_cannot_be_named_is_not_started(kubernetes_trainer, kubernetes_cluster):
    with pytest.raises(ContractError, match="asks for 2 machines"):
        kubernetes_trainer.launch("a" * 62, {**JOB, "count": 2})
    assert kubernetes_cluster.faults.calls == []


def test_every_context_of_the_kubeconfig_can_be_used(kubernetes_cluster, tmp_path, monkeypatch):
    config = tmp_path / "config"
    config.write_text(
        f"""
apiVersion: v1
kind: Config
clusters: [{{name: premises, cluster: {{server: "{kubernetes_cluster.endpoint}"}}}}]
users: [{{name: trainer, user: {{token: t}}}}]
contexts: [{{name: on-premises, context: {{cluster: premises, user: trainer}}}}]
"""
    )
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(config))
    client = batch("on-premises")
    KubernetesTrainer(lambda: client, "gpu").launch(NAME, JOB)
    assert list(kubernetes_cluster.jobs) == [("gpu", NAME)]
    client.api_client.close()
    batch.cache_clear()
