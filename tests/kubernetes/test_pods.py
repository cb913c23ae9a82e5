# SPDX-License-Identifier: Apache-2.0
"""How a job's pods ended says why it failed, in the last words that its container left."""

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
    """Without what an earlier test left; one job runs."""
    served_pods.held.clear()
    served_pods.asked.clear()
    served_pods.cluster.jobs.clear()
    served_pods.refusal = 0
    return served_pods


@pytest.fixture
def trainer(pods):
    from kubernetes import client

    with client.ApiClient(client.Configuration(host=pods.cluster.endpoint)) as api:
        found = KubernetesTrainer(lambda: client.BatchV1Api(api), NAMESPACE)
        found.launch(NAME, JOB)
        yield found
        api.rest_client.pool_manager.clear()


def failed(pods, trainer, reason="BackoffLimitExceeded", message=LIMIT):
    """What the sweep is told once the job's controller gave it up."""
    pods.cluster.finish(NAMESPACE, NAME, "Failed", message)
    pods.cluster.jobs[NAMESPACE, NAME]["status"]["conditions"][0]["reason"] = reason
    (told,) = trainer.finished()
    return told["failure"]


def test_a_job_that_a_rule_ended_is_configured_wrong_and_says_its_sentence(pods, trainer):
    pods.leave(NAME, 42, "the data set is empty\n")
    told = failed(pods, trainer, "PodFailurePolicy", BY_RULE)
    assert told == f"configured wrong: PodFailurePolicy: {BY_RULE}: the data set is empty"
    assert pods.asked == [f"federation_job={NAME}"]


def test_of_many_pods_the_one_that_is_configured_wrong_speaks(pods, trainer):
    pods.leave(NAME, 42, "the data set is empty", at="2026-11-22T05:00:00Z")
    pods.leave(NAME, 1, "the peer is gone", at="2026-11-22T05:00:01Z")
    assert failed(pods, trainer, "PodFailurePolicy", BY_RULE).endswith(": the data set is empty")


@pytest.mark.parametrize(("code", "cause"), [(143, "interruption"), (1, "unknown"), (137, "unknown")])
def test_else_the_last_attempt_tells_the_cause(pods, trainer, code, cause):
    pods.leave(NAME, code, "the last", at="2026-11-22T05:02:00Z")
    pods.leave(NAME, 1, "the first", at="2026-11-22T05:01:00Z")
    told = failed(pods, trainer)
    assert cause_of(told) == cause
    assert told.endswith(f"BackoffLimitExceeded: {LIMIT}: the last")


def test_a_pod_that_never_ran_ended_well_or_is_not_ours_says_nothing(pods, trainer):
    pods.begin(NAME)
    pods.leave(NAME, 0)
    pods.leave(NAME, 42, "not ours", container="proxy")
    assert failed(pods, trainer) == f"BackoffLimitExceeded: {LIMIT}"


@pytest.mark.parametrize("refusal", [403, 404])
def test_who_may_not_look_at_pods_has_the_conditions_words(pods, trainer, refusal):
    pods.refusal = refusal
    pods.leave(NAME, 42, "the data set is empty")
    told = failed(pods, trainer, "PodFailurePolicy", BY_RULE)
    assert told == f"configured wrong: PodFailurePolicy: {BY_RULE}"


def test_a_cluster_that_fails_is_asked_again_another_time(pods, trainer):
    pods.refusal = 500
    with pytest.raises(ServiceError, match=f"listing the pods of job {NAME} in {NAMESPACE} failed: 500"):
        failed(pods, trainer)


def test_last_words_without_end_are_cut(pods, trainer):
    pods.leave(NAME, 1, "x" * 5000)
    assert failed(pods, trainer).endswith(": " + "x" * 1024)


def test_a_job_that_ended_well_has_no_pod_asked(pods, trainer):
    pods.cluster.finish(NAMESPACE, NAME)
    assert len(trainer.finished()) == 1
    assert pods.asked == []
