# SPDX-License-Identifier: Apache-2.0
"""Which real accounts may tests use? Those that FEDERATION_TEST_* variables name; CONTRIBUTING.md has the table.

A service ends jobs and delivers messages in its own time: `until` waits for it. Nothing else in the tests waits.
"""

import json
import os
import time
import uuid

import pytest

ACCOUNTS = {
    "FEDERATION_TEST_S3": "the name of a bucket that tests may write to",
    "FEDERATION_TEST_GCS": "the name of a bucket that tests may write to",
    "FEDERATION_TEST_EVENTBRIDGE": '{"bus", "queue"}: a bus of its own, and the queue into which a rule puts all of it',
    "FEDERATION_TEST_SQS": "what the names of queues begin with that tests may make and delete",
    "FEDERATION_TEST_PUBSUB": "a project in which tests may make and delete topics and subscriptions",
    "FEDERATION_TEST_HUB": "a user or an organisation in which tests may make and delete repositories",
    "FEDERATION_TEST_SAGEMAKER_ENDPOINT": "the name of an endpoint with two variants that tests may shift",
    "FEDERATION_TEST_VERTEX_ENDPOINT": "the resource name of an endpoint with two models that tests may shift",
    "FEDERATION_TEST_SAGEMAKER_JOBS": '{"role", "image", "output"}: what tests may run jobs with',
    "FEDERATION_TEST_VERTEX_JOBS": '{"project", "region", "image", "output"}: what tests may run jobs with',
    "FEDERATION_TEST_HUB_JOBS": "a user or an organisation that pays for jobs, and may have repositories made and deleted",
    "FEDERATION_TEST_KUBERNETES": '{"context", "namespace", "image"}: where tests may run jobs',
}
"""What each variable says: a name, or a JSON object with these keys."""

VARIABLES = {
    "s3_account_store": "FEDERATION_TEST_S3",
    "s3_account_shelf": "FEDERATION_TEST_S3",
    "gcs_account_store": "FEDERATION_TEST_GCS",
    "gcs_account_shelf": "FEDERATION_TEST_GCS",
    "eventbridge_account_line": "FEDERATION_TEST_EVENTBRIDGE",
    "pubsub_account_line": "FEDERATION_TEST_PUBSUB",
    "pubsub_account_letterbox": "FEDERATION_TEST_PUBSUB",
    "sqs_account_letterbox": "FEDERATION_TEST_SQS",
    "hub_account_shelf": "FEDERATION_TEST_HUB",
    "hub_account_registry": "FEDERATION_TEST_HUB",
    "sagemaker_account_traffic": "FEDERATION_TEST_SAGEMAKER_ENDPOINT",
    "vertex_account_traffic": "FEDERATION_TEST_VERTEX_ENDPOINT",
    "vertex_account_unshifted": "FEDERATION_TEST_VERTEX_ENDPOINT",
    "sagemaker_account_jobs": "FEDERATION_TEST_SAGEMAKER_JOBS",
    "vertex_account_jobs": "FEDERATION_TEST_VERTEX_JOBS",
    "hub_account_jobs": "FEDERATION_TEST_HUB_JOBS",
    "kubernetes_account_jobs": "FEDERATION_TEST_KUBERNETES",
}
"""Which one a backend of a port needs."""


def need(backend):
    """Skip the test, and say what it needs, unless the backend's variable is set."""
    variable = VARIABLES[backend]
    if not os.environ.get(variable):
        pytest.skip(f"needs a real account: set {variable} to {ACCOUNTS[variable]}")


def named(variable):
    """What the variable says."""
    return os.environ[variable]


def described(variable, *needed):
    """The JSON object that the variable says, which has at least these keys."""
    found = json.loads(os.environ[variable])
    if lacking := [key for key in needed if key not in found]:
        pytest.fail(f"{variable} lacks {', '.join(lacking)}; add them", pytrace=False)
    return found


def unique():
    """A name of this test's own for what it makes in the account."""
    return f"federation-test-{uuid.uuid4().hex[:12]}"


def until(look, seconds=1200.0, pause=2.0):
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"the service took longer than {seconds:.0f} s")
        time.sleep(pause)
    return found
