# SPDX-License-Identifier: Apache-2.0
"""A failed job's reason comes from its pods' termination messages and exit codes."""

import pytest
from tests.kubernetes.pods import serving

from federation.core.failure import cause_of
from federation.errors import ServiceError
from federation.kubernetes.trainer import KubernetesTrainer

JOB = {"platform": "kubernetes", "image": "registry/train:1", "arguments": [], "kind": "embedder"}
NAMESPACE, NAME = "training", "embedder-0123456789ab"
BY_RULE = f"Container job for pod {NAMESPACE}/{NAME}-abcde failed with exit code 42 matching FailJob rule at index 0"
LIMIT = "Job has reached the specified backoff limit"


@pytest.fixture(scope="module")
def served_pods():
    with serving() as pods:
        yield pods


@pytest.fixture
def pods(served_pods):
    """The pods, without those of earlier tests."""
    served_pods.held.clear()
    served_pods.asked.clear()
    served_pods.cluster.jobs.clear()
    served_pods.refusal = 0
    return served_pods


@pytest.fixture
def trainer(pods):
    from kubernetes import client

    with client.ApiClient(client.Configuration(host=pods.cluster.endpoint)) as api:
        trainer_ = KubernetesTrainer(lambda: client.BatchV1Api(api), NAMESPACE)
        trainer_.launch(NAME, JOB)
        yield trainer_
        api.rest_client.pool_manager.clear()


def failure_of(pods, trainer, reason="BackoffLimitExceeded", message=LIMIT):
    """The failure that the sweep finds once the job's controller has given up."""
    pods.cluster.finish(NAMESPACE, NAME, "Failed", message)
    pods.cluster.jobs[NAMESPACE, NAME]["status"]["conditions"][0]["reason"] = reason
    (finished,) = trainer.finished()
    return finished["failure"]


def test_a_job_that_a_rule_ended_shows_the_containers_message(pods, trainer):
    pods.leave(NAME, 42, "the data set is empty\n")
    failure = failure_of(pods, trainer, "PodFailurePolicy", BY_RULE)
    assert failure == f"configured wrong: PodFailurePolicy: {BY_RULE}: the data set is empty"
    assert pods.asked == [f"federation_job={NAME}"]


def test_of_many_pods_the_one_with_exit_code_42_gives_the_message(pods, trainer):
    pods.leave(NAME, 42, "the data set is empty", finished_at="2026-11-22T05:00:00Z")
    pods.leave(NAME, 1, "the peer is gone", finished_at="2026-11-22T05:00:01Z")
    assert failure_of(pods, trainer, "PodFailurePolicy", BY_RULE).endswith(": the data set is empty")


@pytest.mark.parametrize(("code", "cause"), [(143, "interruption"), (1, "unknown"), (137, "unknown")])
def test_otherwise_the_last_attempt_gives_the_cause(pods, trainer, code, cause):
    pods.leave(NAME, code, "the last", finished_at="2026-11-22T05:02:00Z")
    pods.leave(NAME, 1, "the first", finished_at="2026-11-22T05:01:00Z")
    failure = failure_of(pods, trainer)
    assert cause_of(failure) == cause
    assert failure.endswith(f"BackoffLimitExceeded: {LIMIT}: the last")


def test_pods_that_waited_succeeded_or_are_foreign_give_no_message(pods, trainer):
    pods.begin(NAME)
    pods.leave(NAME, 0)
    pods.leave(NAME, 42, "not ours", container="proxy")
    assert failure_of(pods, trainer) == f"BackoffLimitExceeded: {LIMIT}"


@pytest.mark.parametrize("refusal", [403, 404])
def test_without_the_right_to_list_pods_the_jobs_condition_is_shown(pods, trainer, refusal):
    pods.refusal = refusal
    pods.leave(NAME, 42, "the data set is empty")
    failure = failure_of(pods, trainer, "PodFailurePolicy", BY_RULE)
    assert failure == f"configured wrong: PodFailurePolicy: {BY_RULE}"


def test_a_failure_of_the_cluster_is_not_taken_for_the_jobs(pods, trainer):
    pods.refusal = 500
    with pytest.raises(ServiceError, match=f"listing the pods of job {NAME} in {NAMESPACE} failed: 500"):
        failure_of(pods, trainer)


def test_a_long_termination_message_is_cut(pods, trainer):
    pods.leave(NAME, 1, "x" * 5000)
    assert failure_of(pods, trainer).endswith(": " + "x" * 1024)


def test_pods_of_a_successful_job_are_not_listed(pods, trainer):
    pods.cluster.finish(NAMESPACE, NAME)
    assert len(trainer.finished()) == 1
    assert pods.asked == []
