# SPDX-License-Identifier: Apache-2.0
"""A person asks for a training job, and it starts where the policy says, or is told why not."""

import msgspec
import pytest

WHO = ("--who", "eva", "--why", "the index is a month old")
JOB = {"platform": "gcp", "image": "json.tool", "arguments": ["--help"], "after_rollback": False}


@pytest.fixture
def home(tmp_path, federation, examples):
    """A home whose policy knows one job."""
    policy = msgspec.json.decode((examples / "policy.json").read_bytes())
    (tmp_path / "policy.json").write_bytes(msgspec.json.encode({**policy, "jobs": {"embedder": JOB}}))
    federation("init", "--policy", tmp_path / "policy.json", "--folder", tmp_path / "home")
    return tmp_path / "home"


def test_a_job_that_the_policy_knows_starts_and_can_be_explained(federation, home):
    answer = federation("train", "embedder", *WHO, "--folder", home, "--json")
    assert answer.code == 0
    (name,) = [
        document.removeprefix("jobs/") for document in answer.json[0]["documents"] if document.startswith("jobs/")
    ]
    assert "LAUNCHED" in federation("explain", name, "--folder", home).out


def test_a_job_that_the_policy_does_not_know_is_missing_with_what_to_add(federation, home):
    answer = federation("train", "retrieval-eval", *WHO, "--folder", home)
    assert answer.code == 3
    assert "; it has jobs for embedder\n" in answer.err
    assert "Add one under jobs.retrieval-eval" in answer.err
    assert federation("explain", "launch", "--folder", home).code == 3
